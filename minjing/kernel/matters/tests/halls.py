"""A hall where visits are booked, in the small world of the tests."""

from collections.abc import Iterator

from minjing.base.clock import now
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.rules import PlaceFacts
from minjing.kernel.booking.tests.conftest import put


def open_hall() -> Iterator[PlaceFacts]:
    """Yield a hall of two slots a day, three passports each; another one lies further off."""
    queries.forget_kept()
    put("hall", counters=1, hours=[["09:00", "10:00"]])
    put("corner", counters=1, lon=114.2)
    actions.open_all_days(now())
    yield queries.place("hall")
    queries.forget_kept()
