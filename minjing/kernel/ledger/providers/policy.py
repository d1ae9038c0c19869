"""The city's policy: which log is ours and which witnesses must have seen a checkpoint before it is published."""

from pathlib import Path

from django.conf import settings

from minjing.kernel.ledger.providers.keys import verifier
from minjing.kernel.ledger.rules.policy import BadPolicy, Log, Policy, parse_policy

_read: tuple[int, Policy] | None = None  # the file as it was when last read, by its time of change


def policy() -> Policy:
    """Return the policy; a city that has named none believes its own log alone, without witnesses.

    Raises BadPolicy if the file cannot be read: a log that meant to be witnessed must not go on without.
    """
    global _read
    path = Path(settings.LEDGER_POLICY)
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        return _alone(path)
    if _read is None or _read[0] != changed:
        _read = (changed, parse_policy(policy_text()))
    return _read[1]


def policy_text() -> str:
    """Return the policy as it is published, empty where the city has none."""
    path = Path(settings.LEDGER_POLICY)
    return path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""


def _alone(path: Path) -> Policy:
    if path != settings.DATA_DIR / "keys" / "policy.txt":
        raise BadPolicy(f"LEDGER_POLICY names {path}, but there is no such file.")
    own = verifier()
    return Policy(logs=(Log(own),) if own else ())
