"""Level 3: card, fields, who compares, the step before the camera, the officer's desk; and what is refused."""

from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from minjing.base import idnumber
from minjing.kernel.identity import actions, queries
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, TooMany, Unknown, Wrong
from minjing.kernel.identity.models import Account, Check, CheckPicture, Evidence
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.providers import reading
from minjing.kernel.identity.rules import card, faces
from minjing.kernel.identity.tests.conftest import LIN, LIN_NUMBER, NOW, OU, OU_NUMBER, City, SignIn
from minjing.kernel.ledger.models import Outbox

MINUTE = timedelta(minutes=1)
FIELDS = {
    "name": LIN,
    "id_number": LIN_NUMBER,
    "issuer": "深圳市公安局福田分局",
    "valid_from": "2020-05-01",
    "valid_to": "2040-05-01",
}
ENGINE = ("dlib-resnet", "1")


def photo(shade: int = 120) -> bytes:
    out = BytesIO()
    Image.new("RGB", (320, 200), (shade, shade, shade)).save(out, "JPEG")
    return out.getvalue()


def said(kind: str) -> list[dict[str, object]]:
    import json

    rows = Outbox.objects.filter(kind=f"identity:check:{kind}").order_by("at")
    return [json.loads(bytes(row.payload)) for row in rows if row.payload]


class Machine:
    """What the reading process would say; nothing of it is started here."""

    def __init__(self) -> None:
        self.read: card.CardReading | None = None
        self.followed = True
        self.result: object = faces.FaceResult(0.31, 0.45, *ENGINE, 0.4)
        self.asked: list[str] = []

    def read_card(self, front: bytes, back: bytes, *, today: date) -> card.CardReading:
        if self.read is None:
            raise reading.Unread("broke")
        return self.read

    def check_pose(self, straight: bytes, turned: bytes, asked: str) -> object:
        self.asked.append(asked)
        return faces.Posed(self.followed, "dlib-5pt", 0.1)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Machine:
    settings.FACE_DECIDES = True  # as a city that has measured; by default an officer confirms
    made = Machine()
    monkeypatch.setattr(reading, "read_card", made.read_card)
    monkeypatch.setattr(reading, "check_pose", made.check_pose)
    monkeypatch.setattr(reading, "compare_faces", lambda a, b: made.result)
    monkeypatch.setattr(reading, "available", lambda: True)
    # The pictures are cleaned in a process of their own, tested with the files; here every second counts.
    monkeypatch.setattr(plugs, "clean_picture", lambda content: content)
    monkeypatch.setattr(plugs, "tell", None)
    return made


@pytest.fixture
def lins(sign_in: SignIn, register: None) -> Actor:
    account = sign_in("13800138000")
    actions.say_who(by=queries.actor_of(account.pk, NOW), name=LIN, id_number=LIN_NUMBER, now=NOW)
    return queries.actor_of(account.pk, NOW)


@pytest.fixture
def desk_clerk(city: City) -> Actor:
    post = {"zh": "窗口民警", "en": "clerk"}
    actions.put_post(
        code="id_clerk", name=post, level="station", acts=["confirm_identity", "look"], by=city_hand(), now=NOW
    )
    return city.hire("lianhua.id", "id_clerk", "lianhua")


def city_hand() -> Actor:
    from minjing.kernel.identity.actor import SYSTEM

    return SYSTEM


Walk = Callable[..., Check]


@pytest.fixture
def walk(lins: Actor, machine: Machine) -> Walk:
    """Lin's check as far as the camera."""

    def run(way: str = "machine", **changes: str) -> Check:
        row = actions.open_check(by=lins, session_ref=None, now=NOW)
        actions.keep_card(row.pk, photo(), photo(90), by=lins, now=NOW)
        actions.confirm_fields(row.pk, {**FIELDS, **changes}, by=lins, now=NOW)
        actions.choose_way(row.pk, way, by=lins, now=NOW)
        row.refresh_from_db()
        return row

    return run


def pose(row: Check, by: Actor, at=NOW + MINUTE) -> actions.Compared:
    return actions.keep_selfie(row.pk, photo(), photo(150), by=by, device="aa" * 32, now=at)


# ---- by machine -----------------------------------------------------------------------------------------


