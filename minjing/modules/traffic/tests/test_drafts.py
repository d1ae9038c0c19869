"""The what-if desk: drafts begun, changed, refused, replayed; figures equal to the exact path, nobody made out."""

import json
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
import yaml

from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.identity.models import Unit
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.kernel.pay.tests.conftest import officer as appointed
from minjing.modules.traffic import packs
from minjing.modules.traffic.actions import drafts
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import DraftReplay, RuleDraft, Violation
from minjing.modules.traffic.queries import histories, replaying
from minjing.modules.traffic.rules.penalties import folding
from minjing.modules.traffic.rules.penalties.evaluate import answered
from minjing.modules.traffic.rules.penalties.history import walk
from minjing.modules.traffic.rules.penalties.judge import Judge
from minjing.modules.traffic.rules.penalties.packs import WrongPack
from minjing.modules.traffic.rules.penalties.tally import Tally

pytestmark = pytest.mark.django_db

NOW = datetime.fromisoformat("2026-11-27T10:00:00+08:00")
LEGAL = Actor(
    UUID(int=71), "officer", level=4,
    holdings=(Holding("traffic_legal", 1, "1.", "bureau", 0, frozenset({"draft_rules", "see_drafts"})),),
)  # fmt: skip
SUPERVISOR = Actor(
    UUID(int=72), "officer", level=4,
    holdings=(Holding("supervisor", 1, "1.", "bureau", 0, frozenset({"supervise", "see_drafts"})),),
)  # fmt: skip


def red_light(vehicle, days, *, person=None, conduct="SZP01", number=[0]):  # noqa: B006 - counts on
    number[0] += 1
    Violation.objects.create(
        org_id=1, number=f"T{number[0]:06d}", violated_at=NOW - timedelta(days=days), recorded_at=NOW,
        conduct=conduct, place=f"路口{number[0]}", vehicle_id=UUID(int=vehicle), state="paid", local=False,
        person_id=person and UUID(int=person),
    )  # fmt: skip


@pytest.fixture
def city():
    """Six vehicles with three red lights each within a year, and one before the period that still counts."""
    for vehicle in range(1, 7):
        for days in (800, 500, 300, 100):
            red_light(vehicle, days, person=100 + vehicle if vehicle % 2 else None)
    for vehicle in range(11, 31):
        red_light(vehicle, vehicle, conduct="SZP18")


def drafted(change=lambda pack: None, base="shenzhen"):
    draft = drafts.begin(base, "第三次起 2,000 元", by=LEGAL, now=NOW)
    pack = yaml.safe_load(draft.source)
    change(pack)
    return drafts.change(draft.pk, packs.written(pack), seen=draft.digest, by=LEGAL, now=NOW)


def rule(pack, code):
    return next(row for row in pack["rules"] if row["code"] == code)


def dearer(pack):
    rule(pack, "SZP01")["effect"] = {"fine_fen": 60_000}


def replayed(draft):
    made = drafts.ask(draft.pk, date(2024, 11, 27), date(2026, 11, 27), by=LEGAL, now=NOW)
    return drafts.run(made.pk, now=NOW)


def test_a_replay_comes_to_what_the_exact_path_comes_to(city, django_assert_max_num_queries):
    draft = drafted(dearer)
    made = drafts.ask(draft.pk, date(2024, 11, 27), date(2026, 11, 27), by=LEGAL, now=NOW)
    with django_assert_max_num_queries(12):
        row = drafts.run(made.pk, now=NOW)
    before = after = 0
    for rules, add in ((packs.in_force(), "before"), (packs.with_draft("shenzhen", draft.source), "after")):
        judge = Judge(rules, NOW.date())
        for vehicle in {v.vehicle_id for v in Violation.objects.all()}:
            steps = walk(histories.records(Violation.objects.filter(vehicle_id=vehicle)), judge)
            fen = sum(answered(s, judge).fine_fen for s in steps if s.record.at >= NOW - timedelta(days=731))
            before, after = (before + fen, after) if add == "before" else (before, after + fen)
    whole = row.figures["whole"]
    assert (whole["fine_before_fen"], whole["fine_after_fen"]) == (before, after)
    assert after > before
    assert whole["violations"] == 38
    assert row.figures["vehicles"] == {"better": 0, "worse": 6, "mixed": 0}
    assert row.figures["persons"]["worse"] is None  # three people are too few to be named
    (entry,) = Outbox.objects.filter(kind="traffic:draft:replayed")
    said = json.loads(bytes(entry.payload))
    assert (said["digest"], said["pack"], said["rows"]) == (draft.digest, packs.in_force().version, 44)


def test_slices_come_to_the_same_as_one(city, monkeypatch):
    one = replayed(drafted(dearer)).figures
    monkeypatch.setattr(replaying, "SLICE_ROWS", 7)
    assert replayed(drafted(dearer)).figures == one


def test_fewer_than_five_changes_are_not_shown_at_all(city):
    red_light(40, 20, conduct="SZP08")
    row = replayed(drafted(lambda pack: rule(pack, "SZP08").update(effect={"fine_fen": 1})))
    assert row.figures == {"violations": 39, "few": True}


def test_two_rules_that_both_win_are_refused_with_the_names_of_both():
    with pytest.raises(WrongPack) as wrong:
        drafted(lambda pack: rule(pack, "SZP01-3").update(priority=10))
    (fault,) = wrong.value.faults
    assert {"shenzhen.rules.SZP01", "shenzhen.rules.SZP01-3"} == {fault.path, fault.reason["zh"].split()[1]}


