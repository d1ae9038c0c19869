"""The shapes of an accident that two phones settle."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from minjing.kernel.identity.actor import Actor
from minjing.modules.traffic.models import AccidentParty, AccidentPhoto
from minjing.modules.traffic.queries import accident_desk
from minjing.modules.traffic.queries import accidents as found
from minjing.modules.traffic.rules.plates import shown
from minjing.modules.traffic.rules.settlement import digest
from minjing.modules.traffic.views.api.door import NO_NUL
from minjing.portals.api.shapes import Shape, TextOut

PhotoView = Literal["front", "back", "contact", "whole"]
Plate = Annotated[str, Field(max_length=20)]


# ---- what comes in --------------------------------------------------------------------------------------


class AccidentBeginIn(BaseModel):
    """Where it happened, with which car, and whether two phones may settle it at all. The place is WGS-84."""

    place: str = Field(max_length=80, pattern=NO_NUL)
    plate: Plate
    injured: bool
    drunk: bool
    district: int = 0  # of `choices`; 0 where nobody knows
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)

    @property
    def spot(self) -> tuple[float, float] | None:
        """Return the place, if it is said whole."""
        return None if self.lat is None or self.lon is None else (self.lat, self.lon)


class AccidentJoinIn(BaseModel):
    """The code of the other phone, and one's own car."""

    code: str = Field(max_length=12)
    plate: Plate
    drunk: bool


class AccidentSayIn(BaseModel):
    """What happened, in own words."""

    said: str = Field(max_length=1_000)


class AccidentProposeIn(BaseModel):
    """One of the situations, and whose act it was; a situation of equal liability names nobody."""

    situation: str = Field(max_length=20)
    at_fault: Literal["", "a", "b"] = ""


class AccidentSignIn(BaseModel):
    """The digest of the words that were read."""

    digest: str = Field(max_length=64)


class AccidentToOfficerIn(BaseModel):
    """Why an officer has to see to it."""

    why: Literal["injured", "disagree"]


# ---- what goes out --------------------------------------------------------------------------------------


class AccidentSituationOut(Shape):
    """A situation; `both` lays equal liability on both sides."""

    key: str
    title: TextOut
    both: bool


class AccidentDistrictOut(Shape):
    """A district of the city."""

    id: int
    name: TextOut


class AccidentChoicesOut(Shape):
    """What may be said of an accident."""

    situations: list[AccidentSituationOut]
    districts: list[AccidentDistrictOut]
    photos_least: int

    @staticmethod
    def now() -> AccidentChoicesOut:
        return AccidentChoicesOut(
            situations=[AccidentSituationOut.model_validate(one) for one in found.situations().values()],
            districts=[
                AccidentDistrictOut(id=one.org_id, name=TextOut(**one.name.model_dump())) for one in found.districts()
            ],
            photos_least=found.photos_least(),
        )


class AccidentRowOut(Shape):
    """An accident in a list."""

    id: UUID
    number: str
    state: str  # open, joined, proposed, settled, with_officer, determined, withdrawn, lapsed
    place: str
    happened_at: datetime


class AccidentBegunOut(Shape):
    """What was begun: `why` an officer has it at once, or the code by which the other phone joins."""

    id: UUID
    number: str
    state: str
    why: str
    code: str


class AccidentPhotoOut(Shape):
    """A photo that one may see."""

    id: UUID
    view: str
    taken_at: datetime


class AccidentSideOut(Shape):
    """One side: a began, b joined. Photos of the other one are named once both have sent enough."""

    side: str
    plate: str
    liability: str  # full, main, equal, minor, none, unclear; "" before anything is said
    signed_at: datetime | None
    photo_count: int
    photos: list[AccidentPhotoOut]

    @staticmethod
    def of(party: AccidentParty, photos: list[AccidentPhoto], *, named: bool) -> AccidentSideOut:
        return AccidentSideOut(
            side=party.side, plate=shown(party.plate), liability=party.liability, signed_at=party.signed_at,
            photo_count=len(photos), photos=[AccidentPhotoOut.model_validate(one) for one in photos] if named else [],
        )  # fmt: skip


class AccidentFindingOut(Shape):
    """What an officer found, and why."""

    finding: str
    reasons: str


class AccidentOut(AccidentRowOut):
    """An accident from one side: both sides, what was proposed, and the words to sign with their digest."""

    why: str
    code_until: datetime | None
    mine: AccidentSideOut
    other: AccidentSideOut | None
    said: str
    situation: str
    at_fault: str
    proposed_by: str
    words: str
    digest: str
    found: AccidentFindingOut | None
    paper_id: UUID | None

    @staticmethod
    def of(accident_id: UUID, by: Actor) -> AccidentOut:
        """Return it to one of its sides. Raises Unknown for everybody else."""
        scene = found.scene(accident_id, by)
        row, mine, other = scene.row, scene.mine, scene.other
        said, told = accident_desk.own_words(mine, by)
        return AccidentOut(
            id=row.pk, number=row.number, state=row.state, place=row.place, happened_at=row.happened_at, why=row.why,
            code_until=row.code_until, mine=AccidentSideOut.of(mine, scene.photos[mine.side], named=True),
            other=AccidentSideOut.of(other, scene.photos[other.side], named=scene.both_sent) if other else None,
            said=said, situation=row.situation, at_fault=row.at_fault, proposed_by=row.proposed_by,
            words=scene.words, digest=digest(scene.words).hex() if scene.words else "",
            found=AccidentFindingOut(**told) if told else None,
            paper_id=mine.paper_id,
        )  # fmt: skip