def test_card_and_face_make_level_3_and_4_in_this_browser_and_leave_figures_only(lins: Actor, walk: Walk) -> None:
    found = pose(walk(), lins)
    assert found.outcome == "same"
    evidence = Evidence.objects.get()
    assert (evidence.method, evidence.engine, evidence.distance, evidence.threshold) == (
        "machine", "dlib-resnet 1", 0.31, 0.45,
    )  # fmt: skip
    at = NOW + 2 * MINUTE
    assert queries.actor_of(lins.account_id, at).level == 3
    assert queries.actor_of(lins.account_id, at, device="aa" * 32).level == 4
    row = Check.objects.get()
    assert (CheckPicture.objects.count(), row.said_sealed, row.device_index) == (0, None, None)
    (entry,) = said("confirmed")
    assert (entry["method"], entry["distance"], entry["evidence"]) == ("machine", "0.3100", str(evidence.pk))


def test_where_nothing_was_measured_an_officer_confirms_what_the_machine_says(
    lins: Actor, walk: Walk, settings: Any
) -> None:
    settings.FACE_DECIDES = False
    found = pose(walk(), lins)
    assert (found.outcome, found.distance) == ("officer", 0.31)
    assert "民警确认" in found.why["zh"]
    assert Check.objects.get().state == Check.WAITING
    assert not Evidence.objects.exists()


def test_a_doubt_goes_to_an_officer_and_so_does_the_machines_no(lins: Actor, walk: Walk, machine: Machine) -> None:
    machine.result = faces.doubt("between", score=0.5, engine="dlib", version="1")
    assert pose(walk(), lins).outcome == "officer"
    assert Check.objects.get().state == Check.WAITING
    actions.give_up(Check.objects.get().pk, by=lins, now=NOW + 2 * MINUTE)
    machine.result = faces.FaceResult(0.8, 0.45, *ENGINE, 0.4)
    row = walk()
    assert pose(row, lins).outcome == "officer"
    assert not Evidence.objects.exists()


def test_a_step_not_followed_gets_a_new_step_and_after_three_an_officer(
    lins: Actor, walk: Walk, machine: Machine
) -> None:
    machine.followed = False
    row = walk()
    outcomes = [pose(row, lins, NOW + n * MINUTE / 4).outcome for n in (1, 2, 3)]
    assert outcomes == ["again", "again", "officer"]
    assert not Evidence.objects.exists()


def test_a_step_is_used_once_and_over_after_three_minutes(lins: Actor, walk: Walk) -> None:
    row = walk("officer")
    with pytest.raises(Wrong) as late:
        pose(row, lins, NOW + 4 * MINUTE)
    assert late.value.key == "challenge_over"
    row.refresh_from_db()
    assert row.challenge_until == NOW + 7 * MINUTE  # another one was drawn
    Check.objects.update(challenge_until=None)  # used by another post at this very moment
    with pytest.raises(Wrong):
        pose(row, lins, NOW + 5 * MINUTE)
    assert not Evidence.objects.exists()


def test_nobody_is_made_to_use_the_machine(lins: Actor, walk: Walk, machine: Machine) -> None:
    row = walk("officer")
    assert row.consented_at is None
    assert pose(row, lins).outcome == "officer"
    assert machine.asked == []


def test_without_an_engine_the_machines_way_is_not_offered(
    lins: Actor, walk: Walk, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "available", lambda: False)
    with pytest.raises(Wrong):
        walk("machine")
    actions.choose_way(Check.objects.get().pk, "officer", by=lins, now=NOW)


# ---- the card -------------------------------------------------------------------------------------------


def test_somebody_elses_card_is_refused_and_the_refusal_is_in_the_ledger(lins: Actor, walk: Walk, ou) -> None:
    with pytest.raises(NotAllowed) as refused:
        walk(name=OU, id_number=OU_NUMBER)
    assert refused.value.key == "other_card"
    assert [entry["reason"] for entry in said("refused")] == ["other_card"]
    assert CheckPicture.objects.count() == 0


def test_ones_own_number_with_anothers_name_is_somebody_elses_card(lins: Actor, walk: Walk) -> None:
    with pytest.raises(NotAllowed) as refused:
        walk(name="林小曼")
    assert refused.value.key == "other_card"


def test_an_expired_card_proves_nothing(lins: Actor, walk: Walk) -> None:
    with pytest.raises(NotAllowed) as refused:
        walk(valid_from="2014-05-01", valid_to="2024-05-01")
    assert refused.value.key == "expired_card"
    assert queries.actor_of(lins.account_id, NOW).level == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id_number", LIN_NUMBER[:-1] + ("0" if LIN_NUMBER[-1] != "0" else "1")),
        ("valid_to", "2039-05-01"),  # 19 years: no card is valid so long at that age
        ("valid_from", "2027-05-01"),
        ("issuer", "深圳市民政局"),
        ("valid_to", "next year"),
        ("issuer", ""),
    ],
)
def test_what_cannot_stand_on_a_card_is_marked_at_its_field(lins: Actor, walk: Walk, field: str, value: str) -> None:
    with pytest.raises(Wrong) as wrong:
        walk(**{field: value})
    assert wrong.value.field in (field, "valid_from", "valid_to")
    assert Check.objects.get().state == Check.FIELDS


