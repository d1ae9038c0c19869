"""An accident as its parties see it on their phones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import yaml

from minjing.base.clock import CHINA
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Unknown
from minjing.kernel.identity.sealing import blind_index
from minjing.kernel.matters import queries as matters
from minjing.modules.traffic.models import Accident, AccidentParty, AccidentPhoto
from minjing.modules.traffic.rules.settlement import Situation, words

FILE = Path(__file__).parents[1] / "data" / "accidents.yaml"


@dataclass(frozen=True, slots=True)
class Scene:
    """An accident with both sides, from the side of one of them."""

    row: Accident
    mine: AccidentParty
    other: AccidentParty | None
    photos: Mapping[str, list[AccidentPhoto]]  # by side

    @property
    def both_sent(self) -> bool:
        """Say whether each side has sent as many photos as the settlement asks: from then on each sees both sets."""
        return self.other is not None and all(len(kept) >= photos_least() for kept in self.photos.values())

    @property
    def words(self) -> str:
        """Return the words to sign, "" before one side has said what happened."""
        if not self.row.situation:
            return ""
        return signed_words(self.row, {p.side: p.plate for p in (self.mine, self.other) if p is not None})


@cache
def _file() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


@cache
def situations() -> Mapping[str, Situation]:
    """Return the nine situations by key, in the order of the form."""
    return {row["key"]: Situation(**row) for row in _file()["situations"]}


def code_minutes() -> int:
    """Return for how long the other phone may join."""
    minutes: int = _file()["code_minutes"]
    return minutes


def photos_least() -> int:
    """Return how many photos each side takes before anything is signed."""
    least: int = _file()["photos_least"]
    return least


def determine_days() -> int:
    """Return within how many working days an officer determines it (事故处理程序规定 art. 62)."""
    days: int = _file()["determine_days"]
    return days


def index_of(code: str) -> bytes:
    """Return by what a code is found."""
    return blind_index("traffic_accident", code.strip().upper().replace("-", "").replace(" ", ""))


def scene(accident_id: UUID, by: Actor) -> Scene:
    """Return an accident to one of its parties. Raises Unknown for everybody else."""
    row = Accident.objects.filter(pk=accident_id).first()
    parties = list(AccidentParty.objects.filter(accident_id=accident_id).order_by("side")) if row else []
    mine = next((p for p in parties if by.person_id is not None and p.person_id == by.person_id), None)
    if row is None or mine is None:
        raise Unknown
    photos: dict[str, list[AccidentPhoto]] = {p.side: [] for p in parties}
    sides = {p.pk: p.side for p in parties}
    for photo in AccidentPhoto.objects.filter(accident=row).order_by("taken_at", "id"):
        photos[sides[photo.party_id]].append(photo)
    return Scene(row, mine, next((p for p in parties if p.pk != mine.pk), None), photos)


def districts() -> list[matters.UnitFacts]:
    """Return the branches of the city: each has the accidents of its district."""
    return sorted((u for u in matters.units().values() if u.level == "branch"), key=lambda unit: unit.code)


def district(org_id: int) -> int:
    """Return the district of an accident as it was named, 0 where there is no such one: nobody knows then."""
    return org_id if org_id in {unit.org_id for unit in districts()} else 0


def mine(by: Actor) -> list[Accident]:
    """Return the accidents one was in, the latest first."""
    if by.person_id is None:
        return []
    return list(Accident.objects.filter(parties__person_id=by.person_id).order_by("-opened_at")[:20])


def signed_words(row: Accident, parties: Mapping[str, str]) -> str:
    """Return the words that both sign, from what the register holds."""
    happened = row.happened_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    return words(row.number, row.situation, row.at_fault, row.place, happened, parties)


def file_holders(file_ids: Sequence[UUID]) -> Mapping[UUID, Literal["matter", "draft"]]:
    """Say which files are photos of an accident: they are kept with it."""
    rows = AccidentPhoto.objects.filter(file_id__in=list(file_ids)).values_list("file_id", flat=True)
    return dict.fromkeys(rows, "matter")
