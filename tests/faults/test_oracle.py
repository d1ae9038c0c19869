"""Kill -9 under load against an oracle outside the system: acknowledged acts are the ledger's entries, exactly.

Each client keeps a file of its own, append-only and fsynced line by line: what it asks for before it asks, what it
was answered when it was answered. Nothing of the house writes there. CI kills twenty times, `make faults` five
hundred (FAULTS); every kill and the seed stand in the failure's text.
"""

import json
import os
import random
import threading
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.faults.test_killed import QUEUE, Desk, Killer, Said
from tests.house import House, wait_for

KILLS = int(os.environ.get("FAULTS") or 20)
PATIENCE_S = (
    180.0 + 3 * KILLS
)  # a drill reads the whole log for each way of tampering, and it grows between two kills
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
PAUSE_S = (0.4, 1.6)  # between two kills: some hit a recovery that is still under way
VICTIMS = ("web", "worker", "sequencer", "monitor", "backend", "backend", "postmaster")
ALARMING = ("row", "record", "file", "fork", "checkpoint", "key", "promise")


class Oracle:
    """One client's own book: a line is on the disk before the next thing happens."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, what: str, said: Said) -> None:
        line = {"what": what, "request": str(said.request), "matter": str(said.matter), "status": said.status}
        os.write(self.handle, json.dumps(line).encode() + b"\n")
        os.fsync(self.handle)

    def lines(self, what: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.path.read_text().splitlines()]
        return [line for line in found if line["what"] == what]


class Client(threading.Thread):
    """An officer who claims and puts back matters until told to stop, and writes down what is acknowledged."""

    def __init__(self, desk: Desk, matters: list[UUID], oracle: Oracle) -> None:
        super().__init__(daemon=True)
        self.desk, self.matters, self.oracle, self.done = desk, matters, oracle, threading.Event()
        self.trouble: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.done.is_set():
                for matter in self.matters:
                    for action in ("claim", "release"):
                        self.act(matter, action)
        except BaseException as trouble:
            self.trouble = trouble

    def act(self, matter: UUID, action: str) -> None:
        said = Said(matter, action, self.desk.see(matter)["ver"], request=uuid4())
        self.oracle.write("asked", said)
        self.desk.ask(said)
        self.oracle.write("answered", said)


class Story:
    """Since when processes were killed, which, and what the oracles say."""

    def __init__(self, since: datetime, oracles: list[Oracle], killed: list[str]) -> None:
        self.since, self.oracles, self.killed = since, oracles, killed

    def requests(self, *, acknowledged: bool) -> list[UUID]:
        answered = [line for oracle in self.oracles for line in oracle.lines("answered")]
        return [UUID(line["request"]) for line in answered if (line["status"] == 200) is acknowledged]

    def asked(self) -> list[UUID]:
        return [UUID(line["request"]) for oracle in self.oracles for line in oracle.lines("asked")]


@pytest.fixture(scope="module")
def story(house: House, tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("oracle")  # not in the house's folder: nothing of it can reach here
    desks = [Desk(house, login) for login in ("futian.clerk", "futian.clerk2")]
    rows = house.rows(QUEUE, ["submitted", 200])
    stations = "SELECT u.code FROM matters_matter m JOIN identity_unit u ON u.id = m.station_id WHERE m.id = %s"
    ours = [row[0] for row in rows if house.rows(stations, [row[0]]) == [("440304004",)]]
    assert len(ours) >= 2, "the demo has no matters to work on"
    oracles = [Oracle(folder / f"client-{number}.jsonl") for number in range(2)]
    clients = [
        Client(desk, ours[at::2], oracle) for at, (desk, oracle) in enumerate(zip(desks, oracles, strict=True))
    ]
    killer, dice = Killer(house), random.Random(SEED)
    since = house.rows("SELECT now()")[0][0]
    for client in clients:
        client.start()
    killed = []
    for _ in range(KILLS):
        time.sleep(dice.uniform(*PAUSE_S))
        killed.append(killer.one(dice.choice(VICTIMS)))
    for client in clients:
        client.done.set()
    for client in clients:
        client.join(120)
        assert not client.is_alive(), f"a client never got an answer (seed {SEED}, {killed})"
        if client.trouble:
            raise client.trouble
    return Story(since, oracles, killed)


def test_it_was_killed_as_often_as_said_and_worked_on(house: House, story: Story) -> None:
    assert len(story.killed) == KILLS, Counter(story.killed)
    assert "" not in story.killed, f"a kill found nobody (seed {SEED}): {story.killed}"
    assert len(story.requests(acknowledged=True)) >= KILLS, f"too little was done to prove anything (seed {SEED})"


def test_every_acknowledged_act_has_exactly_one_event_and_one_entry(house: House, story: Story) -> None:
    done = story.requests(acknowledged=True)
    found = house.rows(
        "SELECT e.request_id, count(*), count(o.id) FROM matters_matterevent e LEFT JOIN ledger_outbox o"
        " ON o.id = e.entry_id AND o.kind = 'matters:matter:' || e.action WHERE e.request_id = ANY(%s) GROUP BY 1",
        [done],
    )
    assert {row[0] for row in found} == set(done), f"acknowledged and lost (seed {SEED})"
    assert [row for row in found if row[1:] != (1, 1)] == [], f"doubled or without an entry (seed {SEED})"


def test_nothing_else_was_done(house: House, story: Story) -> None:
    refused = story.requests(acknowledged=False)
    rows = house.rows("SELECT count(*) FROM matters_matterevent WHERE request_id = ANY(%s)", [refused])
    assert rows == [(0,)], f"refused and done all the same (seed {SEED})"
    assert len(story.asked()) == len(refused) + len(story.requests(acknowledged=True)), "an answer is missing"


def test_acts_are_entries_in_private_and_in_public(house: House, story: Story) -> None:
    waits = "SELECT count(*) FROM ledger_outbox o, ledger_state s WHERE (o.xid, o.seq) > (s.cut_xid, s.cut_seq)"
    wait_for(lambda: house.rows(waits) == [(0,)], "the sequencer does not catch up", within_s=60)
    audited = house.run("ledger", "audit", "--since", "2026-01-01")
    assert audited.returncode == 0, f"seed {SEED}: {audited.stdout}{audited.stderr}"
    verified = house.run("ledger", "verify")
    assert verified.returncode == 0, f"seed {SEED}: {verified.stdout}{verified.stderr}"


def test_the_monitor_was_killed_too_and_raises_nothing_false(house: House, story: Story) -> None:
    size = house.rows("SELECT max(size) FROM ledger_checkpoint")[0][0]
    wait_for(
        lambda: house.rows("SELECT 1 FROM watch_beat WHERE size >= %s AND at > now() - interval '10 s'", [size]),
        "the monitor does not come back",
        within_s=60,
    )
    # A journey in the same house has altered an entry on purpose and put it back: that alarm was right, and is older.
    found = "SELECT kind, text FROM watch_alarm WHERE kind = ANY(%s) AND raised_at >= %s"
    false = house.rows(found, [list(ALARMING), story.since])
    assert false == [], f"seed {SEED}: {false}"


def test_the_drill_finds_every_way_of_tampering(house: House) -> None:
    drilled = house.run("ledger", "drill", timeout=PATIENCE_S)
    assert drilled.returncode == 0, drilled.stdout + drilled.stderr
    assert "All 32 ways of tampering were found." in drilled.stdout
    assert house.rows("SELECT count(*) FROM pg_namespace WHERE nspname = 'ledger_drill'") == [(0,)]
