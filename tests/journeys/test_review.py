"""The desk of violations by keys alone: a key a decision, each on record, as fast as an officer can read."""

import time

from playwright.sync_api import expect

from tests.house import House
from tests.journeys.conftest import DESK

DECIDED = "SELECT number, state FROM traffic_violation WHERE number = ANY(%s)"
TOLD = """
SELECT count(*) FROM ledger_outbox o
  JOIN traffic_violation v ON convert_from(o.payload, 'UTF8') LIKE '%%' || v.id || '%%'
 WHERE o.kind IN ('traffic:violation:published', 'traffic:violation:struck') AND v.number = ANY(%s)
"""
KEYS = "pp1p3"
ENDS = {"p": "published", "1": "struck", "3": "struck"}


def test_an_officer_reviews_by_keys_alone(officer, house: House, record_property) -> None:
    desk = officer("traffic.reviewer", DESK)
    desk.goto("/officer/violations/")
    number, wished = desk.locator("dd.number").first, {}
    began = time.monotonic()
    for key in KEYS:
        case = number.inner_text()
        with desk.expect_navigation():
            desk.keyboard.press(key)
        expect(number).not_to_have_text(case)
        wished[case] = ENDS[key]
    record_property("cases_a_minute_without_reading", round(60 * len(wished) / (time.monotonic() - began)))
    assert len(wished) == len(KEYS)
    assert dict(house.rows(DECIDED, [list(wished)])) == wished
    assert house.rows(TOLD, [list(wished)])[0][0] == len(KEYS)
