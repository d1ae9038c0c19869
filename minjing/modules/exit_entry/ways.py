"""What a resident can do next with a document: pure choices of words and services, none of them a rule of law."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Protocol

from minjing.kernel.identity.limits import Limit
from minjing.kernel.matters.schema import Text
from minjing.modules.exit_entry import rules

CURRENT = ("valid", "being_made", "expired", "lost")
HELD = ("valid", "being_made")
CABINET_TRIES = Limit(10, timedelta(minutes=10))  # wrong codes from one screen

FIRST: Mapping[str, str] = {"passport": "EX0002", "hk_macao": "EX0006", "taiwan": "EX0009"}
RENEW: Mapping[str, str] = {"passport": "EX0003", "hk_macao": "EX0007", "taiwan": "EX0009"}
REPLACE: Mapping[str, str] = {"passport": "EX0004", "hk_macao": "EX0007", "taiwan": "EX0009"}
ENDORSE: Mapping[str, str] = {"hk_macao": "EX0008", "taiwan": "EX0010"}
KINDS: Mapping[str, Text] = {
    "passport": Text(zh="办第一本护照", en="Apply for your first passport"),
    "hk_macao": Text(zh="办往来港澳通行证", en="Apply for a permit to Hong Kong and Macao"),
    "taiwan": Text(zh="办往来台湾通行证", en="Apply for a permit to Taiwan"),
}


class Shown(Protocol):
    """A document as the pages show it."""

    @property
    def kind(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def expires(self) -> date: ...
    @property
    def renew_from(self) -> date: ...


def standing(document: Shown, day: date) -> str:
    """Return how a document stands: plain, soon (it can be renewed), over, lost or making."""
    if document.state in ("lost", "being_made"):
        return "lost" if document.state == "lost" else "making"
    if document.state == "expired":
        return "over"
    return "soon" if day >= document.renew_from else "plain"


def next_steps(document: Shown, day: date) -> list[tuple[Text, str]]:
    """Return what makes sense now, the strongest first: words and the code of the service."""
    stands = standing(document, day)
    renew = (Text(zh="换发", en="Renew"), RENEW[document.kind])
    if stands == "lost":
        return [(Text(zh="申请补发", en="Apply for a new one"), REPLACE[document.kind])]
    if stands == "over":
        return [(Text(zh="重新申请", en="Apply anew"), FIRST[document.kind])]
    if stands == "making":
        return []
    again = Text(zh="再次申请签注", en="Apply for an endorsement again")
    usual = [(again, ENDORSE[document.kind])] if document.kind in ENDORSE else []
    return [renew, *usual] if stands == "soon" else usual


def first_ones(have: Iterable[str]) -> list[tuple[Text, str]]:
    """Return the documents one has not, with the service that makes the first."""
    return [(KINDS[kind], FIRST[kind]) for kind in rules.KINDS if kind not in set(have)]
