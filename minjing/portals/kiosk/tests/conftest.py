"""The engine's small world with the help desk and one machine in the hall of Lin's station."""

from collections.abc import Iterator

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity import sealing, sessions
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Account, PersonKey
from minjing.kernel.identity.plugs import plugs as identity_plugs
from minjing.kernel.identity.queries import PHONE
from minjing.kernel.matters.tests.conftest import city as _city  # noqa: F401 - a fixture
from minjing.kernel.matters.tests.world import LIN, PUBLISHER, STRANGER
from minjing.portals.kiosk import actions
from minjing.portals.kiosk.access import TOKEN_COOKIE, VISIT
from minjing.portals.kiosk.models import Machine

PHONES = {LIN.account_id: "19900000001", STRANGER.account_id: "19900000002"}


@pytest.fixture
def codes() -> Iterator[dict[str, str]]:
    """Catch the codes that go to phones: by phone."""
    sent: dict[str, str] = {}
    before = identity_plugs.send_code

    def send(*, phone, code, minutes, language, now):
        sent[phone] = code

    identity_plugs.send_code = send
    yield sent
    identity_plugs.send_code = before


@pytest.fixture
def machine(_city: None) -> Machine:  # noqa: F811 - the fixture
    """Register a machine; give the residents phones and keys of their doors."""
    now = clock.now()
    for account_id, phone in PHONES.items():
        PersonKey.objects.create(owner_id=account_id, wrapped=sealing.new_key(account_id), created_at=now)
        Account.objects.filter(id=account_id).update(
            phone_index=sealing.blind_index("phone", phone), phone_sealed=sealing.seal(account_id, PHONE, phone)
        )
    made, _ = actions.register("FT-01", 27, {"zh": "福田派出所大厅", "en": "Hall of Futian"}, by=PUBLISHER, now=now)
    return made


@pytest.fixture
def browser(machine: Machine) -> Client:
    """Return the machine's own browser, paired."""
    code = actions.pair_anew(machine.id, by=PUBLISHER, now=clock.now())
    made = Client(HTTP_HOST="localhost", HTTP_SEC_FETCH_SITE="same-origin")
    assert made.post("/kiosk/pair/", {"code": code}).status_code == 302
    assert made.cookies[TOKEN_COOKIE]["httponly"]
    return made


def let_in(browser: Client, machine: Machine, who: Actor = LIN) -> None:
    """Let somebody in, as the code does."""
    now = clock.now()
    visit = actions.begin_visit(machine, who, now)
    store = sessions.SessionStore()
    store[sessions.ACCOUNT], store[sessions.KIND] = str(who.account_id), Account.RESIDENT
    store[sessions.STARTED], store[sessions.REF] = now.isoformat(), str(new_id())
    store[VISIT] = str(visit.id)
    store.create()
    store.save()
    browser.cookies["session"] = store.session_key
