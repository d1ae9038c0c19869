"""Two at once, committed: apart from the tests that share one open transaction with a world made once."""

import threading

import pytest
from django.db import connection

from minjing.kernel.identity.actor import SYSTEM
from minjing.modules.traffic.actions import parking, points
from minjing.modules.traffic.models import FullPoints, Licence, PointsEntry, Strike
from minjing.modules.traffic.tests.test_parking_waiver import MINUTE, parked
from minjing.modules.traffic.tests.test_penalties import DAY, NOW, ZHOU, car, driver, lin  # noqa: F401 - the people


def at_once(*acts):
    """Run acts on threads that begin together; return what they raised."""
    raised, gate = [], threading.Barrier(len(acts))

    def run(act):
        try:
            gate.wait()
            act()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_two_waivers_at_once_let_one_vehicle_off_once(lin, car):  # noqa: F811
    rows = [parked(car), parked(car, NOW + 60 * MINUTE)]
    raised = at_once(
        *(
            lambda row=row: parking.waive(
                row, row.violated_at, row.violated_at + MINUTE, by=ZHOU, now=NOW + 120 * MINUTE
            )
            for row in rows
        )
    )
    assert [error.key for error in raised] == ["waiver_again"]
    assert Strike.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_points_taken_off_at_once_are_never_seven(lin, driver):  # noqa: F811
    points.from_elsewhere(lin.person_id, 9, "guangzhou", "GZ1", NOW - 30 * DAY, by=SYSTEM, now=NOW)
    for n in range(5):
        points.reduce(lin.person_id, 1, f"study{n}", by=SYSTEM, now=NOW)
    raised = at_once(
        *(lambda n=n: points.reduce(lin.person_id, 1, f"at once {n}", by=SYSTEM, now=NOW) for n in range(3))
    )
    assert [error.key for error in raised] == ["state", "state"]
    assert PointsEntry.objects.filter(kind="reduced").count() == 6


@pytest.mark.django_db(transaction=True)
def test_points_of_three_cities_at_once_make_one_case(lin, driver):  # noqa: F811
    raised = at_once(
        *(
            lambda n=n: points.from_elsewhere(lin.person_id, 12, "guangzhou", f"G{n}", NOW - DAY, by=SYSTEM, now=NOW)
            for n in range(3)
        )
    )
    assert raised == []
    assert FullPoints.objects.get().points == 36
    assert Licence.objects.get().status == "full_points"
