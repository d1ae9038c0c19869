"""The small world in a real database: units, accounts with keys, a calendar, published procedures."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from uuid import UUID

import pytest
from django.conf import settings as site
from django.db import connection
from django.test import Client
from django.utils import timezone
from PIL import Image

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.files import actions as files
from minjing.kernel.identity import sessions
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Account, Appointment, Person, PersonKey, Post, Unit
from minjing.kernel.identity.sealing import blind_index, new_key, seal
from minjing.kernel.matters import plugs, publishing, queries
from minjing.kernel.matters.schema import Text
from minjing.kernel.matters.tests import world

DECADE = timedelta(days=3650)


def test_effect(*, matter, answers, by, now):
    """Do nothing to any register and print one fact; refuse where the answers ask for it."""
    if answers.get("spouse_id") == "440304199001010038":
        raise plugs.EffectRefused(Text(zh="配偶已迁出本市。", en="The spouse has left the city."))
    return plugs.Outcome([(Text(zh="事由", en="Matter"), "夫妻投靠")], matter.person_id)


test_effect.__test__ = False  # type: ignore[attr-defined]


def test_correction(*, matter, answers, by, now):
    """Print the corrected fact."""
    return plugs.Outcome([(Text(zh="结婚日期", en="Married on"), answers["married_on"])], matter.person_id)


test_correction.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture
def city(db) -> Iterator[None]:
    """A bureau, two branches, two stations; Lin and a stranger; the officers' accounts; procedures published."""
    yield from make_city()


@pytest.fixture
def lasting_city(transactional_db) -> Iterator[None]:
    """The same, committed, for tests with several connections; events have no model that Django would empty."""
    yield from make_city()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE matters_matterevent")


def make_city() -> Iterator[None]:
    for post in ("station_clerk", "station_approver", "branch_approver", "bureau_approver", "record_checker"):
        Post.objects.get_or_create(
            code=post, defaults={"name": {"zh": post, "en": post}, "level": "station", "acts": ["look"]}
        )
    for unit_id, org, level, parent, path in (
        (1, 0, "bureau", None, "1."),
        (4, 4, "branch", 1, "1.4."),
        (5, 5, "branch", 1, "1.5."),
        (27, 4, "station", 4, "1.4.27."),
        (31, 5, "station", 5, "1.5.31."),
    ):
        Unit.objects.create(
            id=unit_id,
            code=f"U{unit_id}",
            org_id=org,
            level=level,
            parent_id=parent,
            path=path,
            name={"zh": f"单位{unit_id}", "en": f"Unit {unit_id}"},
        )
    for actor in (world.LIN, world.STRANGER):
        make_resident(actor)
    for actor in (world.CHEN, world.ZHOU, world.HEAD, world.ELSEWHERE, world.LUO, world.MA, world.CHECKER):
        Account.objects.create(
            id=actor.account_id,
            kind="officer",
            login=str(actor.account_id),
            display_name=actor.name,
            created_at=timezone.now(),
        )
        for held in actor.holdings:
            Appointment.objects.create(
                account_id=actor.account_id, unit_id=held.unit_id, post_id=held.post, since=world.MONDAY - DECADE
            )
    publishing.publish_calendar(
        known_until=world.CALENDAR.known_until,
        days_off=world.DAYS_OFF,
        made_up=world.MADE_UP,
        source="test",
        by=world.PUBLISHER,
        now=world.MONDAY,
    )
    before = dict(plugs.EFFECTS), dict(plugs.CORRECTIONS)
    plugs.effect("test.effect", test_effect, test_correction)
    publishing.publish([world.BODY], by=world.PUBLISHER, now=world.MONDAY)
    queries.forget_kept()
    yield
    plugs.EFFECTS.clear()
    plugs.CORRECTIONS.clear()
    plugs.EFFECTS.update(before[0])
    plugs.CORRECTIONS.update(before[1])
    queries.forget_kept()


NUMBERS = {world.LIN.person_id: "440304199001010011", world.STRANGER.person_id: "440304199001010038"}


def make_resident(actor) -> None:
    """Make the person, key and account of a resident."""
    person = Person(
        id=actor.person_id, created_at=timezone.now(), id_index=blind_index("id_number", NUMBERS[actor.person_id])
    )
    PersonKey.objects.create(pk=actor.person_id, wrapped=new_key(actor.person_id), created_at=timezone.now())
    person.name_sealed = seal(actor.person_id, "identity_person.name", "林晓夫")
    person.id_number_sealed = seal(actor.person_id, "identity_person.id_number", NUMBERS[actor.person_id])
    person.save(force_insert=True)
    Account.objects.create(
        id=actor.account_id,
        kind="resident",
        login=str(actor.account_id),
        person_id=actor.person_id,
        level=2,
        created_at=timezone.now(),
    )


ANSWERS = {
    "spouse_id": "440304199203040024",
    "married_on": "2019-05-20",
    "has_children": False,
    "office": "U27",
    "delivery": "electronic",
}


def scan(by: Actor = world.LIN, shade: int = 200) -> UUID:
    """Return a picture of a paper that `by` has sent in."""
    picture = BytesIO()
    Image.new("L", (40, 30), shade).save(picture, "PNG")
    kept = files.store(picture.getvalue(), by=by, owner_person=by.person_id, name="scan.png", now=timezone.now())
    return kept.id


def signed_in(actor: Actor, language: str = "zh-hans") -> Client:
    """Return a browser in which this officer has given password and second factor."""
    account = Account.objects.get(id=actor.account_id)
    store = sessions.SessionStore()
    now = clock.now()
    store[sessions.ACCOUNT] = str(account.pk)
    store[sessions.KIND], store[sessions.STARTED] = account.kind, now.isoformat()
    store[sessions.REF], store[sessions.DEVICE], store[sessions.SECOND] = str(new_id()), "test", True
    store.create()
    store.save()
    browser = Client(HTTP_HOST="localhost", HTTP_SEC_FETCH_SITE="same-origin")
    browser.cookies[site.SESSION_COOKIE_NAME] = store.session_key
    browser.cookies[site.LANGUAGE_COOKIE_NAME] = language
    return browser
