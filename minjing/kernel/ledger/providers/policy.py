"""The city's policy: which log is ours and which witnesses must have seen a checkpoint before it is published."""

from pathlib import Path

from django.conf import settings

from minjing.kernel.ledger.providers.keys import verifier
from minjing.kernel.ledger.rules.policy import BadPolicy, Policy, parse_policy

_read: tuple[str, Policy] | None = None  # the text as it was when last read


def policy() -> Policy:
    """Return the policy; a city that has named none believes its own log alone, without witnesses.

    Raises BadPolicy if the file cannot be read: a log that meant to be witnessed must not go on without.
    """
    global _read
    text = policy_text()
    if _read is None or _read[0] != text:
        _read = (text, parse_policy(text))
    return _read[1]


def policy_text() -> str:
    """Return the policy as it is published; raises BadPolicy if the file that the settings name is missing."""
    path = Path(settings.LEDGER_POLICY)
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        if path != settings.DATA_DIR / "keys" / "policy.txt":
            raise BadPolicy(f"LEDGER_POLICY names {path}, but there is no such file.") from None
    own = verifier()
    return f"log {own}\nquorum none\n" if own else "quorum none\n"
