"""The log's keys and guard, as people at the server look after them."""

import os
from datetime import datetime

from minjing.kernel.ledger.actions.sequence import CHECKPOINT, Doubt
from minjing.kernel.ledger.providers import folder, guard, keys
from minjing.kernel.ledger.providers.guard import BadGuard, Guard
from minjing.kernel.ledger.providers.policy import policy_text
from minjing.kernel.ledger.rules.note import BadNote, Signer, open_note, parse_claim


def initialise(now: datetime) -> list[str]:
    """Make the keys that are missing, publish the list of public keys and the policy; return a line for each."""
    keys.publish_history(now)
    publish_policy()
    return [f"{role} {key}" for role, key in keys.history()]


def publish_policy() -> None:
    """Put the policy beside the keys: who checks a receipt needs both."""
    text = policy_text().encode("utf-8", errors="surrogateescape")
    if text and folder.read("keys/policy.txt") != text:
        folder.replace("keys/policy.txt", text)


def set_guard(now: datetime) -> int:
    """Set the guard to the published head and return its size; for when the guard was lost, never to go back.

    Raises Doubt if the guard is whole and stands further than what is published.
    """
    text = folder.read(CHECKPOINT)
    if text is None:
        raise Doubt("Nothing is published; there is no head to set the guard to.")
    try:
        claim = parse_claim(open_note(text.decode(), keys.verifiers()))
    except (BadNote, UnicodeDecodeError) as bad:
        raise Doubt(f"The published checkpoint is not valid: {bad}") from None
    try:
        bound = guard.read()
    except BadGuard:
        bound = None
        guard.path().replace(guard.path().with_suffix(".damaged"))
    if bound and bound.size >= claim.size:
        raise Doubt(f"The guard stands at {bound.size:,} and is whole. It never goes back.")
    guard.advance(bound, Guard(claim.size, claim.root, now))
    return claim.size


def new_log_key() -> Signer:
    """Return a fresh key under the log's name."""
    return Signer(keys.origin(), os.urandom(32))
