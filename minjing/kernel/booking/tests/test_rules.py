"""Minutes, slots, queues and missed visits, without a database."""

from datetime import date, timedelta

from minjing.kernel.booking.rules import (
    Free,
    Grid,
    Terms,
    fitting,
    km_between,
    may_report,
    misses,
    parse_code,
    queue_at,
    slot_id,
)
from minjing.kernel.booking.tests.conftest import MONDAY, TUESDAY, at

GRID = Grid.of([["09:00", "12:00"], ["14:00", "18:00"]], 30)


def free(hour: int, minute: int, minutes: int) -> Free:
    start = at(hour, minute)
    return Free(start, start + timedelta(minutes=30), minutes, 60)


def test_a_day_is_divided_within_its_opening_hours_only():
    starts = GRID.starts(TUESDAY)
    assert len(starts) == 14
    assert starts[5:7] == [at(11, 30), at(14)]


def test_a_rest_too_short_for_a_slot_is_not_opened():
    assert len(Grid.of([["09:00", "10:20"]], 30).starts(TUESDAY)) == 2


def test_a_long_visit_takes_the_slots_in_a_row():
    assert GRID.parts(at(9), 70) == [(at(9), 30), (at(9, 30), 30), (at(10), 10)]
    assert GRID.parts(at(9), 30) == [(at(9), 30)]


def test_a_visit_fits_where_every_slot_it_needs_has_room():
    slots = [free(9, 0, 30), free(9, 30, 10), free(10, 0, 60)]
    assert [f.starts_at for f in fitting(slots, 40, 30)] == [at(9)]
    assert [f.starts_at for f in fitting(slots, 50, 30)] == []
    assert [f.visits for f in fitting(slots, 10, 30)] == [3, 1, 6]


def test_a_visit_does_not_reach_over_noon():
    slots = [free(11, 30, 60), free(14, 0, 60)]
    assert [f.starts_at for f in fitting(slots, 40, 30)] == []


def test_two_places_never_share_the_id_of_a_slot():
    ids = {slot_id(place, start) for place in (1, 2, 700) for start in GRID.starts(TUESDAY)}
    assert len(ids) == 3 * 14


def test_the_third_miss_within_ninety_days_pauses_for_thirty():
    terms = Terms()
    days = [MONDAY - timedelta(days=d) for d in (80, 40, 1)]
    found = misses(days, terms, MONDAY)
    assert (len(found.counted), found.until) == (3, MONDAY + timedelta(days=29))
    assert misses(days[1:], terms, MONDAY).until is None


def test_misses_far_apart_do_not_pause_and_a_pause_ends():
    terms = Terms()
    assert misses([MONDAY - timedelta(days=d) for d in (100, 40, 1)], terms, MONDAY).until is None
    assert misses([MONDAY - timedelta(days=d) for d in (60, 40, 31)], terms, MONDAY).until is None


def test_who_comes_early_waits_for_their_time_and_who_comes_late_for_their_arrival():
    assert queue_at(at(10), at(9, 30)) == at(10)
    assert queue_at(at(9), at(9, 40)) == at(9, 40)


def test_one_reports_neither_too_early_nor_too_late():
    terms = Terms()
    assert may_report(at(10), at(10, 30), terms, at(8, 59)) == "early"
    assert may_report(at(10), at(10, 30), terms, at(9)) == ""
    assert may_report(at(10), at(10, 30), terms, at(11)) == ""
    assert may_report(at(10), at(10, 30), terms, at(11, 1)) == "late"


def test_a_code_is_read_however_it_was_typed_or_scanned():
    assert parse_code(" 7k3m9-qxd2a ") == "7K3M9QXD2A"
    assert parse_code("https://minjing.example/v/7K3M9QXD2A") == "7K3M9QXD2A"
    assert parse_code("7K3M9-QXDOI") == "7K3M9QXD01"
    assert parse_code("7K3M9") is None
    assert parse_code("中文中文中文中文中文") is None


def test_distances_are_those_of_the_map():
    assert abs(km_between(114.0550, 22.5415, 114.1318, 22.5482) - 7.92) < 0.05


def test_terms_keep_what_a_city_does_not_name():
    assert Terms.of({"misses": 2, "unknown": 9}) == Terms(misses=2)
    assert date(2026, 9, 15) == TUESDAY
