"""The officers of the demo: two clerks and a head for each station, approvers for each branch, and the bureau."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import encrypt
from django.contrib.auth.hashers import make_password
from django.db import transaction

from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.models import Account, Appointment, Unit
from minjing.kernel.ledger.actions import append, entry
from minjing.site import city
from minjing.site.demo.names import Maker

# Known to everybody who reads this file: the demo is no place for real data, and MINJING_DEMO=0 leaves it out.
PASSWORD = "Minjing-demo-2026"  # noqa: S105
TOTP_SECRET = "MINJINGDEMOSHENZHENPOLICE2345ABC"  # noqa: S105 - base32, for any authenticator app
STATION = (("clerk", "station_clerk"), ("clerk2", "station_clerk"), ("chief", "station_approver"))
BRANCH = (
    ("approver", "branch_approver"), ("approver2", "branch_approver"), ("checker", "record_checker"),
    ("supervisor", "branch_supervisor"), ("legal", "branch_legal"),
    ("accidents", "traffic_accidents"), ("accidents2", "traffic_accidents"),
    ("hall", "hall_clerk"), ("hall2", "hall_clerk"), ("hallhead", "hall_head"),
)  # fmt: skip
BUREAU = (
    ("bureau.approver", "bureau_approver"), ("bureau.approver2", "bureau_approver"), ("supervisor", "supervisor"),
    ("exit.clerk", "exit_entry_clerk"), ("exit.clerk2", "exit_entry_clerk"), ("exit.approver", "exit_entry_approver"),
    ("exit.maker", "exit_entry_maker"),
    ("supervisor2", "supervisor"), ("inspector", "inspector"), ("inspector2", "inspector"),
    ("desk", "desk_operator"), ("desk2", "desk_operator"),
    ("traffic.reviewer", "traffic_reviewer"), ("traffic.reviewer2", "traffic_reviewer"),
    ("traffic.clerk", "traffic_clerk"), ("traffic.clerk2", "traffic_clerk"), ("traffic.approver", "traffic_approver"),
    ("traffic.counter", "traffic_counter"), ("traffic.legal", "traffic_legal"),
    ("fee.clerk", "fee_clerk"), ("fee.clerk2", "fee_clerk"), ("fee.approver", "fee_approver"),
    ("system.admin", "system_admin"), ("security.admin", "security_admin"), ("audit.admin", "audit_admin"),
)  # fmt: skip


def load(now: datetime, say: Callable[[str], None]) -> None:
    """Make the officers with their posts, one password and one second factor; nothing if they are there."""
    if Account.objects.filter(login="futian.clerk").exists():
        return
    maker = Maker(20170101, date(2017, 1, 1))
    password = make_password(PASSWORD)  # one hash for all: Argon2 is slow on purpose
    units = {unit.code: unit for unit in Unit.objects.all()}
    accounts, appointments = [], []
    since = now - timedelta(days=730)  # the matters of the last months have been handled by them
    for number, (login, post, code) in enumerate(_places(), 1):
        account = Account(
            id=new_id(), kind=Account.OFFICER, login=login, password=password,
            display_name=maker.name("1" if number % 3 else "2"),
            police_number=f"0{30000 + number}", level=4, created_at=since,
        )  # fmt: skip
        accounts.append(account)
        appointments.append(Appointment(id=new_id(), account=account, unit=units[code], post_id=post, since=since))
    secret = encrypt(TOTP_SECRET)
    with transaction.atomic():
        Account.objects.bulk_create(accounts)
        Appointment.objects.bulk_create(appointments)
        Authenticator.objects.bulk_create(
            Authenticator(user=account, type=Authenticator.Type.TOTP, data={"secret": secret}) for account in accounts
        )
        append(entry("identity:officer:loaded", {"officers": len(accounts), "by": SYSTEM.account_id}, at=now))
    say(f"{len(accounts)} officers with posts")


def _places() -> Iterator[tuple[str, str, str]]:
    """Yield login, post and the code of the unit of every officer."""
    data = city.read("units.yaml")
    for login, post in BUREAU:
        yield login, post, data["bureau"]["code"]
    for branch in data["branches"]:
        for name, post in BRANCH:
            yield f"{branch['key']}.{name}", post, branch["code"]
        for station in branch["stations"]:
            key = station["name"]["en"].removesuffix(" Police Station").replace("'", "").replace(" ", "").lower()
            for name, post in STATION:
                yield f"{key}.{name}", post, station["code"]


def lines() -> list[str]:
    """Return how to sign in as an officer."""
    return [
        f"    officers   password {PASSWORD}   TOTP secret {TOTP_SECRET}",
        "      futian.clerk, futian.clerk2, futian.chief (Futian station), lianhua.clerk …, every station likewise",
        "      futian.approver, futian.approver2, futian.checker, futian.supervisor (branch), every branch likewise",
        "      exit.clerk, exit.approver, exit.maker (exit-entry of the bureau)",
        "      futian.accidents, futian.accidents2 (accidents in the district), every branch likewise",
        "      traffic.reviewer, traffic.legal, traffic.clerk, traffic.approver, traffic.counter (traffic police)",
        "      futian.hall, futian.hallhead (the halls of the branch), every branch likewise",
        "      fee.clerk, fee.approver (the books of the fees)",
        "      bureau.approver, supervisor, inspector, desk, system.admin, security.admin, audit.admin",
    ]
