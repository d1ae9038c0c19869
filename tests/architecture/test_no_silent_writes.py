"""No act without a record: what an action writes to the database comes with an entry in the ledger's outbox."""

import re
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from minjing.base.ids import new_id
from minjing.kernel.files import actions as files
from minjing.kernel.identity import actions as identity
from minjing.kernel.matters import actions, publishing
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, city, scan  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN, LUO, MA, MONDAY, PUBLISHER
from minjing.kernel.papers import queries as issued

pytestmark = pytest.mark.django_db
WRITE = re.compile(r"(?is)\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+\"?([a-z_]+)")
ENTRY = re.compile(r"(?i)INSERT\s+INTO\s+\"?ledger_outbox|COPY\s+\"?ledger_outbox")
# Tables whose rows are means and not acts: limits on trying, upload progress, jobs.
MEANS = {"identity_tally", "files_upload", "procrastinate_jobs", "set", "of", "django_session", "ledger_outbox"}
HOUR = timedelta(hours=1)


@contextmanager
def watched():
    """Collect the statements that run inside."""
    said: list[str] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        said.append(str(sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield said


def told(act: Callable[[], Any]) -> Any:
    """Do something; fail when it wrote and left no entry. Return what it returns."""
    with watched() as said:
        came = act()
    tables = {table.lower() for sql in said for table in WRITE.findall(sql)} - MEANS
    if tables:
        assert any(ENTRY.search(sql) for sql in said), f"wrote {sorted(tables)} and told nobody"
    return came


def step(matter, action: str, by, **more):
    return told(
        lambda: actions.act(matter.id, action, ver=matter.ver, by=by, now=MONDAY + HOUR, request_id=new_id(), **more)
    )


def test_a_silent_write_would_be_found(city):  # noqa: F811 - the fixture
    from minjing.kernel.matters.models import Draft

    with pytest.raises(AssertionError, match="matters_draft"):
        told(lambda: Draft.objects.filter(id=new_id()).update(saved_at=MONDAY))


def test_filling_in_and_throwing_away(city):  # noqa: F811 - the fixture
    draft = told(lambda: actions.draft("HZ9901", by=LIN, now=MONDAY))
    told(lambda: actions.save_page(draft.id, "office", {"office": "U27"}, by=LIN, now=MONDAY))
    told(lambda: actions.stash(draft.id, "spouse", {"spouse_id": "4403"}, now=MONDAY))
    sheet = told(scan)
    added = told(lambda: actions.attach(draft.id, "marriage_certificate", sheet, by=LIN, now=MONDAY))
    told(lambda: actions.detach(draft.id, added.id, by=LIN, now=MONDAY))
    told(lambda: actions.discard(draft.id, by=LIN, now=MONDAY))
    told(lambda: files.discard(sheet, by=LIN, now=MONDAY))


def test_a_matter_from_submission_to_rating(city):  # noqa: F811 - the fixture
    sheet = {"marriage_certificate": [scan()]}
    matter = told(
        lambda: actions.submit_whole("HZ9901", ANSWERS, by=LIN, now=MONDAY, request_id=new_id(), materials=sheet)
    )
    matter = step(step(matter, "claim", CHEN), "release", CHEN)
    matter = step(step(matter, "claim", CHEN), "ask_extension", CHEN, note="案情复杂。", days=3)
    matter = step(matter, "grant_extension", LUO)
    matter = step(matter, "ask_supplement", CHEN, note="不清楚。", materials=["marriage_certificate"])
    matter = step(matter, "supplement", LIN, files={"marriage_certificate": [scan(shade=90)]})
    matter = step(step(matter, "claim", CHEN), "recommend", CHEN)
    matter = step(step(matter, "claim", LUO), "approve", LUO)
    told(lambda: actions.rate(matter.id, 5, words="好", by=LIN, now=MONDAY + HOUR))
    (paper,) = issued.of_matter(matter.id, now=MONDAY)
    asked = {"reason": "issued_in_error", "note": "签错了人。", "by": MA, "now": MONDAY + HOUR}
    told(lambda: actions.take_back(matter.id, paper.id, ver=matter.ver, request_id=new_id(), **asked))


def test_publishing_and_looking(city):  # noqa: F811 - the fixture
    told(
        lambda: publishing.publish(
            [world.body("instant", code="HZ9902", effect="test.effect")], by=PUBLISHER, now=MONDAY
        )
    )
    told(
        lambda: publishing.publish_calendar(
            known_until=world.CALENDAR.known_until,
            days_off=world.DAYS_OFF,
            made_up=[],
            source="x",
            by=PUBLISHER,
            now=MONDAY,
        )
    )
    told(
        lambda: identity.record_look(
            CHEN, [LIN.person_id], ["matter.form"], reason="counter", matter_id=new_id(), now=MONDAY
        )
    )
