"""The shapes of identity checks: one's own, step by step, and the desk where an officer compares."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from minjing.kernel.identity.actions import Compared, Opened
from minjing.kernel.identity.models import Check
from minjing.kernel.identity.rules import checks
from minjing.portals.api.shapes import Shape, TextOut, Typed


class CheckOut(Shape):
    """One's own check as it stands.

    `state`: card, fields, way, selfie, waiting (for an officer), done, refused; `none` before the first. `fields` is
    what was read of the card, `unsure` what to look at twice. `step` is what to do before the camera, until
    `step_until`; then another is drawn. `outcome` says how the last one ended.
    """

    id: UUID | None = None
    state: str = "none"
    expires_at: datetime | None = None
    fields: dict[str, str] = {}
    unsure: list[str] = []
    remarks: list[TextOut] = []
    machine: bool = False
    step: TextOut | None = None
    step_until: datetime | None = None
    outcome: TextOut | None = None

    @staticmethod
    def of(check: Check | None, said: Mapping[str, Any], *, machine: bool) -> CheckOut:
        if check is None:
            return CheckOut(machine=machine)
        step, outcome = checks.STEPS.get(check.challenge), checks.OUTCOMES.get(check.outcome)
        return CheckOut(
            id=check.pk,
            state=check.state,
            expires_at=None if check.state in Check.ENDED else check.expires_at,
            fields=said.get("fields", {}),
            unsure=said.get("confirm", []),
            remarks=[TextOut(**remark) for remark in said.get("remarks", [])],
            machine=machine,
            step=TextOut(**step) if step and check.state == Check.SELFIE else None,
            step_until=check.challenge_until if check.state == Check.SELFIE else None,
            outcome=TextOut(**outcome) if outcome else None,
        )


class WhoIn(Shape):
    """Name and number as on the identity card."""

    name: Typed = Field(max_length=100)
    id_number: Typed = Field(max_length=40)


class EvidenceOut(Shape):
    """A check that stands: how it was made, and until when; an officer's number where one confirmed it."""

    id: UUID
    level: int
    method: str
    engine: str
    distance: float | None
    threshold: float | None
    taken_at: datetime
    until: datetime
    confirmed_by: str


class FieldsIn(Shape):
    """What the holder confirms of the card; `valid_to` is a day or 长期."""

    name: Typed = Field("", max_length=100)
    id_number: Typed = Field("", max_length=40)
    issuer: Typed = Field("", max_length=100)
    valid_from: Typed = Field("", max_length=40)
    valid_to: Typed = Field("", max_length=40)


class WayIn(Shape):
    """Who compares: `machine`, which is a consent of its own, or `officer`."""

    way: str = Field(max_length=20)


class ComparedOut(Shape):
    """What became of the photos: `same`, `again` (with another step) or `officer`, who looks at them; and why."""

    outcome: str
    why: TextOut | None
    check: CheckOut

    @staticmethod
    def of(found: Compared, check: CheckOut) -> ComparedOut:
        return ComparedOut(outcome=found.outcome, why=TextOut(**found.why) if found.why else None, check=check)


class CounterCodeOut(Shape):
    """A code to be shown at a counter, for some minutes."""

    code: str
    lasts_s: int


class WaitingOut(Shape):
    """A check that waits for an officer; nothing of the person. `claimed`: by oneself."""

    id: UUID
    purpose: str
    opened_at: datetime
    claimed: bool


class TakenOut(Shape):
    """The check that one has taken; null where nobody waits."""

    id: UUID | None


class CounterCodeIn(Shape):
    """The code that somebody shows at the counter."""

    code: Typed = Field(max_length=40)


class CheckVerdictIn(Shape):
    """What one sees; of papers, `same` says that they bear it out."""

    verdict: Literal["same", "different", "cannot_tell"]


class OpenedOut(Shape):
    """A check side by side: pictures as JPEG in base64, what the card says, whose it should be, what was asked."""

    id: UUID
    purpose: str
    name: str
    id_number: str
    fields: dict[str, str]
    rows: list[tuple[TextOut, str]]
    pictures: dict[str, str]
    step: TextOut | None
    opened_at: datetime
    at_counter: bool

    @staticmethod
    def of(opened: Opened) -> OpenedOut:
        return OpenedOut(
            id=opened.id,
            purpose=opened.purpose,
            name=opened.name,
            id_number=opened.id_number,
            fields=dict(opened.fields),
            rows=[(TextOut(**title), value) for title, value in opened.said.get("rows", [])],
            pictures={part: b64encode(content).decode() for part, content in opened.pictures.items()},
            step=TextOut(**opened.step) if opened.step else None,
            opened_at=opened.opened_at,
            at_counter=opened.at_counter,
        )
