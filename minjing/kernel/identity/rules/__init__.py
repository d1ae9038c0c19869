"""Pure decisions of identity: rights, and what becomes of a look."""

from minjing.kernel.identity.rules.looks import (
    HIDDEN_MAX,
    Tastes,
    drawn,
    may_hide,
    months_before,
    nonsense,
    pick_reviewer,
)
from minjing.kernel.identity.rules.rights import (
    ADMIN_ACTS,
    ADMINISTRATORS,
    AUDIT_ADMIN,
    DEPUTY_MAX,
    LOOK,
    SECURITY_ADMIN,
    SYSTEM_ADMIN,
    WORDS,
    Verdict,
    may,
    may_deputise,
    may_hold,
    may_look,
)

__all__ = [
    "ADMINISTRATORS",
    "ADMIN_ACTS",
    "AUDIT_ADMIN",
    "DEPUTY_MAX",
    "HIDDEN_MAX",
    "LOOK",
    "SECURITY_ADMIN",
    "SYSTEM_ADMIN",
    "WORDS",
    "Tastes",
    "Verdict",
    "drawn",
    "may",
    "may_deputise",
    "may_hide",
    "may_hold",
    "may_look",
    "months_before",
    "nonsense",
    "pick_reviewer",
]
