"""What the engine reckons with: a matter as it stands, what is asked of it, and what that changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal, NamedTuple
from uuid import UUID

from minjing.kernel.identity.actor import Actor

# A light turns yellow when three quarters of the working time are used up.
YELLOW_SHARE = 0.75
# 行政许可法 art. 42: a limit is extended by ten working days at most, all extensions of it together.
MAX_EXTENSION_DAYS = 10
NOTE_MAX = 2_000  # characters

# The state in which a matter waits for its fee before anybody works on it; the pause's reason and the task's kind
# where it is paid beside the review.
PAYING, PAYMENT = "paying", "payment"
# Acts that are no work on a matter: what an applicant or the system does before an officer has touched it.
BEFORE_WORK = frozenset({"submit", "settle", "withdraw", "lapse", "book", "arrive"})

# Keys of `acts` beside the actions: a parallel check, and for whom a deputy acted.
TASK, FOR = "task_", ":for"
# What a parallel check ends in: nothing against it, or something that the decision must weigh.
CLEAR, FOUND = "clear", "found"

Light = Literal["green", "yellow", "red", "paused", "done"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a matter is handled: the station that received it and the units above."""

    station_id: int
    branch_id: int
    bureau_id: int
    path: str  # of the station; a unit above has a prefix of it

    def unit_at(self, level: str) -> int:
        """Return the unit of this place at `level`."""
        return {"station": self.station_id, "branch": self.branch_id, "bureau": self.bureau_id}[level]


class Snapshot(NamedTuple):
    """A matter as it stands: every column but the sealed form. A tuple, since each step makes three of them."""

    id: UUID
    org_id: int
    number: str
    procedure_id: UUID
    code: str
    unit_id: int
    station_id: int
    state: str
    post: str
    ver: int
    person_id: UUID
    account_id: UUID
    submitted_at: datetime
    due_at: datetime
    yellow_at: datetime
    step_since: datetime
    acts: Mapping[str, str]
    due_provisional: bool = False
    paused_since: datetime | None = None
    pause_reason: str = ""
    lapses_at: datetime | None = None
    claimed_by: UUID | None = None
    claimed_at: datetime | None = None
    open_tasks: int = 0
    extension_days: int = 0
    asked: Sequence[str] = ()
    asked_days: int = 0
    back_to: str = ""
    outcome: str = ""
    closed_at: datetime | None = None
    received_at_unit: int | None = None  # whose counter took it in, where somebody came; it may be another's matter
    mandate_id: UUID | None = None  # by which the account acts for the person

    @property
    def is_received_elsewhere(self) -> bool:
        """Say whether another station than the responsible one took it in (全城通)."""
        return self.received_at_unit is not None and self.received_at_unit != self.station_id

    def is_applicant(self, by: Actor) -> bool:
        """Say whether `by` takes the applicant's steps: who applied, and whom it was applied for by mandate."""
        if by.account_id == self.account_id:
            return True
        return self.mandate_id is not None and by.person_id is not None and by.person_id == self.person_id

    def but(self, **changes: Any) -> Snapshot:
        """Return the same matter with `changes`."""
        return self._replace(**changes)


# What a transition may change: stored in the row; what did change is repeated in the event, so that history refolds.
MOVING = (
    "unit_id", "state", "post", "due_at", "due_provisional", "yellow_at", "step_since", "paused_since",
    "pause_reason", "lapses_at", "claimed_by", "claimed_at", "acts", "open_tasks", "extension_days",
    "asked", "asked_days", "back_to", "outcome", "closed_at", "procedure_id",
)  # fmt: skip
_moving = attrgetter(*MOVING)


@dataclass(frozen=True, slots=True)
class Ask:
    """What comes with an action: words, a reason of the law's list, materials, days."""

    note: str = ""
    reason: str = ""
    materials: tuple[str, ...] = ()
    days: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What an action does: the matter after it, and what follows from it."""

    action: str
    before: Snapshot
    after: Snapshot
    post: str = ""  # the post that the actor acted in
    acting_unit: int | None = None
    ask: Ask = Ask()
    tells: str = ""
    tasks: tuple[str, ...] = ()
    runs_effect: bool = False
    reverses: bool = False
    does: str = ""  # the module's act beside this step

    @property
    def moves(self) -> dict[str, Any]:
        """Return the values that change, as they are after it."""
        told = zip(MOVING, _moving(self.after), _moving(self.before), strict=True)
        return {name: value for name, value, was in told if value != was}

    def detail(self, moves: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the event keeps: nothing personal, and `moves`, the values that changed."""
        detail: dict[str, Any] = {"after": {name: as_json(value) for name, value in moves.items()}}
        if self.ask.reason:
            detail["reason"] = self.ask.reason
        if self.ask.materials:
            detail["materials"] = list(self.ask.materials)
        if self.ask.days:
            detail["days"] = self.ask.days
        return detail


def moving_of(snapshot: Snapshot) -> dict[str, Any]:
    """Return the changeable values of `snapshot` as JSON."""
    return {name: as_json(value) for name, value in zip(MOVING, _moving(snapshot), strict=True)}


def as_json(value: Any) -> Any:
    """Return `value` as JSON holds it: instants as ISO text, ids as text."""
    if value is None or isinstance(value, (str, int)):  # nearly all are; the last question below is a dear one
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (tuple, list)):
        return [as_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in value.items()}
    return value
