"""A small named world: one bureau, two branches, three stations, and the people who work or live there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from minjing.base import idnumber
from minjing.kernel.identity import actions, plugs, queries
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.models import Account, Unit

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
PASSWORD = "evening-tide-on-the-bay"

POSTS = {
    "station_clerk": ("station", ["handle", "look"]),
    "branch_approver": ("branch", ["decide", "look"]),
    "supervisor": ("bureau", ["supervise"]),
    "system_admin": ("bureau", ["manage_catalogue", "manage_units", "manage_calendars"]),
    "security_admin": ("bureau", ["manage_accounts", "manage_appointments", "ask_erasure"]),
    "audit_admin": ("bureau", ["audit", "confirm_erasure"]),
}


@dataclass
class City:
    """The units by code, and a way to hire."""

    units: dict[str, Unit] = field(default_factory=dict)

    def hire(self, login: str, post: str = "", unit: str = "") -> Actor:
        """Return a new officer who has held `post` in `unit` for a day."""
        account = actions.create_officer(
            login=login,
            password=PASSWORD,
            name=login,
            police_number=f"{len(login):06d}",
            by=SYSTEM,
            now=NOW,
        )
        if post:
            actions.appoint(
                by=SYSTEM,
                account_id=account.pk,
                unit_id=self.units[unit].pk,
                post=post,
                since=NOW - timedelta(days=1),
                now=NOW,
            )
        return self.again(account.pk)

    def again(self, account_id: UUID, now: datetime = NOW) -> Actor:
        """Return the officer as they are at `now`."""
        return queries.actor_of(account_id, now)


@pytest.fixture
def city(db: None) -> City:
    made = City()
    for code, (level, acts) in POSTS.items():
        actions.put_post(code=code, name={"zh": code, "en": code}, level=level, acts=acts, by=SYSTEM, now=NOW)
    tree = [
        ("bureau", "bureau", "", 0),
        ("futian", "branch", "bureau", 1),
        ("nanshan", "branch", "bureau", 2),
        ("lianhua", "station", "futian", 1),
        ("huaqiang", "station", "futian", 1),
        ("yuehai", "station", "nanshan", 2),
    ]
    for code, level, parent, org_id in tree:
        made.units[code] = actions.put_unit(
            code=code,
            org_id=org_id,
            level=level,
            name={"zh": code, "en": code},
            parent=parent,
            by=SYSTEM,
            now=NOW,
        )
    return made


@pytest.fixture
def clerk(city: City) -> Actor:
    return city.hire("lianhua.clerk", "station_clerk", "lianhua")


@pytest.fixture
def approver(city: City) -> Actor:
    return city.hire("futian.approver", "branch_approver", "futian")


@pytest.fixture
def security(city: City) -> Actor:
    return city.hire("security.admin", "security_admin", "bureau")


@pytest.fixture
def audit(city: City) -> Actor:
    return city.hire("audit.admin", "audit_admin", "bureau")


LIN, LIN_NUMBER = "林小满", idnumber.compose("440304", date(1990, 3, 8), 21)
OU, OU_NUMBER = "欧阳·买买提", idnumber.compose("650102", date(1985, 12, 31), 13)


@pytest.fixture
def lin(db: None) -> UUID:
    return actions.ensure_person(name=LIN, id_number=LIN_NUMBER, now=NOW)


@pytest.fixture
def ou(db: None) -> UUID:
    return actions.ensure_person(name=OU, id_number=OU_NUMBER, now=NOW)


@dataclass
class Phone:
    """The messages that would have been sent."""

    codes: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, *, phone: str, code: str, minutes: int, language: str, now: datetime) -> None:
        self.codes.append((phone, code))


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Phone:
    sent = Phone()
    monkeypatch.setattr(plugs.plugs, "send_code", sent)
    return sent


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """A register that knows exactly Lin and Ou."""
    known = {LIN_NUMBER: LIN, OU_NUMBER: OU}

    def check(*, name: str, id_number: str, now: datetime) -> plugs.Registered:
        return plugs.Registered(id_number in known, known.get(id_number) == name)

    monkeypatch.setattr(plugs.plugs, "check_register", check)


SignIn = Callable[[str], Account]


@pytest.fixture
def sign_in(db: None, phone: Phone) -> SignIn:
    """Signs a phone in from beginning to end."""

    def run(number: str) -> Account:
        handle = actions.send_code(number, NOW)
        return actions.sign_in_by_code(number, phone.codes[-1][1], NOW, handle=handle)

    return run
