"""The small world of the engine with a door for each officer: posts with their acts, and browsers signed in."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Account, Appointment, Post
from minjing.kernel.matters import actions, counter_figures, oversight
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, make_city, scan, signed_in

POSTS = {
    "station_clerk": ("station", ["handle", "look"]),
    "station_approver": ("station", ["decide", "look", "supervise"]),
    "branch_approver": ("branch", ["decide", "look"]),
    "bureau_approver": ("bureau", ["decide", "look"]),
    "record_checker": ("branch", ["check", "look"]),
    "supervisor": ("bureau", ["supervise"]),
    "system_admin": ("bureau", ["manage_catalogue", "manage_units", "manage_calendars"]),
    "security_admin": ("bureau", ["manage_accounts", "manage_appointments", "ask_erasure"]),
    "audit_admin": ("bureau", ["audit", "confirm_erasure"]),
}
SUPERVISOR = world.officer(41, "supervisor", "1.", ("supervise",))
SYSTEM = world.officer(42, "system_admin", "1.")
SECURITY = world.officer(43, "security_admin", "1.")
AUDIT = world.officer(44, "audit_admin", "1.")

Door = Callable[[Actor], Client]


@pytest.fixture
def bench(db, settings, tmp_path) -> Iterator[Door]:
    """The world, and a function that returns a signed-in browser for one of its officers."""
    settings.FILES_DIR = tmp_path / "files"  # each test seals under new keys
    for code, (level, acts) in POSTS.items():
        Post.objects.create(code=code, name={"zh": f"岗位{code}", "en": f"Post {code}"}, level=level, acts=acts)
    for _ in make_city():
        for actor in (SUPERVISOR, SYSTEM, SECURITY, AUDIT):
            Account.objects.create(
                id=actor.account_id,
                kind="officer",
                login=str(actor.account_id),
                display_name=actor.name,
                created_at=clock.now(),
            )
            Appointment.objects.create(
                account_id=actor.account_id, unit_id=1, post_id=actor.holdings[0].post, since=world.MONDAY
            )
        for number, account in enumerate(Account.objects.filter(kind="officer").order_by("id")):
            Account.objects.filter(pk=account.pk).update(police_number=f"0300{number:02d}")
        oversight.forget_kept()
        counter_figures.forget_kept()
        yield signed_in


def submitted(hours_ago: int = 1, code: str = "HZ9901", **answers) -> Snapshot:
    """Return a matter that Lin has just submitted."""
    return actions.submit_whole(
        code,
        {**ANSWERS, **answers},
        by=world.LIN,
        now=clock.now() - timedelta(hours=hours_ago),
        request_id=new_id(),
        materials={"marriage_certificate": [scan()]},
    )


def act(matter: Snapshot, action: str, by: Actor, **more) -> Snapshot:
    """Return the matter after one step taken outside the pages."""
    return actions.act(matter.id, action, ver=matter.ver, by=by, now=clock.now(), request_id=new_id(), **more)


def url(matter: Snapshot, tail: str = "") -> str:
    """Return the address of a matter's page."""
    return f"/officer/matters/{matter.number}/{tail}"


def text(response) -> str:
    """Return what the page says."""
    return response.content.decode()