def test_what_the_machine_read_is_shown_for_correction_where_it_is_unsure(lins: Actor, machine: Machine) -> None:
    fields = {name: card.Field(value, 0.99) for name, value in FIELDS.items()}
    fields["issuer"] = card.Field("深圳市公安局福田分同", 0.6)
    machine.read = card.CardReading(fields, ("issuer",), (), "rapidocr 3", 0.8, photo(10))
    row = actions.open_check(by=lins, session_ref=None, now=NOW)
    actions.keep_card(row.pk, photo(), photo(), by=lins, now=NOW)
    row.refresh_from_db()
    shown = actions.said_of(row)
    assert (shown["confirm"], shown["fields"]["name"], row.reader) == (["issuer"], LIN, "rapidocr 3")
    assert CheckPicture.objects.filter(part="portrait").exists()


def test_checks_are_limited_and_the_lock_is_in_the_ledger(lins: Actor, machine: Machine) -> None:
    for _ in range(6):
        actions.give_up(actions.open_check(by=lins, session_ref=None, now=NOW).pk, by=lins, now=NOW)
    with pytest.raises(TooMany):
        actions.open_check(by=lins, session_ref=None, now=NOW)
    assert said("refused")[-1]["reason"] == "too_many"


def test_pictures_are_sealed_and_go_when_the_time_is_over(lins: Actor, walk: Walk) -> None:
    walk("officer")
    assert CheckPicture.objects.count() == 2
    assert b"JFIF" not in b"".join(bytes(p.content_sealed) for p in CheckPicture.objects.all())
    assert actions.sweep_checks(NOW + timedelta(hours=2)) == 1
    assert CheckPicture.objects.count() == 0
    assert Check.objects.get().outcome == "lapsed"


def test_a_strangers_check_cannot_be_touched(lins: Actor, walk: Walk, sign_in: SignIn) -> None:
    row = walk("officer")
    stranger = queries.actor_of(sign_in("13800138009").pk, NOW)
    for act in (
        lambda: actions.give_up(row.pk, by=stranger, now=NOW),
        lambda: actions.choose_way(row.pk, "officer", by=stranger, now=NOW),
        lambda: pose(row, stranger),
        lambda: actions.counter_code(row.pk, by=stranger, now=NOW),
    ):
        with pytest.raises(Unknown):
            act()


# ---- the desk -------------------------------------------------------------------------------------------


def test_an_officer_compares_with_the_look_on_record_and_the_pictures_go(
    lins: Actor, walk: Walk, desk_clerk: Actor
) -> None:
    pose(walk("officer"), lins)
    later = NOW + timedelta(hours=3)
    assert [row.claimed for row in queries.waiting(desk_clerk, later)] == [False]
    taken = actions.claim_next(by=desk_clerk, now=later)
    assert taken is not None
    opened = actions.open_desk(taken, by=desk_clerk, now=later)
    assert set(opened.pictures) == {"front", "back", "straight", "turned"}
    assert (opened.name, opened.fields["issuer"]) == (LIN, FIELDS["issuer"])
    (look,) = queries.looks_at(lins.person_id, later)
    assert [f["en"] for f in look.fields] == ["identity card", "photos of oneself"]
    actions.decide(taken, "same", by=desk_clerk, now=later)
    evidence = Evidence.objects.get()
    assert (evidence.method, evidence.confirmed_by_id) == ("officer", desk_clerk.account_id)
    assert CheckPicture.objects.count() == 0
    # The officer took three hours, Lin signed in anew: the same browser still has level 4, another has 3.
    assert queries.actor_of(lins.account_id, later, device="aa" * 32).level == 4
    assert queries.actor_of(lins.account_id, later).level == 3


@pytest.mark.parametrize("verdict", ["different", "cannot_tell"])
def test_an_officers_no_gives_no_level_says_what_to_do_and_is_on_record(
    lins: Actor, walk: Walk, desk_clerk: Actor, verdict: str
) -> None:
    pose(walk("officer"), lins)
    taken = actions.claim_next(by=desk_clerk, now=NOW + 2 * MINUTE)
    assert taken is not None
    row = actions.decide(taken, verdict, by=desk_clerk, now=NOW + 2 * MINUTE)
    assert (row.state, row.outcome, CheckPicture.objects.count()) == (Check.REFUSED, verdict, 0)
    assert queries.actor_of(lins.account_id, NOW + 3 * MINUTE).level == 2
    assert said("refused")[-1]["reason"] == verdict


