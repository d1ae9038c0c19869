"""Choosing a number: fifty at random, one kept for one person, given back when its time is over."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.ledger.models import Outbox
from minjing.modules.traffic.actions import plate_numbers
from minjing.modules.traffic.actions.plate_numbers import NotFree, TooManyDraws
from minjing.modules.traffic.models import PlateNumber

from .conftest import NOW


def someone() -> Actor:
    return Actor(new_id(), "resident", new_id(), level=2)


def pool(count: int = 120) -> None:
    plate_numbers.open_pool([f"粤B9{n:04d}" for n in range(count)], "02", by=SYSTEM, now=NOW)


def draw(by: Actor):
    return plate_numbers.draw(by.person_id, "02", by=by, now=NOW)


def pick(offer, plate: str, by: Actor, now=NOW):
    return plate_numbers.pick(offer.pk, plate, "02", by.person_id, by=by, now=now)


@pytest.mark.django_db
def test_fifty_are_drawn_at_random_and_another_draw_brings_others():
    pool()
    by = someone()
    first, second = draw(by), draw(by)
    assert len(set(first.plates)) == len(set(second.plates)) == 50
    assert first.plates != second.plates
    assert first.plates != sorted(first.plates)


@pytest.mark.django_db
def test_a_number_that_was_kept_is_offered_and_given_to_nobody_else():
    pool(50)
    first, second = someone(), someone()
    ours, theirs = draw(first), draw(second)
    assert pick(ours, ours.plates[0], first) == NOW + timedelta(days=3)
    with pytest.raises(NotFree):
        pick(theirs, ours.plates[0], second)
    assert ours.plates[0] not in draw(second).plates
    assert Outbox.objects.filter(kind="traffic:plate:kept").count() == 1


@pytest.mark.django_db
def test_one_person_keeps_one_number_the_first_is_free_again():
    pool()
    by = someone()
    offer = draw(by)
    pick(offer, offer.plates[0], by)
    pick(offer, offer.plates[1], by)
    held = PlateNumber.objects.filter(state="held")
    assert [row.plate for row in held] == [offer.plates[1]]


@pytest.mark.django_db
def test_what_was_not_offered_or_by_an_offer_that_is_over_cannot_be_picked():
    pool()
    by = someone()
    offer = draw(by)
    other = next(f"粤B9{n:04d}" for n in range(120) if f"粤B9{n:04d}" not in offer.plates)
    with pytest.raises(NotFree):
        pick(offer, other, by)
    with pytest.raises(NotFree):
        pick(offer, offer.plates[0], someone())
    with pytest.raises(NotFree):
        pick(offer, offer.plates[0], by, NOW + timedelta(minutes=11))


@pytest.mark.django_db
def test_a_hold_that_is_over_counts_as_free_and_the_sweep_gives_it_back():
    pool(50)
    first, second = someone(), someone()
    offer = draw(first)
    pick(offer, offer.plates[0], first)
    later = NOW + timedelta(days=3, minutes=1)
    theirs = plate_numbers.draw(second.person_id, "02", by=second, now=later)
    assert offer.plates[0] not in theirs.plates
    assert plate_numbers.free_lapsed(by=SYSTEM, now=later) == 1
    assert offer.plates[0] in plate_numbers.draw(second.person_id, "02", by=second, now=later).plates


@pytest.mark.django_db
def test_six_draws_a_day_are_enough():
    pool()
    by = someone()
    for _ in range(6):
        draw(by)
    with pytest.raises(TooManyDraws):
        draw(by)


@pytest.mark.django_db(transaction=True)
def test_eight_people_at_one_number_at_once_one_has_it():
    pool(50)
    people = [someone() for _ in range(8)]
    offers = [draw(by) for by in people]
    wanted, came, gate = offers[0].plates[7], [], threading.Barrier(8)

    def race(by: Actor, offer) -> None:
        gate.wait()
        try:
            pick(offer, wanted, by)
            came.append(by.person_id)
        except NotFree:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=race, args=pair) for pair in zip(people, offers, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(came) == 1
    assert PlateNumber.objects.get(plate=wanted).holder_person_id == came[0]
