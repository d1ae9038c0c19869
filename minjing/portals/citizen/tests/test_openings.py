"""Who looked, as lines: one opening is one, whatever it showed; pages never tear one in two."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from minjing.base.clock import CHINA
from minjing.base.ids import new_id
from minjing.kernel.identity.queries import LOOKED
from minjing.kernel.ledger.actions import append, entry
from minjing.kernel.matters.tests.world import CHEN, LIN, ZHOU
from minjing.portals.citizen import openings

NOON = datetime(2026, 9, 14, 12, 0, tzinfo=CHINA)
LATER = NOON + timedelta(days=1)
MATTER = UUID(int=900)


def look(at: datetime, by=CHEN, matter: UUID | None = MATTER, fields: tuple[str, ...] = ("name",)) -> None:
    """Write a look down, as the one road to a record does."""
    said = {
        "by": by.account_id, "unit": 27, "post": "station_clerk", "deputy_for": None, "fields": list(fields),
        "reason": "matter" if matter else "phone_enquiry", "words": "", "matter": matter, "bound": bool(matter),
    }  # fmt: skip
    append(entry(LOOKED, said, at=at, org_id=4, subject_id=LIN.person_id))


def lines(before: datetime | None = None) -> list[openings.Opening]:
    return openings.page_of(LIN.person_id, LATER, before)[0]  # type: ignore[arg-type]


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]


def test_one_officer_one_matter_one_minute_is_one_line():
    look(NOON, fields=("name",))
    look(NOON + timedelta(seconds=20), fields=("phone",))
    look(NOON + timedelta(seconds=40), fields=("name",))
    (line,) = lines()
    assert [field["zh"] for field in line.fields] == ["姓名", "手机号码"]
    assert len(line.entries) == len(set(line.entries)) == 3
    assert line.first.at == NOON + timedelta(seconds=40)


@pytest.mark.parametrize(
    "other",
    [
        {"by": ZHOU},
        {"matter": UUID(int=901)},
        {"matter": None},
        {"at": NOON + timedelta(seconds=60)},
    ],
)
def test_another_officer_matter_or_minute_is_another_line(other):
    look(NOON)
    look(**{"at": NOON + timedelta(seconds=1), **other})
    assert len(lines()) == 2


def test_pages_show_every_look_once_and_tear_no_opening():
    for minute in range(30):
        for second in (0, 20, 40):
            look(NOON + timedelta(minutes=minute, seconds=second))
    shown: list[openings.Opening] = []
    before: datetime | None = None
    pages = 0
    while True:
        page, before = openings.page_of(LIN.person_id, LATER, before)  # type: ignore[arg-type]
        shown, pages = shown + page, pages + 1
        if before is None:
            break
    assert pages > 1
    assert [len(line.looks) for line in shown] == [3] * 30
    assert [line.first.at for line in shown] == sorted((line.first.at for line in shown), reverse=True)


def test_more_looks_within_a_minute_than_fit_a_page_are_still_all_shown():
    for _ in range(openings.READ + 5):
        look(NOON, matter=new_id())
    look(NOON - timedelta(hours=1))
    page, before = openings.page_of(LIN.person_id, LATER)  # type: ignore[arg-type]
    assert len(page) + len(lines(before) if before else []) == openings.READ + 6
