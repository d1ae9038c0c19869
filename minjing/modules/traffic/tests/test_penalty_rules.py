"""What violations cost, by the published packs: the table of cases, one act, and packs that are refused."""

import copy
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from minjing.base.clock import CHINA
from minjing.modules.traffic import packs
from minjing.modules.traffic.rules.penalties.cascade import cascade
from minjing.modules.traffic.rules.penalties.evaluate import evaluate
from minjing.modules.traffic.rules.penalties.judge import Judge
from minjing.modules.traffic.rules.penalties.packs import WrongPack
from minjing.modules.traffic.rules.penalties.shapes import Record

CASES = yaml.safe_load((Path(__file__).parent / "penalty_cases.yaml").read_text(encoding="utf-8"))
KNOWN = date(2026, 11, 28)
FACTS = ("accident", "local", "held_since", "source", "checked", "ground", "city")


def at(day, hour=8):
    """Return that hour of the day in China."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=CHINA)


def record(key, day, conduct, **facts):
    """Return a violation of a vehicle of the city, held for years."""
    facts.setdefault("held_since", date(2018, 1, 1))
    return Record(key, at(day) if not isinstance(day, datetime) else day, conduct, **facts)


@pytest.fixture(scope="module")
def rules():
    return packs.in_force()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_facts_come_to(case, rules):
    past = [record(f"past{n}", day, conduct) for n, (day, conduct) in enumerate(case.get("past", []))]
    facts = {
        k: case[k] for k in ("accident", "local", "held_since", "source", "checked", "ground", "city") if k in case
    }
    answer = evaluate(record("it", case["at"], case["conduct"], **facts), past, rules, KNOWN)
    if isinstance(case["expect"], list):
        fine, points, months = case["expect"]
        assert (answer.fine_fen, answer.points, answer.suspension_months) == (fine * 100, points, months)
        assert answer.kind == "charged"
    else:
        assert answer.kind == {"warning": "warned"}.get(case["expect"], case["expect"])
        assert (answer.fine_fen, answer.points, answer.suspension_months) == (0, 0, 0)
    assert answer.reasons
    assert all(reason.words["zh"] and reason.words["en"] for reason in answer.reasons)
    assert case.get("rule", "") in {"", *(reason.rule for reason in answer.reasons)}


def test_the_answer_names_the_day_of_the_first_rule_to_a_violation_older_than_it(rules):
    answer = evaluate(record("it", date(2009, 5, 1), "SZP01"), [], rules, KNOWN)
    assert "2010-08-01" in answer.reasons[0].words["zh"]
    assert "2010-08-01" in answer.reasons[0].words["en"]


def test_a_driver_is_told_what_would_have_changed_it(rules):
    past = [record("a", date(2025, 6, 1), "SZP01"), record("b", date(2026, 1, 5), "SZP01")]
    answer = evaluate(record("it", date(2026, 3, 1), "SZP01"), past, rules, KNOWN)
    assert any(change.facts == {"red_lights": 2} and change.fine_fen == 50000 for change in answer.would_change)
    second = evaluate(record("it", date(2026, 3, 1), "SZP01"), past[:1], rules, KNOWN)
    assert any(change.warning and "clean_months" in change.facts for change in second.would_change)


def test_photos_of_one_act_are_charged_once(rules):
    first = record("a", at(date(2026, 3, 1)), "SZP20", place="深南大道")
    second = replace(first, key="b", at=first.at + timedelta(seconds=59))
    elsewhere = replace(second, key="c", place="滨海大道")
    later = replace(first, key="d", at=first.at + timedelta(seconds=61))
    known = evaluate(second, [first, elsewhere, later], rules, KNOWN)
    assert (known.kind, known.merged_into) == ("merged", "a")
    assert evaluate(elsewhere, [first, second, later], rules, KNOWN).fine_fen == 100000
    assert evaluate(later, [first, second, elsewhere], rules, KNOWN).fine_fen == 100000


def test_of_several_violations_in_one_act_the_heaviest_is_charged(rules):
    light = record("a", date(2026, 3, 1), "SZP18", act="one")
    heavy = replace(light, key="b", conduct="SZP21", at=light.at + timedelta(seconds=1))
    assert evaluate(light, [heavy], rules, KNOWN).merged_into == "b"
    assert evaluate(heavy, [light], rules, KNOWN).fine_fen == 200000


def test_what_excuses_an_act_excuses_each_of_its_photos(rules):
    first = record("a", at(date(2026, 3, 1)), "SZP01", place="深南大道")
    second = replace(first, key="b", at=first.at + timedelta(seconds=5), ground="made_way")
    assert evaluate(first, [second], rules, KNOWN).kind == "removed"
    wrong = replace(second, ground="wrong_plate")  # the record is wrong: it says nothing about the act
    assert evaluate(first, [wrong], rules, KNOWN).kind == "warned"


def test_one_that_falls_changes_every_later_one_it_counted_for(rules):
    days = [date(2025, 5, 1), date(2025, 6, 1), date(2025, 7, 1), date(2025, 8, 1), date(2025, 9, 1)]
    history = [record(f"{n}", day, "SZP01") for n, day in enumerate(days)]
    changed = cascade(history, {"1": "made_way"}, Judge(rules, KNOWN))
    assert [(d.key, d.before[1:], d.after.sums[1:]) for d in changed] == [
        ("1", (50000, 6, 0), (0, 0, 0)),
        ("2", (100000, 6, 0), (50000, 6, 0)),  # the third has become the second
        ("4", (100000, 6, 3), (100000, 6, 0)),  # the fifth the fourth
    ]
    assert sum(d.back_fen for d in changed) == 100000


def test_the_first_that_falls_makes_the_second_the_first(rules):
    history = [record("a", date(2025, 5, 1), "SZP01"), record("b", date(2025, 6, 1), "SZP01")]
    changed = cascade(history, {"a": "stolen"}, Judge(rules, KNOWN))
    assert [(d.key, d.after.kind, d.back_fen) for d in changed] == [("a", "removed", 0), ("b", "warned", 50000)]


def test_a_rule_published_later_is_not_known_before(rules):
    red = next(rule for rule in rules.rules if rule.code == "SZP01")
    later = replace(rules, rules=(*(r for r in rules.rules if r is not red), replace(red, known=date(2026, 6, 1))))
    it = record("it", date(2026, 3, 1), "SZP01", accident=True)
    assert evaluate(it, [], later, date(2026, 5, 31)).fine_fen == 0
    assert evaluate(it, [], later, date(2026, 6, 1)).fine_fen == 50000


def changed(file, change):
    """Return the packs with one of them changed."""
    found = copy.deepcopy(dict(packs.sources()))
    change(found[file])
    return found


def refusal(packs_):
    """Return what is said about packs that are refused."""
    with pytest.raises(WrongPack) as refused:
        packs.checked(packs_)
    return [(fault.path, fault.reason["zh"], fault.reason["en"]) for fault in refused.value.faults]


def test_two_rules_that_both_win_are_refused_with_both_their_paths():
    twin = {
        "code": "TWIN", "valid": {"from": date(2020, 1, 1)}, "when": {"conduct": "SZP01", "red_lights": {"min": 2}},
        "effect": {"fine_fen": 70000}, "title": {"zh": "重", "en": "twin"}, "article": "x", "priority": 10,
        "confidence": "A", "source": "x",
    }  # fmt: skip
    ((path, zh, en),) = refusal(changed("shenzhen", lambda pack: pack["rules"].append(twin)))
    assert path == "shenzhen.rules.TWIN"
    assert "shenzhen.rules.SZP01" in zh
    assert "shenzhen.rules.SZP01" in en


def test_rules_of_days_apart_or_facts_apart_do_not_meet():
    def apart(pack):
        rule = next(r for r in pack["rules"] if r["code"] == "SZP01")
        pack["rules"] += [
            {**rule, "code": "OLD", "valid": {"from": date(2000, 1, 1), "to": date(2010, 8, 1)}},
            {**rule, "code": "ELSEWHERE", "place": "guangzhou"},
        ]

    packs.checked(changed("shenzhen", apart))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda rule: rule.update(when={"conduct": "SZP99"}), "shenzhen.rules.SZP01"),
        (lambda rule: rule.update(when={"weather": "rain"}), "shenzhen.rules.SZP01"),
        (lambda rule: rule.update(when={"conduct": "SZP01", "red_lights": {"least": 1}}), "shenzhen.rules.SZP01"),
        (lambda rule: rule.update(effect={"fine_fen": -1}), "shenzhen.rules.SZP01"),
        (lambda rule: rule.update(effect={"fine_fen": 1, "points": 1}), "shenzhen.rules.SZP01"),
        (lambda rule: rule.update(confidence="D"), "shenzhen.rules.SZP01"),
        (lambda rule: rule.pop("article"), "shenzhen.rules.SZP01"),
        (lambda rule: rule.update(valid={"from": date(2020, 1, 1), "to": date(2019, 1, 1)}), "shenzhen.rules.SZP01"),
        (lambda rule: rule.update(effect={"fine_fen": "$unknown"}), "shenzhen.rules.SZP01"),
    ],
)
def test_a_wrong_rule_is_refused_where_it_stands(change, path):
    assert refusal(changed("shenzhen", lambda pack: change(pack["rules"][0])))[0][0] == path
