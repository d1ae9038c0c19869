"""Many matters by SQL: spread over districts, stations, services, states and dates as a city has them.

`python -m bench.bulk TOTAL OPEN` fills the database named by DATABASE_URL. Triggers and foreign keys are off while
it loads (session_replication_role = replica): what they guard is checked by counting afterwards.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import django

RESIDENTS = 1000  # of them each has an account, a key and a form of their own; the others are only numbers
FIRST_PHONE = 19_800_000_000
# Arrivals a year by service and by district, in shares: big districts get four times what small ones get.
SERVICES = {
    "HZ0301": 18, "HZ0302": 9, "HZ0303": 8, "HZ0402": 12, "HZ0403": 10, "HZ0404": 11, "HZ0401": 6, "HZ0901": 6,
    "HZ0905": 2, "HZ0101": 10, "HZ0601": 5, "HZ0802": 3,
}  # fmt: skip
DISTRICTS = (8, 10, 12, 16, 16, 9, 6, 4, 3, 5, 2)
AGES = range(1, 1062)  # days ago


def fill(total: int, still_open: int, residents: int = RESIDENTS, services: Mapping[str, int] = SERVICES) -> None:
    """Add `total` matters of which `still_open` are open, three years back to yesterday."""
    from django.db import connection

    from minjing.base.clock import now as clock_now

    now = clock_now()
    with connection.cursor() as cursor:
        _services(cursor, services, now)
        _stations(cursor)
        _residents(cursor, residents, now)
        cursor.execute("SET session_replication_role = replica")
        script = Path(__file__).with_name("bulk.sql").read_text(encoding="utf-8")
        recent = min(total, still_open * 5 // 4)
        params = {"total": total, "open": still_open, "recent": recent, "residents": residents}
        for part in script.split(";\n"):
            if part.strip():
                cursor.execute(part, {**params, "known_until": _known_until()})
        cursor.execute("SET session_replication_role = origin")
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE is_open) FROM bulk_matter JOIN matters_matter USING (id)"
        )
        made = cursor.fetchone()
        assert made == (total, still_open), made
        for table in ("plan", "matter", "service", "clock", "station", "resident"):
            cursor.execute(f"DROP TABLE bulk_{table}")


def _known_until() -> date:
    from minjing.kernel.matters import queries

    return queries.calendar().known_until


def _services(cursor: Any, services: Mapping[str, int], now: datetime) -> None:
    """Write the services with their shares, and the due dates of each for every day of arrival."""
    from minjing.base.clock import local_day
    from minjing.kernel.matters import queries, rules

    cursor.execute(
        "CREATE TEMPORARY TABLE bulk_service (n int, up_to float, procedure_id uuid, code text, flow text,"
        " decides text)"
    )
    cursor.execute(
        "CREATE TEMPORARY TABLE bulk_clock (service_n int, age int, day timestamptz, due_at timestamptz,"
        " yellow_at timestamptz, PRIMARY KEY (service_n, age))"
    )
    shares, calendar = _up_to(list(services.values())), queries.calendar()
    rows, clocks = [], []
    for n, code in enumerate(services):
        procedure_id, body = queries.service(code)
        service = body.service
        rows.append((n, shares[n], procedure_id, code, service.flow, service.decides))
        for age in AGES:
            at = now - timedelta(days=age)
            day = at.replace(hour=0, minute=0, second=0, microsecond=0)
            due = calendar.due(day + timedelta(hours=17), service.limit.value, service.limit.unit)
            yellow = rules.yellow_between(day, due, service.limit.unit, calendar)
            assert local_day(due) >= local_day(day)
            clocks.append((n, age, day, due, yellow))
    cursor.executemany("INSERT INTO bulk_service VALUES (%s, %s, %s, %s, %s, %s)", rows)
    cursor.executemany("INSERT INTO bulk_clock VALUES (%s, %s, %s, %s, %s)", clocks)


def _stations(cursor: Any) -> None:
    """Write the stations with the units above, one clerk each, and their shares."""
    from minjing.kernel.identity.models import Appointment
    from minjing.kernel.matters import queries

    clerks = dict(Appointment.objects.filter(post_id="station_clerk").values_list("unit_id", "account_id"))
    found = [unit for unit in queries.stations() if unit.id in clerks]
    orgs = sorted({unit.org_id for unit in found})
    size = {org: DISTRICTS[n % len(DISTRICTS)] / sum(u.org_id == org for u in found) for n, org in enumerate(orgs)}
    shares = _up_to([size[unit.org_id] for unit in found])
    cursor.execute(
        "CREATE TEMPORARY TABLE bulk_station (n int, up_to float, station_id int, branch_id int, bureau_id int,"
        " org_id smallint, clerk uuid)"
    )
    rows = []
    for n, unit in enumerate(found):
        place = queries.place_of(unit.id)
        rows.append((n, shares[n], unit.id, place.branch_id, place.bureau_id, unit.org_id, clerks[unit.id]))
    cursor.executemany("INSERT INTO bulk_station VALUES (%s, %s, %s, %s, %s, %s, %s)", rows)


def _up_to(shares: list[float]) -> list[float]:
    """Return where each share begins between 0 and 1, moved by one so that width_bucket gives the place."""
    total, begins, run = sum(shares), [], 0.0
    for share in shares:
        run += share / total
        begins.append(run)
    begins[-1] = 2.0  # random() stays below 1: the last bucket takes the rest
    return begins


def _residents(cursor: Any, count: int, now: datetime) -> None:
    """Make the residents who can sign in, with a form sealed under the key of each."""
    from minjing.base import idnumber
    from minjing.base.ids import new_id
    from minjing.kernel.identity import actions as identity
    from minjing.kernel.identity import sealing
    from minjing.kernel.identity.models import Account
    from minjing.kernel.matters import queries

    born = (now - timedelta(days=12_000)).date()
    numbers = [idnumber.compose("440304", born + timedelta(days=n // 900), 1 + n % 900) for n in range(1, count + 1)]
    people = identity.ensure_people_bulk(
        [(f"居{chr(0x5100 + n)}", number) for n, number in enumerate(numbers)], now=now
    )
    cursor.execute(
        "CREATE TEMPORARY TABLE bulk_resident (n int PRIMARY KEY, person_id uuid, account_id uuid,"
        " subject_index bytea, answers bytea)"
    )
    accounts = [
        Account(id=new_id(), kind=Account.RESIDENT, person_id=person, level=2, created_at=now) for person in people
    ]
    for n, account in enumerate(accounts):
        account.login = str(account.id)
        account.phone_index = sealing.blind_index("phone", str(FIRST_PHONE + n))
        account.set_unusable_password()
    Account.objects.bulk_create(accounts)
    form = json.dumps(FORM, ensure_ascii=False)
    rows = [
        (n + 1, person, accounts[n].id, sealing.blind_index("id_number", numbers[n]),
         sealing.seal(person, queries.ANSWERS_CONTEXT, form))
        for n, person in enumerate(people)
    ]  # fmt: skip
    cursor.executemany("INSERT INTO bulk_resident VALUES (%s, %s, %s, %s, %s)", rows)


# About as much as a real form holds.
FORM = {
    "person_name": "王雨桐", "person_id": "430102199208250022", "person_phone": "19900000002", "marital": "20",
    "spouse_name": "林晓夫", "spouse_id": "44030419900312001X", "married_on": "2019-05-20", "has_children": False,
    "current_address": "湖南省长沙市芙蓉区五一大道168号锦绣花园3栋1202房", "reason": "夫妻团聚",
    "landing_address": "深圳市福田区福田街道民安路88号翠景花园3栋12A", "relation": "spouse", "delivery": "electronic",
    "office": "440304004", "statement": True,
}  # fmt: skip


def resident_accounts(count: int) -> list[UUID]:
    """Return accounts of the residents that `fill` made."""
    from minjing.kernel.identity import sealing
    from minjing.kernel.identity.models import Account

    indexes = [sealing.blind_index("phone", str(FIRST_PHONE + n)) for n in range(count)]
    return list(Account.objects.filter(phone_index__in=indexes).order_by("id").values_list("id", flat=True))


def main(total: int, still_open: int) -> None:
    """Fill the database and gather its statistics."""
    django.setup()
    from django.db import connection

    began = time.monotonic()
    fill(total, still_open)
    print(f"[bulk] {total:,} matters loaded in {time.monotonic() - began:.0f} s", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) matters_matter, matters_matterevent, identity_person, identity_account")
    print(f"[bulk] vacuumed and analysed after {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
