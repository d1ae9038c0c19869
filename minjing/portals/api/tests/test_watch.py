"""The watch through the API: alarms for officers, a note for who is on duty, and refusals in words."""

import pytest

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity.models import Post
from minjing.kernel.matters.tests.conftest import city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN
from minjing.kernel.watch import actions, queries
from minjing.kernel.watch.actions import Finding
from minjing.portals.api.tests.test_api import as_, post  # noqa: F401 - the fixture
from minjing.portals.api.tests.test_insider import supervisor  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
WORDS = {"zh": "第 7 条的私有记录被改动。", "en": "Entry 7 has a private record that was altered."}


@pytest.fixture
def alarm():
    return actions.raise_alarms([Finding("row", "bundle 0|7", WORDS, clock.now(), 7)], now=clock.now())[0]


def test_who_is_on_duty_takes_note_and_only_once(supervisor, alarm):  # noqa: F811 - the fixture
    Post.objects.filter(code="supervisor").update(acts=["supervise", "watch"])
    (told,) = supervisor.get("/api/watch/alarms").json()["alarms"]
    assert (told["id"], told["index"], told["text"], told["acknowledged_at"]) == (str(alarm), 7, WORDS, None)
    assert post(supervisor, f"/api/watch/alarms/{alarm}/note", note="正在核查").status_code == 200
    assert queries.alarm_counts() == (1, 0)
    again = post(supervisor, f"/api/watch/alarms/{alarm}/note")
    assert (again.status_code, again.json()["key"]) == (409, "no_alarm")
    assert post(supervisor, f"/api/watch/alarms/{new_id()}/note").status_code == 409


def test_others_may_not(as_, alarm):  # noqa: F811 - the fixture
    refused = post(as_(CHEN), f"/api/watch/alarms/{alarm}/note")
    assert (refused.status_code, refused.json()["key"]) == (403, "no_post")
    assert "岗位" in refused.json()["message"]["zh"]
    assert as_(CHEN).get("/api/watch/alarms").status_code == 200
    assert as_(LIN).get("/api/watch/alarms").status_code == 403
