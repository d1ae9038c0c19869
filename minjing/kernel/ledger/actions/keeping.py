"""The log's keys and guard, as people at the server look after them."""

import os
from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.kernel.ledger.actions.append import append, entry
from minjing.kernel.ledger.actions.sequence import CHECKPOINT, Doubt
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.ledger.providers import folder, guard, keys
from minjing.kernel.ledger.providers.guard import BadGuard, Guard
from minjing.kernel.ledger.providers.policy import policy_text
from minjing.kernel.ledger.rules.note import BadNote, Signer, open_note, parse_claim, parse_signer


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


NEXT_KEY = "ledger.key.next"  # proposed, not yet in use
PROPOSED, ROTATED = "ledger:key:proposed", "ledger:key:rotated"


class CannotRotate(RuntimeError):
    """The key is not replaced; the message says why."""


@transaction.atomic
def propose_key(by: UUID, now: datetime) -> str:
    """Make the key that is to follow, as the first of two people; return its public half for the witnesses.

    A proposal made before is dropped. The caller has checked who `by` is.
    """
    new = Signer(keys.origin(), os.urandom(32))
    keys.keep_secret(NEXT_KEY, new.secret_text())
    append(entry(PROPOSED, {"by": by, "key": str(new.verifier)}, at=now))
    return str(new.verifier)


@transaction.atomic
def confirm_key(by: UUID, now: datetime) -> str:
    """Put the proposed key into use, as the second of two people; return its public half.

    Who proposed it stands in the ledger, not beside the key. Raises CannotRotate. If we crash after the commit and
    before the file is in place, the entry stands and confirming again completes it; nothing was signed meanwhile.
    """
    text = keys.secret(NEXT_KEY)
    if text is None:
        raise CannotRotate("Nobody has proposed a key.")
    new, old = parse_signer(text), keys.signer()
    proposal = _proposal(str(new.verifier))
    if proposal is None:
        raise CannotRotate("The proposed key does not stand in the ledger. Propose a new one.")
    proposer, proposed = proposal
    if proposer == by:
        raise CannotRotate("It takes a second person: whoever proposed the key cannot confirm it.")
    said = {"by": by, "proposed": proposed, "old": str(old.verifier), "new": str(new.verifier)}
    append(entry(ROTATED, said, at=now))
    transaction.on_commit(lambda: _put_into_use(old, new, now))
    return str(new.verifier)


def _proposal(key: str) -> tuple[UUID | None, UUID] | None:
    """Return who proposed a key, and the entry that says so."""
    for row in Outbox.objects.filter(kind=PROPOSED).order_by("-xid", "-seq"):
        if (row.what or {}).get("key") == key:
            return row.actor_id, row.id
    return None


def _put_into_use(old: Signer, new: Signer, now: datetime) -> None:
    keys.publish_history(now)  # the old key first, should it not stand there yet: its checkpoints must stay valid
    keys.replace_log_key(old.verifier, new)
    keys.publish_history(now)
    keys.forget_secret(NEXT_KEY)