@pytest.mark.parametrize(
    "text", ["rules: [", "a: &a [1]\nrules: [*a]", "rules: 5", "- 1", "x" * 200_001, "rules: [{code: 1}]",
             "rules: [7]", "parameters: {a: {}}\nrules: []", "counters: [1]\nrules: []"]
)  # fmt: skip
def test_what_is_no_pack_is_refused_in_words(text):
    with pytest.raises(WrongPack) as wrong:
        packs.with_draft("shenzhen", text)
    assert all(fault.reason["zh"] and fault.reason["en"] for fault in wrong.value.faults)


def test_a_draft_changes_nothing_in_force_and_nobodys_penalty(city):
    version, rows = packs.in_force().version, list(Violation.objects.order_by("id").values())
    replayed(drafted(dearer))
    assert packs.in_force().version == version
    assert list(Violation.objects.order_by("id").values()) == rows


def test_who_may_only_look_changes_nothing_and_it_stands_in_the_ledger():
    draft = drafted(dearer)
    with pytest.raises(Refused):
        drafts.change(draft.pk, draft.source, seen=draft.digest, by=SUPERVISOR, now=NOW)
    with pytest.raises(Refused):
        drafts.ask(draft.pk, date(2026, 1, 1), date(2026, 2, 1), by=SUPERVISOR, now=NOW)
    assert Outbox.objects.filter(kind="traffic:draft:refused").count() == 2
    assert not DraftReplay.objects.exists()


def test_a_change_that_somebody_else_has_overtaken_is_refused():
    draft = drafted(dearer)
    with pytest.raises(Refused) as refused:
        drafts.change(draft.pk, draft.source, seen="0" * 16, by=LEGAL, now=NOW)
    assert refused.value.key == "draft_moved"


def test_a_draft_goes_three_years_after_it_was_last_changed_or_replayed(city):
    old, replayed_later = drafted(dearer), drafted(dearer)
    replayed(old)
    later = NOW + timedelta(days=400)
    drafts.ask(replayed_later.pk, date(2026, 1, 1), date(2026, 2, 1), by=LEGAL, now=later)
    assert drafts.drop_old(NOW + timedelta(days=1095)) == 0
    assert drafts.drop_old(NOW + timedelta(days=1097)) == 1
    assert [row.pk for row in RuleDraft.objects.all()] == [replayed_later.pk]
    said = json.loads(bytes(Outbox.objects.get(kind="traffic:draft:dropped").payload))
    assert (said["drafts"], said["replays"]) == ([str(old.pk)], 1)
    assert drafts.drop_old(NOW + timedelta(days=1097)) == 0


def test_cells_that_are_too_small_are_told_together():
    def cell(key, many, changed=0):
        return folding.Cell(key, many, changed, many * 100, many * 100, 0, 0)

    assert [c.key for c in folding.of_sorts([cell("a", 9), cell("b", 4), cell("c", 3)])] == ["a", ""]
    assert [c.key for c in folding.of_sorts([cell("a", 9), cell("b", 3)])] == [""]  # the rest would give b away
    assert folding.of_sorts([cell("a", 3)]) == []
    assert [c.key for c in folding.of_sorts([cell("a", 30, 2), cell("b", 30, 5)])] == ["b", ""][1:]
    months = folding.of_months([cell("2025-01", 3), cell("2025-02", 3), cell("2025-03", 8), cell("2025-04", 1)])
    assert [c.key for c in months] == ["2025-01/2025-02", "2025-03/2025-04"]


def test_a_difference_of_fewer_than_five_suspensions_is_not_told_either():
    assert Tally(suspensions=[10, 11])._suspensions() == [None, None]
    assert Tally(suspensions=[10, 15])._suspensions() == [10, 15]


def officer_of(post, *held):
    unit = Unit.objects.create(
        code="440300", org_id=0, level="bureau", path="1.", name={"zh": "市局", "en": "Bureau"}
    )
    return people.actor_of(appointed(unit, post, *held).account_id, NOW)


def test_a_lawyer_changes_a_number_in_the_form_replays_and_takes_the_table_away(city):
    browser = signed_in(officer_of("traffic_legal", "draft_rules", "see_drafts"), "zh-hans")
    page = browser.post("/officer/traffic/what-if/", {"base": "shenzhen", "title": "提高罚款"})
    address = page["Location"]
    form = browser.get(address).content.decode()
    assert "不会生效" in form
    assert 'name="e-SZP01"' in form
    seen = form.split('name="seen" value="')[1][:16]
    wrong = browser.post(address, {"seen": seen, "e-SZP01": "六百"})
    assert wrong.status_code == 422
    assert "请填整数" in wrong.content.decode()
    assert browser.post(address, {"seen": seen, "e-SZP01": "600"}).status_code == 302
    asked = browser.post(f"{address}replay/", {"from": "2024-11-27", "until": "2026-11-27"})
    waiting = browser.get(asked["Location"]).content.decode()
    assert "<progress" in waiting
    drafts.run(DraftReplay.objects.get().pk, now=NOW)
    done = browser.get(asked["Location"]).content.decode()
    assert done.count("<svg") >= 2
    table = browser.get(f"{asked['Location']}table.csv").content.decode("utf-8-sig")
    assert table.splitlines()[1].startswith("whole,total,38,")
    assert "粤B" not in table


def test_the_desk_is_closed_to_others():
    browser = signed_in(officer_of("traffic_reviewer", "review_violations"), "zh-hans")
    assert browser.get("/officer/traffic/what-if/").status_code == 403
