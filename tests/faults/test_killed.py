"""Processes killed with -9 while officers decide: what was acknowledged stands, once, and nothing else does."""

import os
import random
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from tests.house import House, wait_for

WORK_S = 14.0  # how long the officers work while processes are killed
# How long the house may take to come back on a machine that is busy otherwise. Hundreds of kills, one a second, may
# leave such a machine no time to recover in between: then nothing is answered until they end.
PATIENCE_S = 900.0 if os.environ.get("FAULTS") else 60.0
QUEUE = "SELECT id FROM matters_matter WHERE state = %s AND claimed_by IS NULL AND org_id = 2 ORDER BY id LIMIT %s"
EVERYBODY = ""  # the newest messages, to whatever phone


@dataclass
class Said:
    """What an officer asked for and whether the house acknowledged it."""

    matter: UUID
    action: str
    ver: int
    request: UUID = field(default_factory=uuid4)
    status: int = 0


class Desk:
    """An officer who works on through every failure: asks, and asks the same again until there is an answer."""

    def __init__(self, house: House, login: str) -> None:
        self.house = house
        token = house.run("demo", "token", login).stdout.strip().splitlines()[-1].split()[-1]
        self.http = httpx.Client(
            base_url=f"{house.url}/api", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )
        self.said: list[Said] = []

    def see(self, matter: UUID) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with suppress(httpx.HTTPError, ValueError):
                answer = self.http.get(f"/matters/{matter}")
                if answer.status_code == 200:
                    return answer.json()
            time.sleep(0.1)
        raise AssertionError(f"the house does not come back: {matter}\n{self.house.last_words()}")

    def act(self, matter: UUID, action: str) -> Said:
        """Take one step; when no answer comes, send the same request again, as a browser's reload does."""
        said = Said(matter, action, self.see(matter)["ver"])
        self.said.append(said)
        return self.ask(said)

    def ask(self, said: Said) -> Said:
        """Ask for a step until there is an answer; its request is the same each time."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with suppress(httpx.HTTPError):
                body = {"ver": said.ver, "request_id": str(said.request)}
                answer = self.http.post(f"/matters/{said.matter}/actions/{said.action}", json=body)
                if answer.status_code < 500:
                    said.status = answer.status_code
                    return said
            time.sleep(0.1)
        raise AssertionError(f"no answer to {said.action}\n{self.house.last_words()}")


class Killer(threading.Thread):
    """Kills one process after the other while the officers work."""

    def __init__(self, house: House) -> None:
        super().__init__(daemon=True)
        self.house, self.killed, self.done = house, [], threading.Event()

    def run(self) -> None:
        turns = [self.web, self.backend, self.worker, self.backend, self.postmaster, self.sequencer, self.web]
        for turn in turns:
            if self.done.wait(WORK_S / (len(turns) + 1) * random.uniform(0.7, 1.1)):
                return
            with suppress(psycopg.Error, ProcessLookupError, OSError, IndexError):
                turn()

    def _kill(self, what: str, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.killed.append(what)

    def _ours(self, word: str) -> list[int]:
        """Return the processes of this house with `word` in their command line, the youngest last."""
        found: list[tuple[int, int]] = []  # by the time of their start: numbers begin anew at 32768
        for entry in os.listdir("/proc"):
            with suppress(OSError, ValueError):
                pid = int(entry)
                command = open(f"/proc/{pid}/cmdline").read()  # noqa: SIM115
                environment = open(f"/proc/{pid}/environ", "rb").read()  # noqa: SIM115
                if word in command and f"DATA_DIR={self.house.data_dir}\0".encode() in environment:
                    stat = open(f"/proc/{pid}/stat").read()  # noqa: SIM115
                    found.append((int(stat.rsplit(")", 1)[1].split()[19]), pid))
        return [pid for _, pid in sorted(found)]

    def one(self, what: str, tries: int = 100) -> str:
        """Kill one process of this sort, waiting until there is one; return what was killed, "" if there was none."""
        for _ in range(tries):
            with suppress(psycopg.Error, ProcessLookupError, OSError, IndexError, ValueError):
                getattr(self, what)()
                return what
            time.sleep(0.1)
        return ""

    def monitor(self) -> None:
        self._kill("monitor", self._ours("\0monitor")[-1])

    def web(self) -> None:
        self._kill("web", self._ours("minjing web")[-1])

    def worker(self) -> None:
        self._kill("worker", self._ours("minjing worker")[-1])

    def sequencer(self) -> None:
        self._kill("sequencer", self._ours("\0sequencer")[-1])

    def backend(self) -> None:
        rows = self.house.rows(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            " ORDER BY state = 'active' DESC, random() LIMIT 1"
        )
        self._kill("backend", rows[0][0])

    def postmaster(self) -> None:
        self._kill("postmaster", int((self.house.data_dir / "pg" / "postmaster.pid").read_text().split("\n", 1)[0]))


@pytest.fixture(scope="module")
def told(house: House) -> list[Said]:
    """Let three officers work while everything under them is killed; return what they asked for."""
    to_decide = [row[0] for row in house.rows(QUEUE, ["recommended", 8])]
    to_handle = [row[0] for row in house.rows(QUEUE, ["submitted", 40]) if _of_futian(house, row[0])]
    assert len(to_decide) >= 3
    approver, clerk, second = (
        Desk(house, "futian.approver"),
        Desk(house, "futian.clerk"),
        Desk(house, "futian.clerk2"),
    )
    killer, end = Killer(house), time.monotonic() + WORK_S

    def decide() -> None:
        for number, matter in enumerate(to_decide):
            approver.act(matter, "claim")
            approver.act(matter, "approve")
            if time.monotonic() > end and number > 3:
                return

    def handle(desk: Desk, matters: list[UUID]) -> None:
        while time.monotonic() < end:
            for matter in matters:
                desk.act(matter, "claim")
                desk.act(matter, "release")

    half = len(to_handle) // 2
    people = [
        threading.Thread(target=decide),
        threading.Thread(target=handle, args=(clerk, to_handle[:half])),
        threading.Thread(target=handle, args=(second, to_handle[half:])),
    ]
    killer.start()
    for person in people:
        person.start()
    for person in people:
        person.join(WORK_S + PATIENCE_S)
        assert not person.is_alive(), "an officer never got an answer"
    killer.done.set()
    killer.join(5)
    assert {"web", "worker", "backend", "postmaster"} <= set(killer.killed), killer.killed
    return approver.said + clerk.said + second.said


def _of_futian(house: House, matter: UUID) -> bool:
    sql = "SELECT u.code FROM matters_matter m JOIN identity_unit u ON u.id = m.station_id WHERE m.id = %s"
    return house.rows(sql, [matter]) == [("440304004",)]


def test_what_was_acknowledged_stands_once(house: House, told: list[Said]) -> None:
    done = [said for said in told if said.status == 200]
    assert len(done) > 20, f"too little was done to prove anything: {[(s.action, s.status) for s in told]}"
    events = dict(house.rows("SELECT request_id, count(*) FROM matters_matterevent GROUP BY 1"))
    assert [s for s in done if events.get(s.request) != 1] == []


def test_what_was_refused_left_nothing(house: House, told: list[Said]) -> None:
    refused = [said.request for said in told if said.status != 200]
    assert house.rows("SELECT count(*) FROM matters_matterevent WHERE request_id = ANY(%s)", [refused]) == [(0,)]


def test_every_step_has_its_ledger_entry_and_every_entry_its_step(house: House, told: list[Said]) -> None:
    assert house.rows(
        "SELECT count(*) FROM matters_matterevent e FULL JOIN (SELECT id FROM ledger_outbox WHERE kind LIKE"
        " 'matters:matter:%%' AND kind <> 'matters:matter:rated') o ON o.id = e.entry_id"
        " WHERE e.entry_id IS NULL OR o.id IS NULL"
    ) == [(0,)]
    assert house.rows(
        "SELECT count(*) FROM matters_matter m WHERE ver <>"
        " (SELECT count(*) FROM matters_matterevent e WHERE e.matter_id = m.id)"
    ) == [(0,)]


def test_every_approval_has_its_one_paper(house: House, told: list[Said]) -> None:
    approved = [said.matter for said in told if said.action == "approve" and said.status == 200]
    assert len(approved) >= 3
    papers = house.rows(
        "SELECT matter_id, count(*) FROM papers_paper WHERE matter_id = ANY(%s) GROUP BY 1", [approved]
    )
    assert sorted(papers) == sorted((matter, 1) for matter in set(approved))


def test_the_notices_arrive_once(house: House, told: list[Said]) -> None:
    approved = [said.matter for said in told if said.action == "approve" and said.status == 200]
    numbers = dict(house.rows("SELECT id, number FROM matters_matter WHERE id = ANY(%s)", [approved]))
    for matter in approved:

        def texts(number: str = numbers[matter]) -> list[str]:
            return [text for text in house.texts_to(EVERYBODY) if number in text]

        def of_approval() -> list[str]:
            return [text for text in texts() if "已批准" in text]

        wait_for(of_approval, f"no notice of {numbers[matter]}", within_s=70)
        assert len(of_approval()) == 1, of_approval()
        assert len(texts()) == len(set(texts())), texts()


def test_the_ledger_goes_on_and_verifies(house: House, told: list[Said]) -> None:
    wait_for(
        lambda: house.rows("SELECT count(*) FROM ledger_outbox WHERE ledger_index(xid, seq) IS NULL") == [(0,)],
        "the sequencer does not catch up",
    )
    verified = house.run("ledger", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert httpx.get(f"{house.url}/healthz").json()["ok"]
