"""Durable transitions a second: ours beside django-viewflow, SpiffWorkflow and pgbench with our own statement."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bench import clients, house
from bench.ours import OWN
from bench.table import Row, faster, median

SECONDS = 4.0
REPEATS = 3
CLIENTS = (1, 8)
A_LIFE = 4  # bulk acts before counting
NAMES = {"peers.viewflow": "django-viewflow", "peers.spiff": "SpiffWorkflow"}
SAME = "same statement, prepared"
AT_ONCE = f"{OWN} matters in an act, ours with rights and outcome of each; {OWN} in a transaction of the peer"


def run(say: Callable[[str], None]) -> list[Row]:
    """Measure all in turn, three times, with one client and with eight: step by step, and many at once."""
    matters()
    environments = {"ours": dict(os.environ), **peers()}
    script = pgbench_script()
    found: dict[tuple[str, int], list[float]] = {}
    for number in CLIENTS:
        for _ in range(REPEATS):
            rates = {"pgbench": pgbench(script, number)}
            for kind, env in environments.items():
                rates[kind] = clients.rate(kind, number, SECONDS, env)
                rates[f"{kind}_many"] = OWN * clients.rate(f"{kind}_many", number, SECONDS, env, warm_up=A_LIFE)
            for kind, value in rates.items():
                found.setdefault((kind, number), []).append(value)
            say(f"{number} client(s): " + ", ".join(f"{kind} {value:,.0f}/s" for kind, value in rates.items()))
    for database in PEERS.values():
        house.drop(database)
    medians = {number: {kind: median(found[kind, number]) for kind, n in found if n == number} for number in CLIENTS}
    return [row for number in CLIENTS for row in rows(number, medians[number])]


def rows(number: int, rate: Mapping[str, float]) -> list[Row]:
    """Return the rows of so many clients."""
    people = "1 client" if number == 1 else f"{number} clients"
    made = [faster(f"transitions, {people}, beside pgbench", rate["ours"], rate["pgbench"], 0.4, "/s", SAME)]
    for kind, peer in NAMES.items():
        made += [
            faster(f"transitions, {people}, beside {peer}", rate["ours"], rate[kind], 5, "/s"),
            faster(
                f"transitions, {people}, bulk acts, beside {peer}",
                rate["ours_many"], rate[f"{kind}_many"], 5, "/s", AT_ONCE,
            ),
        ]  # fmt: skip
    return made


def matters() -> None:
    """Give every client's station enough to claim."""
    import django

    django.setup()
    from django.db import connection

    from bench.bulk import fill

    fill(40_000, 40_000)
    with connection.cursor() as cursor:
        cursor.execute(GIVE_TO_RESIDENTS)


# Most matters in bulk belong to people who are numbers only; an officer's note is sealed under a real person's key.
GIVE_TO_RESIDENTS = """
SET session_replication_role = replica;
WITH resident AS (
    SELECT person_id, row_number() OVER () - 1 AS n, count(*) OVER () AS all_of_them
    FROM identity_account JOIN identity_personkey ON owner_id = person_id WHERE kind = 'resident'
)
UPDATE matters_matter AS m SET person_id = r.person_id FROM resident r
WHERE m.state IN ('submitted', 'recommended') AND r.n = abs(hashtext(m.number)) % r.all_of_them;
SET session_replication_role = origin;
"""
PEERS = {"peers.viewflow": "bench_viewflow", "peers.spiff": "bench_spiff"}


def peers() -> dict[str, dict[str, str]]:
    """Make the peers' databases on the same server and return the environment of each."""
    found = {}
    for kind, database in PEERS.items():
        house.create(database)
        found[kind] = house.environment(database)
    viewflow = found["peers.viewflow"]
    viewflow["DJANGO_SETTINGS_MODULE"] = "bench.peers.viewflow_app.settings"
    command = [str(Path(sys.executable).parent / "django-admin"), "migrate", "--verbosity", "0"]
    subprocess.run(command, env={**viewflow, "PYTHONPATH": str(house.ROOT)}, check=True)
    clients.rate("peers.viewflow", 1, 0.1, viewflow)  # makes the officer before eight clients want one each
    return found


# ---- pgbench with the very same statement ---------------------------------------------------------------

PER_CLIENT = 100
# Which matter, and which version of it, follows from how often this client has been here: :i counts on.
SETUP = """\\set i :i + 1
\\set k :client_id * {per_client} + (:i % {per_client})
\\set v0 4 * (:i / {per_client}) + 1
\\set v1 :v0 + 1
\\set v2 :v0 + 2
\\set v3 :v0 + 3
\\set v4 :v0 + 4
"""


