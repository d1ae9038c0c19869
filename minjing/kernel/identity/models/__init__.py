"""The tables of identity. Personal fields are sealed; look-ups go through blind indexes."""

from minjing.kernel.identity.models.levels import Check, CheckPicture, Door, Evidence, PhoneStop, Recovery
from minjing.kernel.identity.models.mandates import Mandate
from minjing.kernel.identity.models.people import (
    Account,
    AccountManager,
    ApiToken,
    Appointment,
    Erasure,
    HiddenLook,
    HiddenTally,
    LookNote,
    Person,
    PersonKey,
    PhoneCode,
    Post,
    Session,
    Tally,
    Unit,
)

__all__ = [
    "Account",
    "AccountManager",
    "ApiToken",
    "Appointment",
    "Check",
    "CheckPicture",
    "Door",
    "Erasure",
    "Evidence",
    "HiddenLook",
    "HiddenTally",
    "LookNote",
    "Mandate",
    "Person",
    "PersonKey",
    "PhoneCode",
    "PhoneStop",
    "Post",
    "Recovery",
    "Session",
    "Tally",
    "Unit",
]