def test_two_officers_never_have_the_same_check(lins: Actor, walk: Walk, desk_clerk: Actor, city: City) -> None:
    pose(walk("officer"), lins)
    other = city.hire("lianhua.second", "id_clerk", "lianhua")
    taken = actions.claim_next(by=desk_clerk, now=NOW + 2 * MINUTE)
    assert taken is not None
    assert actions.claim_next(by=other, now=NOW + 2 * MINUTE) is None
    for act in (actions.open_desk, lambda pk, by, now: actions.decide(pk, "same", by=by, now=now)):
        with pytest.raises(Unknown):
            act(taken, by=other, now=NOW + 2 * MINUTE)
    actions.release(taken, by=desk_clerk, now=NOW + 3 * MINUTE)
    assert actions.claim_next(by=other, now=NOW + 4 * MINUTE) == taken


def test_without_the_act_nobody_sees_the_desk(lins: Actor, walk: Walk, clerk: Actor) -> None:
    pose(walk("officer"), lins)
    with pytest.raises(NotAllowed):
        queries.waiting(clerk, NOW + 2 * MINUTE)
    with pytest.raises(NotAllowed):
        actions.claim_next(by=clerk, now=NOW + 2 * MINUTE)


def test_no_officer_confirms_themselves(lins: Actor, walk: Walk, desk_clerk: Actor) -> None:
    pose(walk("officer"), lins)
    Account.objects.filter(pk=desk_clerk.account_id).update(person_id=lins.person_id)
    oneself = queries.actor_of(desk_clerk.account_id, NOW)
    assert actions.claim_next(by=oneself, now=NOW + 2 * MINUTE) is None
    assert queries.waiting(oneself, NOW + 2 * MINUTE) == []


# ---- at the counter -------------------------------------------------------------------------------------


def test_at_the_counter_no_photo_is_taken_and_no_browser_gets_level_4(
    lins: Actor, machine: Machine, desk_clerk: Actor
) -> None:
    row = actions.open_check(by=lins, session_ref=None, now=NOW)
    code = actions.counter_code(row.pk, by=lins, now=NOW)
    taken = actions.claim_by_code(code, by=desk_clerk, now=NOW + MINUTE)
    opened = actions.open_desk(taken, by=desk_clerk, now=NOW + MINUTE)
    assert (opened.at_counter, dict(opened.pictures), opened.id_number) == (True, {}, LIN_NUMBER)
    actions.decide(taken, "same", by=desk_clerk, now=NOW + MINUTE)
    assert Evidence.objects.get().method == "counter"
    assert queries.actor_of(lins.account_id, NOW + 2 * MINUTE, device="aa" * 32).level == 3


def test_a_counter_code_is_over_after_half_an_hour_and_a_new_one_ends_the_old(
    lins: Actor, machine: Machine, desk_clerk: Actor
) -> None:
    row = actions.open_check(by=lins, session_ref=None, now=NOW)
    first = actions.counter_code(row.pk, by=lins, now=NOW)
    second = actions.counter_code(row.pk, by=lins, now=NOW + MINUTE)
    with pytest.raises(Wrong):
        actions.claim_by_code(first, by=desk_clerk, now=NOW + MINUTE)
    with pytest.raises(Wrong):
        actions.claim_by_code(second, by=desk_clerk, now=NOW + timedelta(minutes=90))


def test_a_passkey_makes_level_4_in_this_sign_in(lins: Actor, walk: Walk) -> None:
    pose(walk(), lins)
    week = NOW + timedelta(days=7)
    from minjing.base.ids import new_id

    here = new_id()
    assert queries.actor_of(lins.account_id, week, session_ref=here).level == 3
    actions.by_passkey(by=lins, session_ref=here, now=week)
    assert queries.actor_of(lins.account_id, week, session_ref=here).level == 4
    assert queries.actor_of(lins.account_id, week, session_ref=new_id()).level == 3


def test_the_small_numbers_of_this_test_are_right() -> None:
    assert idnumber.parse(LIN_NUMBER).birth == date(1990, 3, 8)  # 30 at issue: valid for 20 years


def test_what_waits_for_a_check_is_told_when_it_is_begun_and_again_when_it_is_taken_up(
    lins: Actor, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[object, object]] = []
    monkeypatch.setattr(plugs, "check_begun", [lambda by, now: told.append((by.account_id, now))])
    for at in (NOW, NOW + MINUTE):
        actions.open_check(by=lins, session_ref=None, now=at)
    assert told == [(lins.account_id, NOW), (lins.account_id, NOW + MINUTE)]
