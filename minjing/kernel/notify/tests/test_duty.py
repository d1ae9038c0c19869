"""Who hears of an alarm: the inspector on duty at once, the next ones and the administrators after 15 minutes."""

from datetime import timedelta

import pytest

from minjing.kernel.identity.tests.conftest import NOW, City, city  # noqa: F401 - the small world
from minjing.kernel.notify import queries
from minjing.kernel.notify.duty import tell_alarms
from minjing.kernel.notify.tasks import tell_alarms as job
from minjing.kernel.watch import actions as watch
from minjing.kernel.watch.actions import TELL, Finding

pytestmark = pytest.mark.django_db
WORDS = {"zh": "公开账本已滞后 60 秒。", "en": "The public ledger lies 60 s behind."}
LATER = NOW + timedelta(minutes=15)


@pytest.fixture
def people(city: City) -> dict[str, object]:  # noqa: F811 - the fixture
    from minjing.kernel.identity import actions
    from minjing.kernel.identity.actor import SYSTEM

    for code, level in (("supervisor", "bureau"), ("branch_supervisor", "branch")):
        name = {"zh": code, "en": code}
        actions.put_post(code=code, name=name, level=level, acts=["supervise", "watch"], by=SYSTEM, now=NOW)
    return {
        "inspector": city.hire("inspector", "supervisor", "bureau"),
        "branch": city.hire("branch.inspector", "branch_supervisor", "futian"),
        "audit": city.hire("audit.admin", "audit_admin", "bureau"),
        "clerk": city.hire("clerk", "station_clerk", "lianhua"),
    }


def heard(people) -> dict[str, int]:
    return {name: len(queries.inbox(actor.account_id)) for name, actor in people.items()}


def test_the_inspector_on_duty_hears_first_and_once(people) -> None:
    ids = watch.raise_alarms([Finding("lag", "", WORDS, NOW)], now=NOW)
    assert tell_alarms(ids, now=NOW) == 1
    assert tell_alarms(ids, now=NOW) == 0
    assert heard(people) == {"inspector": 1, "branch": 0, "audit": 0, "clerk": 0}


def test_unanswered_it_goes_to_the_next_and_to_the_administrators(people) -> None:
    ids = watch.raise_alarms([Finding("lag", "", WORDS, NOW)], now=NOW)
    tell_alarms(ids, now=NOW)
    assert watch.escalate(LATER) == ids
    tell_alarms(ids, now=LATER)
    assert heard(people) == {"inspector": 1, "branch": 1, "audit": 1, "clerk": 0}
    assert "15 分钟无人确认" in queries.inbox(people["audit"].account_id)[0].text["zh"]


def test_where_nobody_is_on_duty_the_next_hear_at_once(city: City) -> None:  # noqa: F811 - the fixture
    audit = city.hire("audit.admin", "audit_admin", "bureau")
    ids = watch.raise_alarms([Finding("lag", "", WORDS, NOW)], now=NOW)
    assert tell_alarms(ids, now=NOW) == 1
    assert len(queries.inbox(audit.account_id)) == 1


def test_the_job_is_the_one_that_the_watch_names() -> None:
    assert job.name == TELL