def pgbench_script() -> Path:
    """Write the script: the steps of one matter to its approver and back, each the engine's own statement."""
    steps = _captured()
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute(
            "CREATE TABLE bench_old AS SELECT * FROM matters_matter WHERE id = %s", [steps[0][1]["id"]]
        )
        connection.execute("SELECT set_config('session_replication_role', 'replica', false)")
        for n in range(8 * PER_CLIENT):
            connection.execute(
                "INSERT INTO matters_matter SELECT (jsonb_populate_record(m, jsonb_build_object('id', %s::text,"
                " 'number', %s::text, 'ver', 1, 'claimed_by', NULL, 'claimed_at', NULL))).* FROM bench_old m",
                [_matter_id(n), f"PG{n:08d}"],
            )
    text = SETUP.format(per_client=PER_CLIENT)
    text += "".join(_rendered(*step, f":v{n}", f":v{n + 1}") + ";\n" for n, step in enumerate(steps))
    script = house.DATA_DIR / "transition.pgbench"
    script.write_text(text, encoding="utf-8")
    return script


def _matter_id(n: int) -> str:
    return f"00000000-0000-7000-8000-{n:012d}"


def _captured() -> list[tuple[str, Mapping[str, Any]]]:
    """Return each step of one real matter, statement and values, as the engine gave them to the database."""
    from bench import ours

    seen: list[tuple[str, Mapping[str, Any]]] = []
    step = ours.prepare(0)
    from django.db import connection

    def keep(execute: Any, text: str, params: Any, many: bool, context: Any) -> Any:
        if "UPDATE matters_matter" in text:
            seen.append((text, params))
        return execute(text, params, many, context)

    with connection.execute_wrapper(keep):
        for _ in range(len(ours.LIFE) * ours.OWN):
            step()
    return seen[:: ours.OWN]


def _rendered(text: str, params: Mapping[str, Any], ver: str, seq: str) -> str:
    """Return the statement with the captured values written in, and what must differ each time as expressions."""
    moving = {
        "id": "('00000000-0000-7000-8000-' || lpad((:k)::int::text, 12, '0'))::uuid",
        "ver": f"({ver})::int",
        "seq": f"({seq})::int",
        "request_id": "gen_random_uuid()",
        "entry_id": "gen_random_uuid()",
        "now": "now()",
    }
    literals = {name: moving.get(name) or _literal(value) for name, value in params.items()}
    return " ".join(line.strip() for line in text.splitlines()) % literals


def _literal(value: Any) -> str:
    """Return a value as SQL in which pgbench sees no variable: it takes ":00" for one, even within quotes."""
    text = sql.Literal(value).as_string(None)
    quoted = re.fullmatch(r"(?s)\s*(E?)'(.*)'((?:::\w+)?)", text)
    if quoted is None or ":" not in quoted[2]:
        return text
    escaped = quoted[2] if quoted[1] else quoted[2].replace("\\", "\\\\")
    return "E'" + escaped.replace(":", "\\x3a") + "'" + quoted[3]


def pgbench(script: Path, number: int) -> float:
    """Return the transitions a second of pgbench: prepared, one life in each run of the script."""
    command = [
        str(house.PGBENCH), "--no-vacuum", "--protocol", "prepared", "--client", str(number), "--jobs", "1",
        "--time", str(int(SECONDS)), "--define", "i=-1", "--file", str(script), os.environ["DATABASE_URL"],
    ]  # fmt: skip
    _reset()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    tps = next(float(line.split()[2]) for line in done.stdout.splitlines() if line.startswith("tps ="))
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        events = connection.execute(
            "SELECT count(*) FROM matters_matterevent WHERE matter_id < %s", [_matter_id(10**6)]
        ).fetchone()[0]
    assert abs(events / (4 * tps * SECONDS) - 1) < 0.1, "pgbench did not move the matters"
    return 4 * tps


def _reset() -> None:
    """Put pgbench's matters back to their first version, take their history away."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE matters_matter SET ver = 1, claimed_by = NULL, claimed_at = NULL,"
                           " state = 'submitted', post = 'station_clerk', unit_id = station_id"
                           " WHERE number LIKE 'PG%'")  # fmt: skip
        connection.execute("DELETE FROM matters_matterevent WHERE matter_id < %s", [_matter_id(10**6)])
