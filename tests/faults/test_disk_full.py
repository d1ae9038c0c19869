"""Full disks: the log's files, the tables, the write-ahead log, each on a small disk of its own.

The page says 503 within a second, nothing is half done, and with room again everything goes on by itself.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest

from tests.faults.test_killed import QUEUE, Desk, Said
from tests.house import House, wait_for

SIZE = {
    "ledger": "64m",
    "tables": "64m",
    "wal": "128m",
}  # recovery keeps up to four segments of 16 MB and needs one more
WITHIN_S = 1.0
FILLER = "filler"


class Tight:
    """The house with its public files, its ledger table and its write-ahead log on small disks."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.disks = {name: house.data_dir / f"disk-{name}" for name in ("ledger", "tables", "wal")}

    def mount(self, name: str) -> Path:
        disk = self.disks[name]
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE[name]}", "none", str(disk)]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("this machine lets nobody mount a small disk")
        return disk

    def move(self, folder: Path, name: str) -> None:
        """Let a folder lie on a small disk from now on, owned as it was."""
        disk, owner = self.disks[name], folder.stat()
        shutil.copytree(folder, disk, dirs_exist_ok=True)
        for path in [disk, *disk.rglob("*")]:
            os.chown(path, owner.st_uid, owner.st_gid)
        disk.chmod(owner.st_mode & 0o777)
        folder.rename(folder.with_name(f"{folder.name}.before"))
        folder.symlink_to(disk)

    def unmount(self) -> None:
        for disk in self.disks.values():
            subprocess.run(["umount", "-l", str(disk)], check=False, capture_output=True)

    def fill(self, name: str) -> None:
        """Fill a disk to its last byte; once more fills what has become free."""
        with (self.disks[name] / FILLER).open("ab", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(1 << 16))

    def use_up_the_log(self) -> None:
        """Fill the write-ahead log's disk, and begin a segment: one that is there already still holds some rows.

        To be done again for as long as it shall be full: a checkpoint, and a recovery too, drops what nobody needs.
        """
        self.fill("wal")
        with suppress(psycopg.OperationalError):
            self.house.rows("SELECT pg_switch_wal()")
            self.house.rows("SELECT txid_current()")

    def free(self, name: str) -> None:
        (self.disks[name] / FILLER).unlink()


@pytest.fixture(scope="module")
def tight(house: House) -> Iterator[Tight]:
    """Move the house to small disks; nothing else can run in it afterwards, so this comes last of all."""
    if house.process is None:
        pytest.skip("this house was started by somebody else")
    tight = Tight(house)
    try:
        for name in tight.disks:
            tight.mount(name)
        pg = house.data_dir / "pg"
        os.chown(tight.disks["tables"], pg.stat().st_uid, pg.stat().st_gid)
        with psycopg.connect(house.database, autocommit=True) as connection:
            for setting in ("max_wal_size = '32MB'", "min_wal_size = '32MB'", "wal_recycle = off"):
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(f"CREATE TABLESPACE tight LOCATION '{tight.disks['tables']}'")
            connection.execute("ALTER TABLE ledger_outbox SET TABLESPACE tight")
            for _ in range(2):
                connection.execute("SELECT pg_switch_wal()")
                connection.execute("CHECKPOINT")
        house.stop()
        tight.move(house.data_dir / "ledger", "ledger")
        tight.move(pg / "pg_wal", "wal")
        house.start()
        yield tight
    finally:
        house.stop()
        tight.unmount()


