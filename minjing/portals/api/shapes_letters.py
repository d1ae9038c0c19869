"""The shapes of letters: batches and what stands in them, by number. No names, no addresses."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from minjing.kernel.notify.models import Batch, Message
from minjing.portals.api.shapes import Shape


class BatchOut(Shape):
    """The letters of one day, printed and posted together: `made`, `printed`, `posted`."""

    id: UUID
    number: str
    day: date
    letters: int
    state: str
    made_at: datetime
    printed_at: datetime | None
    posted_at: datetime | None

    @staticmethod
    def of(batch: Batch) -> BatchOut:
        names = ("id", "number", "letters", "state", "made_at", "printed_at", "posted_at")
        return BatchOut(day=batch.day_date, **{name: getattr(batch, name) for name in names})


class LetterOut(Shape):
    """One letter: its number on the list, the number of its matter, and whether it came back."""

    id: UUID
    number: str
    matter_number: str
    state: str
    came_back: bool

    @staticmethod
    def of(number: str, letter: Message, matter_number: str) -> LetterOut:
        return LetterOut(
            id=letter.pk,
            number=number,
            matter_number=matter_number,
            state=letter.state,
            came_back=bool(letter.report),
        )


class LettersOut(Shape):
    """How many letters wait for the next batch, and the newest batches."""

    waiting: int
    batches: list[BatchOut]


class GatheredOut(Shape):
    """The batch that was made; none where no letter waits."""

    batch: BatchOut | None


class BatchOneOut(Shape):
    """A batch with its letters."""

    batch: BatchOut
    letters: list[LetterOut]


class LetterNotedOut(Shape):
    """Whether it was noted now; not where it was before, or the letter was never posted."""

    noted: bool
