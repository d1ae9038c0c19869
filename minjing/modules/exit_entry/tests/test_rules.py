"""Age, validity, endorsements, fees: the rules, with the dates on which they turn."""

from datetime import date, timedelta

import pytest

from minjing.modules.exit_entry import rules, tariff
from minjing.modules.exit_entry.rules import Held, Objection, Platform

DAY = date(2026, 11, 27)
BIRTH = date(2010, 11, 27)  # sixteen today
LONG = Held("hk_macao", "valid", date(2022, 1, 5), date(2032, 1, 4))
PASSPORT = Held("passport", "valid", date(2017, 5, 1), date(2027, 4, 30))


def test_a_document_lasts_five_years_until_the_day_before_the_sixteenth_birthday_and_ten_from_the_day_itself():
    assert rules.years_valid(BIRTH, DAY - timedelta(days=1)) == 5
    assert rules.years_valid(BIRTH, DAY) == 10
    assert rules.is_child(BIRTH, DAY - timedelta(days=1))
    assert not rules.is_child(BIRTH, DAY)


def test_the_last_day_is_the_day_before_it_comes_round_also_on_leap_days():
    assert rules.expires(date(2026, 11, 27), 10) == date(2036, 11, 26)
    assert rules.expires(date(2024, 2, 29), 5) == date(2029, 2, 27)
    assert rules.last_day(date(2026, 11, 30), 3) == date(2027, 2, 27)
    assert rules.months_after(date(2026, 1, 31), -2) == date(2025, 11, 30)


def test_a_document_counts_on_its_last_day_and_has_run_out_on_the_next():
    assert PASSPORT.state_on(PASSPORT.expires) == "valid"
    assert PASSPORT.state_on(PASSPORT.expires + timedelta(days=1)) == "expired"
    assert Held("passport", "lost", DAY, DAY).state_on(DAY + timedelta(days=9)) == "lost"


def test_a_first_document_is_refused_to_who_has_one_but_not_to_whose_has_run_out():
    assert rules.may_apply_first([PASSPORT], "passport", DAY) == Objection("has_one")
    assert rules.may_apply_first([PASSPORT], "hk_macao", DAY) is None
    assert rules.may_apply_first([PASSPORT], "passport", date(2027, 5, 1)) is None
    being_made = Held("passport", "being_made", DAY, rules.expires(DAY, 10))
    assert rules.may_apply_first([being_made], "passport", DAY) == Objection("being_made")


def test_a_passport_is_renewed_from_a_year_before_its_end_and_at_once_when_damaged_or_full():
    early = date(2026, 4, 29)
    assert rules.renew_from(PASSPORT, Platform()) == date(2026, 4, 30)
    assert rules.may_renew([PASSPORT], "passport", "expiring", early, Platform()) == Objection(
        "not_yet", "reason", "2026-04-30"
    )
    assert rules.may_renew([PASSPORT], "passport", "damaged", early, Platform()) is None
    assert rules.may_renew([PASSPORT], "passport", "expiring", DAY, Platform()) is None


def test_what_is_lost_is_replaced_not_renewed():
    lost = Held("passport", "lost", PASSPORT.issued, PASSPORT.expires)
    assert rules.may_renew([lost], "passport", "expiring", DAY, Platform()) == Objection("nothing_to_renew")
    assert rules.may_replace([lost], "passport", DAY) is None
    assert rules.may_replace([], "passport", DAY) == Objection("nothing_to_replace")
    cancelled = Held("passport", "cancelled", PASSPORT.issued, PASSPORT.expires)
    assert rules.may_replace([cancelled], "passport", DAY) == Objection("nothing_to_replace")


def may(code: str, permit: Held | None = LONG, **more) -> list[str]:
    facts = {"registered_here": True, "restricted": False, "day": DAY, "online": True, "renewed_before": "GL"}
    return [o.key for o in rules.may_endorse(tariff.kinds()[code], permit, **{**facts, **more})]