class Worker:
    """An officer who claims and puts back one matter, and never asks what the last answer has told."""

    def __init__(self, house: House, desk: Desk, matter: UUID) -> None:
        self.house, self.desk, self.matter = house, desk, matter
        self.ver: int = desk.see(matter)["ver"]
        self.said: list[Said] = []
        self.took_s = 0.0

    def act(self) -> Said:
        """Take the next step, asking once; return what came of it."""
        action = ("claim", "release")[sum(s.status == 200 for s in self.said) % 2]
        said = Said(self.matter, action, self.ver)
        began = time.monotonic()
        answer = self.send(said)
        self.took_s = time.monotonic() - began
        said.status = answer.status_code
        self.said.append(said)
        if said.status == 200:
            self.ver += 1
        elif said.status == 503:
            assert answer.headers["Retry-After"]
        return said

    def send(self, said: Said) -> httpx.Response:
        body = {"ver": said.ver, "request_id": str(said.request)}
        return self.desk.http.post(f"/matters/{said.matter}/actions/{said.action}", json=body)

    def until_refused(self, fill: Callable[[], None], tries: int = 400) -> Said:
        """Act until the full disk refuses: pages that a table or a segment has already still hold some rows."""
        for _ in range(tries):
            fill()
            said = self.act()
            if said.status != 200:
                return said
        raise AssertionError(f"{tries} acts were kept on a full disk")

    def until_kept(self, within_s: float = 60.0) -> Said:
        """Ask what was refused last again, as the same request, until it is kept.

        A server that dies while it commits leaves open whether it has: the same request finds out, another would not.
        """
        said, answer = self.said[-1], None
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            answer = self.send(said)
            if answer.status_code == 200:
                said.status = 200
                self.ver += 1
                return said
            time.sleep(0.5)
        told = answer and (answer.status_code, answer.text[:200])
        raise AssertionError(f"not kept {within_s} s after there was room again: {told}\n{self.house.last_words()}")

    def settle(self) -> None:
        """Check that each acknowledged step stands once with its entry, and none that was refused."""
        rows = self.house.rows(
            "SELECT e.request_id, count(o.id) FROM matters_matterevent e LEFT JOIN ledger_outbox o"
            " ON o.id = e.entry_id WHERE e.request_id = ANY(%s) GROUP BY 1",
            [[said.request for said in self.said]],
        )
        assert dict(rows) == {said.request: 1 for said in self.said if said.status == 200}


@pytest.fixture(scope="module")
def worker(tight: Tight, house: House) -> Worker:
    stations = "SELECT u.code FROM matters_matter m JOIN identity_unit u ON u.id = m.station_id WHERE m.id = %s"
    rows = house.rows(QUEUE, ["submitted", 200])
    matter = next(row[0] for row in rows if house.rows(stations, [row[0]]) == [("440304004",)])
    return Worker(house, Desk(house, "futian.clerk"), matter)


def published(tight: Tight) -> int:
    return int((tight.disks["ledger"] / "checkpoint").read_text().split("\n")[1])


def wait_until_published(tight: Tight) -> None:
    size = tight.house.rows("SELECT count(*) FROM ledger_outbox")[0][0]
    wait_for(lambda: published(tight) >= size, "what was kept is not published", within_s=60)


def test_full_of_the_logs_files_acts_go_on_and_are_published_later(tight: Tight, worker: Worker) -> None:
    wait_until_published(tight)
    tight.fill("ledger")
    before = published(tight)
    assert [worker.act().status for _ in range(4)] == [200] * 4
    time.sleep(3)
    assert published(tight) == before, "the disk was not full"
    tight.free("ledger")
    wait_until_published(tight)
    worker.settle()
    assert tight.house.run("ledger", "verify").returncode == 0


def test_full_of_tables_the_act_is_refused_at_once_and_whole(tight: Tight, worker: Worker) -> None:
    refused = worker.until_refused(lambda: tight.fill("tables"))
    assert refused.status == 503
    assert worker.took_s < WITHIN_S
    for _ in range(5):
        assert worker.act().status == 503
        assert worker.took_s < WITHIN_S
    assert httpx.get(f"{tight.house.url}/open/").status_code == 200, "what needs no write works on"
    tight.free("tables")
    worker.until_kept()
    worker.settle()
    wait_until_published(tight)


def says_it_is_ill(tight: Tight) -> bool:
    """Ask how the house is, with the log's disk kept full: PostgreSQL may have come back with what it dropped."""
    tight.use_up_the_log()
    return httpx.get(f"{tight.house.url}/healthz").status_code == 503


def test_full_of_the_write_ahead_log_everything_says_so_and_comes_back(tight: Tight, worker: Worker) -> None:
    tight.house.tamper("CHECKPOINT")  # segments that nobody needs go: what is filled is what is freed afterwards
    for _ in range(40):
        tight.use_up_the_log()
    refused = worker.until_refused(tight.use_up_the_log)
    assert refused.status == 503
    assert worker.took_s < WITHIN_S
    wait_for(lambda: says_it_is_ill(tight), "the house says that it is well without a log to write", within_s=20)
    tight.free("wal")
    worker.until_kept()
    worker.settle()
    wait_until_published(tight)
    verified = tight.house.run("ledger", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    wait_for(
        lambda: httpx.get(f"{tight.house.url}/healthz").status_code == 200, "the house does not recover", within_s=60
    )
