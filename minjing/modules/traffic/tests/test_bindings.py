"""Bindings: one's own at once, another's with consent; ended by either; and what happens when two act at once."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from minjing.kernel.identity.actions import ensure_person
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.errors import NotAllowed, TooMany, Unknown, Wrong
from minjing.kernel.identity.models import Account
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify.models import Message
from minjing.modules.traffic.accepts.asked import Asked
from minjing.modules.traffic.accepts.vehicles import bound_vehicle as accepted
from minjing.modules.traffic.actions import bindings, registers
from minjing.modules.traffic.models import Binding
from minjing.modules.traffic.queries import bindings as found
from minjing.modules.traffic.queries.stars import standing, stars_of

DAY = timedelta(days=1)


def may_use(user, row, now):
    return found.in_use(user.person_id, now).filter(vehicle_id=row.vehicle_id).exists()


@pytest.fixture
def actor(person, now):
    """Return residents with an account and a name."""

    def make(number: int, level: int = 2) -> Actor:
        person_id = person(number)
        account = Account.objects.create(
            login=f"r{number}", kind=Account.RESIDENT, person_id=person_id, level=level, created_at=now
        )
        return Actor(account.pk, "resident", person_id, f"林建夫{number}", level=level)

    return make


@pytest.fixture
def asked(actor, vehicle, now):
    """Return an owner, a user, and the user's ask for the owner's car."""
    owner, user = actor(1), actor(2)
    car = vehicle(owner.person_id)
    return owner, user, bindings.bind("粤B·12345", car.vin[-6:], by=user, now=now)


@pytest.mark.django_db
class TestBinding:
    def test_ones_own_vehicle_is_bound_at_once(self, actor, vehicle, now):
        owner = actor(1)
        car = vehicle(owner.person_id)
        row = bindings.bind("粤b 12345", car.vin[-6:].lower(), by=owner, now=now)
        assert (row.kind, row.state) == ("own", "bound")
        assert bindings.bind("粤B12345", car.vin[-6:], by=owner, now=now).pk == row.pk

    def test_anothers_is_asked_of_the_owner_who_is_told(self, asked, now):
        owner, user, row = asked
        assert (row.kind, row.state) == ("other", "asked")
        told = Message.objects.filter(account_id=owner.account_id, template="vehicle_asked", channel="in_app")
        assert "林建夫2" in told.get().text_zh
        assert [u.user for u in found.uses(owner, now)] == ["林建夫2"]
        assert not may_use(user, row, now)

    def test_with_consent_it_is_bound_and_the_owner_may_end_it(self, asked, now):
        owner, user, row = asked
        bindings.answer(row.pk, True, by=owner, now=now)
        assert may_use(user, row, now)
        assert bindings.end(row.pk, by=owner, now=now + DAY)
        assert not may_use(user, row, now + DAY)
        assert not bindings.end(row.pk, by=user, now=now + DAY)  # it had ended
        kinds = list(Outbox.objects.filter(kind__startswith="traffic:binding").values_list("kind", flat=True))
        assert (
            sorted(kinds)
            == ["traffic:binding:asked"] * 2 + ["traffic:binding:bound"] * 2 + ["traffic:binding:ended"] * 2
        )
        assert Message.objects.filter(account_id=user.account_id, template="vehicle_unbound").exists()

    def test_lent_for_some_days_it_ends_by_itself(self, asked, now):
        owner, user, row = asked
        bindings.answer(row.pk, True, by=owner, now=now, days=7)
        assert may_use(user, row, now + 6 * DAY)
        assert not may_use(user, row, now + 7 * DAY)
        asked_for = [accepted(Asked(user.person_id, {"plate": "粤B12345"}, now + days * DAY)) for days in (6, 7)]
        assert [bool(wrong) for wrong in asked_for] == [False, True], "and no application rests on it any more"

    def test_an_ask_nobody_answers_lapses(self, asked, now):
        owner, user, row = asked
        with pytest.raises(NotAllowed, match="lapsed"):
            bindings.answer(row.pk, True, by=owner, now=now + 8 * DAY)
        again = bindings.bind("粤B12345", row.vehicle.vin[-6:], by=user, now=now + 8 * DAY)
        assert again.pk != row.pk

    def test_whoever_buys_the_vehicle_does_not_inherit_its_users(self, asked, person, now):
        owner, user, row = asked
        bindings.answer(row.pk, True, by=owner, now=now)
        registers.change_vehicle(
            row.vehicle_id, {"owner_person_id": person(3)}, "transferred", by=SYSTEM, now=now + DAY
        )
        row.refresh_from_db()
        assert (row.state, row.ended_by) == ("ended", "transfer")
        assert not may_use(user, row, now + DAY)
        assert Message.objects.filter(account_id=user.account_id, template="vehicle_sold").exists()

    def test_an_ask_is_answered_by_the_owner_alone(self, asked, actor, now):
        _, user, row = asked
        for other in (user, actor(3)):
            with pytest.raises(Unknown):
                bindings.answer(row.pk, True, by=other, now=now)

    def test_a_wrong_vin_and_an_unknown_plate_look_the_same_and_are_on_record(self, asked, now):
        _, user, row = asked
        said = []
        for plate, vin in (("粤B12345", "000009"), ("粤B99999", row.vehicle.vin[-6:]), ("粤B12345", "")):
            with pytest.raises(Wrong) as wrong:
                bindings.bind(plate, vin, by=user, now=now)
            said.append(wrong.value.text["zh"])
        assert len(set(said)) == 1
        assert Outbox.objects.filter(kind="traffic:binding:refused").count() == 3

    def test_a_plate_with_o_is_refused_with_the_reason(self, actor, now):
        with pytest.raises(Wrong, match="I and O"):
            bindings.bind("粤BO2345", "000001", by=actor(1), now=now)

    def test_the_register_is_not_read_out_by_guessing(self, actor, now):
        user = actor(1)
        for _ in range(20):
            with pytest.raises(Wrong):
                bindings.bind("粤B12345", "0000", by=user, now=now)
        with pytest.raises(TooMany):
            bindings.bind("粤B12345", "0000", by=user, now=now)

    def test_three_vehicles_of_others_and_no_more(self, actor, vehicle, now):
        owner, user = actor(1), actor(2)
        cars = [vehicle(owner.person_id, f"粤B1234{n}", vin=f"LDEM00000000000{n}0") for n in range(4)]
        for car in cars[:3]:
            bindings.bind(car.plate, car.vin[-6:], by=user, now=now)
        with pytest.raises(NotAllowed, match="platform rule"):
            bindings.bind(cars[3].plate, cars[3].vin[-6:], by=user, now=now)

    def test_whoever_has_not_said_who_they_are_binds_nothing(self, now):
        with pytest.raises(NotAllowed):
            bindings.bind("粤B12345", "0000", by=Actor(SYSTEM.account_id, "resident"), now=now)

    def test_consent_is_the_databases_condition_too(self, asked):
        _, _, row = asked
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE traffic_binding SET state = 'bound', since_at = since_at + interval '1 s' WHERE id = %s",
                [row.pk],
            )

    def test_stars_grow_with_what_is_proved_and_fall_when_it_ends(self, actor, vehicle, licence, now):
        owner = actor(1)
        car, held = vehicle(owner.person_id), licence(owner.person_id)
        assert stars_of(owner, now) == 2  # phone, identity
        row = bindings.bind(car.plate, car.vin[-6:], by=owner, now=now)
        bindings.bind_licence(held.file_number, by=owner, now=now)
        assert stars_of(owner, now) == 4
        assert [star.key for star, has in standing(owner, now).ways if not has] == ["passkey"]
        bindings.end(row.pk, by=owner, now=now)
        assert stars_of(owner, now) == 3

    def test_a_licence_is_bound_by_its_own_file_number_only(self, actor, licence, now):
        one, other = actor(1), actor(2)
        theirs = licence(other.person_id)
        with pytest.raises(Wrong):
            bindings.bind_licence(theirs.file_number, by=one, now=now)


@pytest.mark.django_db(transaction=True)
def test_consent_and_its_end_at_once_leave_one_story(now):
    """The owner agrees while the user takes the ask back: whichever comes second sees what the first has done."""
    from datetime import date

    from minjing.base.idnumber import compose

    people = [
        ensure_person(name="林建夫", id_number=compose("440304", date(1988, 1, 5), n), now=now) for n in (301, 303)
    ]
    owner, user = (
        Actor(
            Account.objects.create(login=str(p)[:20], kind="resident", person_id=p, level=2, created_at=now).pk,
            "resident",
            p,
            "林",
            level=2,
        )
        for p in people
    )
    facts = {
        "org_id": 1, "plate": "粤B31313", "plate_kind": "02", "colour": "white", "owner_person_id": owner.person_id,
        "inspected_until_date": date(2027, 6, 30), "vin": "LDEM0000000031313", "brand": "示范", "model": "L5",
        "body": "car", "energy": "petrol", "made_date": date(2020, 1, 1), "registered_date": date(2020, 6, 1),
    }  # fmt: skip
    car = registers.register_vehicle(facts, by=SYSTEM, now=now)
    row = bindings.bind("粤B31313", car.vin[-6:], by=user, now=now)
    start, said = Barrier(2), []

    def act(what, who):
        start.wait()
        try:
            said.append(
                bindings.answer(row.pk, True, by=who, now=now)
                if what == "answer"
                else bindings.end(row.pk, by=who, now=now)
            )
        except NotAllowed as refused:
            said.append(refused.key)
        finally:
            connection.close()

    threads = [Thread(target=act, args=one) for one in (("answer", owner), ("end", user))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row.refresh_from_db()
    assert row.state == Binding.ENDED  # either: agreed, then ended; or: ended, then nothing to agree to
    assert True in said
    kinds = set(Outbox.objects.values_list("kind", flat=True))
    assert "traffic:binding:ended" in kinds
    assert ("traffic:binding:bound" in kinds) == ("answered" not in said)