def test_an_endorsement_online_needs_an_electronic_permit_fingerprints_and_registration_here():
    assert may("HK-G-1Y2") == []
    assert may("HK-G-1Y2", None) == ["no_valid_permit"]
    assert may("HK-G-1Y2", Held("hk_macao", "valid", DAY, LONG.expires, electronic=False, fingerprints=False)) == [
        "permit_not_electronic",
        "no_fingerprints",
    ]
    assert may("HK-G-1Y2", registered_here=False, restricted=True) == ["not_registered_here", "unit_must_agree"]
    assert may("HK-G-1Y2", renewed_before="L") == ["first_time"]
    assert may("HK-G-1Y2", renewed_before="", online=False) == []


def test_one_trip_a_week_is_for_those_registered_in_the_city_also_at_the_counter():
    assert may("HK-G-1YM", registered_here=False, online=False) == ["not_registered_here"]
    assert may("HK-G-1Y1", registered_here=False, online=False) == []


def test_an_endorsement_never_outlasts_its_permit():
    kind = tariff.kinds()["HK-G-1Y1"]
    just = Held("hk_macao", "valid", DAY, rules.last_day(DAY, 12))
    short = Held("hk_macao", "valid", DAY, rules.last_day(DAY, 12) - timedelta(days=1))
    assert may("HK-G-1Y1", just) == []
    assert may("HK-G-1Y1", short) == ["permit_too_short"]
    assert may("HK-G-3M1", short) == []
    assert rules.endorsement_ends(kind, DAY, short) == short.expires
    assert rules.endorsement_ends(kind, DAY, LONG) == date(2027, 11, 26)


def test_only_travellers_kinds_are_decided_by_data_alone():
    alone = {code for code, kind in tariff.kinds().items() if rules.decides_itself(kind)}
    assert {tariff.kinds()[code].letter for code in alone} == {"G", "L"}


@pytest.mark.parametrize(
    ("name", "day", "fen"),
    [
        ("passport", date(2017, 6, 30), 20000),
        ("passport", date(2017, 7, 1), 16000),
        ("passport", date(2019, 6, 30), 16000),
        ("passport", date(2019, 7, 1), 12000),
        ("hk_macao", DAY, 6000),
        ("taiwan", DAY, 8000),
        ("taiwan_single", DAY, 1500),
        ("annotation", DAY, 2000),
    ],
)
def test_a_fee_is_that_of_the_day(name, day, fen):
    assert tariff.document_item(name, day).due_fen == fen


def test_both_destinations_cost_twice_and_a_waived_line_costs_nothing():
    assert tariff.endorsement_item("HK-G-1Y2", DAY, 2).due_fen == 6000
    assert tariff.document_item("passport", DAY, "our_mistake").due_fen == 0
    bill = [tariff.document_item("hk_macao", DAY), tariff.endorsement_item("HK-G-1Y1", DAY)]
    assert rules.total(bill) == 7500


def test_a_price_before_it_existed_is_none():
    assert rules.price(tariff.kinds()["HK-R-1YM"].fees, date(2018, 1, 1)) is None


def test_an_urgent_promise_never_goes_beyond_the_law():
    assert rules.within_law(date(2026, 12, 4), DAY, 15) == date(2026, 12, 4)
    assert rules.within_law(date(2027, 2, 1), DAY, 15) == date(2026, 12, 12)


def test_numbers_of_documents_are_a_series_a_kind_masked_and_read_as_typed():
    assert rules.number("passport", 42) == "EZ0000042"
    assert rules.masked("EZ0000042") == "EZ****042"
    assert rules.fits("ez 0000-042", "EZ0000042")
    assert rules.fits("EZ****042", "EZ0000042")
    assert not rules.fits("EZ0000043", "EZ0000042")
    with pytest.raises(ValueError, match="used up"):
        rules.number("passport", 10**7)
