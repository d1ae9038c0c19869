"""Batches of dispatch systems: once, late, held, released; nothing lost, all in the ledger."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from minjing.base.coordinates import Plane, gcj02_of
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.errors import NotAllowed
from minjing.modules.traffic import tasks
from minjing.modules.traffic.actions.yielding import finding, holding, taking
from minjing.modules.traffic.actions.yielding.holding import NotHeld
from minjing.modules.traffic.models import (
    Approach,
    Base,
    Batch,
    Candidate,
    DispatchSystem,
    Mission,
    TrackPart,
    Violation,
)
from minjing.modules.traffic.queries.yielding import tracks

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
CITY = Plane(22.5431, 114.0579)
REVIEWER = Actor(
    uuid4(), "officer", person_id=uuid4(),
    holdings=(Holding("traffic_reviewer", 1, "1.", "bureau", 0, frozenset({"review_violations"})),),
)  # fmt: skip


@pytest.fixture
def dispatch(db) -> DispatchSystem:
    return DispatchSystem.objects.create(
        code="szjj", name_zh="市急救中心", name_en="Emergency medical centre",
        token_hash=sha256(b"secret").digest(), system="wgs84",
    )  # fmt: skip


@pytest.fixture
def ground(db) -> None:
    Base.objects.create(name_zh="福田站", name_en="Futian base", lat=CITY.lat, lon=CITY.lon)
    for n in range(1, 5):
        lat, lon = CITY.degrees(0, n * 900.0)
        Approach.objects.create(code=f"A{n}", place="新洲路", lat=lat, lon=lon, heading_deg=0)


def northward(begin: datetime = AT, seconds: int = 300) -> list[list[float]]:
    """A drive north from the base at 10 m/s, a fix every 15 s."""
    return [[begin.timestamp() + s, *CITY.degrees(0, 10.0 * s)] for s in range(0, seconds + 1, 15)]


def message(key="b1", *, sent_at=AT + timedelta(seconds=300), fixes=None, mission="M1", **more) -> bytes:
    said = {
        "batch": key, "sent_at": sent_at.isoformat(),
        "missions": [{"number": mission, "callsign": "福田01", "began_at": (AT - timedelta(minutes=5)).isoformat()}],
        "tracks": [{"mission": mission, "fixes": northward() if fixes is None else fixes}],
    }  # fmt: skip
    return json.dumps(said | more).encode()


def take(dispatch, body=None, now=AT + timedelta(seconds=305)) -> taking.Answer:
    return taking.take(message() if body is None else body, dispatch, way="http", now=now)


def kinds() -> list[str]:
    return list(Outbox.objects.order_by("seq").values_list("kind", flat=True))


def violation(north_m=1000.0, at=AT + timedelta(seconds=90), heading=0, conduct="SZP01", **more) -> Violation:
    lat, lon = CITY.degrees(8, north_m)
    return Violation.objects.create(
        org_id=1, number=f"V{uuid4().hex[:12]}", violated_at=at, recorded_at=at, conduct=conduct, place="新洲路口",
        lat=lat, lon=lon, heading_deg=heading, state=more.pop("state", "published"), **more,
    )  # fmt: skip


def test_a_batch_is_taken_and_its_positions_stay_out_of_the_ledger(dispatch):
    answer = take(dispatch)
    part = TrackPart.objects.get()
    assert (answer.state, part.count, part.source_system, answer.findings) == ("taken", 21, "wgs84", [])
    assert tracks.unpacked(part.fixes_sealed)[1] == pytest.approx(tuple(northward()[1]))
    assert kinds()[-1] == "traffic:tracks:taken"
    assert b"22.5" not in bytes(Outbox.objects.last().payload)


def test_a_batch_that_is_sent_again_is_taken_once(dispatch):
    take(dispatch)
    assert take(dispatch).state == "repeated"
    assert TrackPart.objects.count() == Batch.objects.count() == 1


def test_another_content_under_a_known_name_is_refused_and_the_first_one_stays(dispatch):
    take(dispatch)
    with pytest.raises(taking.OtherContent):
        take(dispatch, message(fixes=northward()[:5]))
    assert TrackPart.objects.get().count == 21
    assert kinds()[-1] == "traffic:dispatch:refused"


def test_a_late_batch_is_put_in_place_and_matched(dispatch):
    seen = violation()
    answer = take(
        dispatch, message(sent_at=AT + timedelta(hours=5, minutes=7)), now=AT + timedelta(hours=5, minutes=8)
    )
    assert [finding["code"] for finding in answer.findings] == ["late"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'traffic.match'")
        (args,) = cursor.fetchone()
    tasks.match(**(json.loads(args) if isinstance(args, str) else args))
    assert Candidate.objects.get().violation_id == seen.pk


@pytest.mark.parametrize("off_h", [1, -1])
def test_a_clock_an_hour_off_is_held_and_released_by_a_person(dispatch, off_h):
    shift = timedelta(hours=off_h)
    body = message(sent_at=AT + timedelta(seconds=300) + shift, fixes=northward(AT + shift))
    answer = take(dispatch, body)
    assert (answer.state, answer.findings[0]) == (
        "held",
        {"code": "clock", "off_s": pytest.approx(off_h * 3600, abs=5)},
    )
    assert (TrackPart.objects.count(), Mission.objects.get().doubt) == (0, "clock")
    holding.release(answer.batch.pk, system="wgs84", shift_s=off_h * 3600, by=REVIEWER, now=AT)
    assert TrackPart.objects.get().first_at == AT
    assert (Mission.objects.get().doubt, Batch.objects.get().message_sealed) == ("", None)
    assert kinds()[-1] == "traffic:tracks:released"
    with pytest.raises(NotHeld):
        holding.discard(answer.batch.pk, by=REVIEWER, now=AT)


def test_gcj02_sent_as_wgs84_is_held_and_released_as_what_it_is(dispatch, ground):
    seen = violation()
    wrong = [[at, *gcj02_of(lat, lon)] for at, lat, lon in northward()]
    answer = take(dispatch, message(fixes=wrong))
    assert (answer.state, answer.findings[0]["code"]) == ("held", "gcj02")
    assert finding.find(AT, AT + timedelta(hours=1), now=AT) == 0
    holding.release(answer.batch.pk, system="gcj02", shift_s=0, by=REVIEWER, now=AT)
    assert TrackPart.objects.get().source_system == "gcj02"
    assert finding.find(AT, AT + timedelta(hours=1), now=AT) == 1
    assert Candidate.objects.get().violation_id == seen.pk


def test_gcj02_that_says_so_is_turned_at_the_door(dispatch, ground):
    sent = [[at, *gcj02_of(lat, lon)] for at, lat, lon in northward()]
    assert take(dispatch, message(fixes=sent, system="gcj02")).state == "taken"
    part = TrackPart.objects.get()
    assert part.source_system == "gcj02"
    assert tracks.unpacked(part.fixes_sealed)[5] == pytest.approx(tuple(northward()[5]), abs=1e-7)


def test_a_right_track_is_not_held(dispatch, ground):
    assert take(dispatch).state == "taken"


def test_what_is_held_can_be_discarded_and_stays_on_record(dispatch, ground):
    wrong = [[at, *gcj02_of(lat, lon)] for at, lat, lon in northward()]
    answer = take(dispatch, message(fixes=wrong))
    holding.discard(answer.batch.pk, by=REVIEWER, now=AT)
    assert (Batch.objects.get().state, Mission.objects.get().doubt) == ("discarded", "")
    assert kinds()[-1] == "traffic:tracks:discarded"


def test_only_who_reviews_releases(dispatch, ground):
    answer = take(dispatch, message(fixes=[[at, *gcj02_of(lat, lon)] for at, lat, lon in northward()]))
    with pytest.raises(NotAllowed):
        holding.release(answer.batch.pk, system="gcj02", shift_s=0, by=Actor(uuid4(), "officer"), now=AT)


def test_jumps_and_repetitions_are_left_out_and_told(dispatch):
    fixes = northward()
    answer = take(dispatch, message(fixes=[*fixes[:9], [fixes[9][0], 39.9, 116.4], *fixes[10:], fixes[3]]))
    assert {finding["code"]: finding["count"] for finding in answer.findings} == {
        "repeated": 1,
        "jumps": 1,
        "unordered": 1,
    }
    assert TrackPart.objects.get().count == 20


def test_a_track_is_never_altered(dispatch):
    take(dispatch)
    with pytest.raises(IntegrityError), transaction.atomic():
        TrackPart.objects.update(count=3)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"{", ""),
        (b"[]", ""),
        (message(key=""), "batch"),
        (message(system="bd09"), "system"),
        (message(fixes=[[1, 2]]), "tracks[0].fixes[0]"),
        (message(fixes=[[AT.timestamp(), 114.05, 22.54]]), "tracks[0].fixes[0]"),
        (message(fixes=[[AT.timestamp(), float("nan"), 114]]), "tracks[0].fixes[0]"),
        (message(missions=[{"number": "M1", "callsign": "x", "began_at": "yesterday"}]), "missions[0].began_at"),
        (message(reports=[{"report": "R1"}]), "reports[0]"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(dispatch, body, where):
    with pytest.raises(taking.WrongMessage) as wrong:
        take(dispatch, body)
    assert wrong.value.where.startswith(where)
    assert not Batch.objects.exists()
    assert kinds()[-1] == "traffic:dispatch:refused"


def test_a_report_of_not_making_way_becomes_a_violation_to_review_once(dispatch):
    said = {
        "report": "R1", "mission": "M1", "plate": "粤B12345", "at": AT.isoformat(), "lat": 22.55, "lon": 114.06,
        "heading_deg": 0, "place": "新洲路",
    }  # fmt: skip
    take(dispatch, message(reports=[said]))
    take(dispatch, message(key="b2", reports=[said]))
    entered = Violation.objects.get()
    assert (entered.conduct, entered.source, entered.plate) == ("SZP04", "ambulance", "粤B12345")
    assert entered.state == "recorded"
    assert kinds().count("traffic:yielding:reported") == 1


class TestDoor:
    """The same over HTTP."""

    ADDRESS = "/traffic/yielding/batches/"

    def post(self, body: bytes, token="secret"):  # noqa: S107
        return Client(HTTP_HOST="localhost").post(
            self.ADDRESS, body, content_type="application/json", headers={"Authorization": f"Bearer {token}"}
        )

    def now_message(self, **more) -> bytes:
        now = datetime.now(UTC)
        return message(sent_at=now, fixes=northward(now - timedelta(seconds=310)), **more)

    def test_a_batch_is_answered_with_what_was_found(self, dispatch):
        answer = self.post(body := self.now_message())
        assert (answer.status_code, answer.json()) == (
            200,
            {"batch": "b1", "state": "taken", "fixes": 21, "findings": []},
        )
        assert self.post(body).json()["state"] == "repeated"
        assert self.post(self.now_message()).status_code == 409

    def test_what_is_held_says_why_in_words(self, dispatch, ground):
        now = datetime.now(UTC)
        fixes = [[at, *gcj02_of(lat, lon)] for at, lat, lon in northward(now - timedelta(seconds=310))]
        answer = self.post(message(sent_at=now, fixes=fixes))
        assert answer.status_code == 202
        assert "GCJ-02" in answer.json()["findings"][0]["zh"]

    def test_a_stranger_and_nonsense_are_refused(self, dispatch):
        assert self.post(message(), token="guess").status_code == 401
        assert self.post(b"{}").status_code == 400
        assert self.post(b" " * (1 << 20) + b"{}").status_code in (400, 413)
        assert kinds().count("traffic:dispatch:refused") == 3
