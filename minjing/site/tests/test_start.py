"""Starting, and the one sentence that says what to do when it cannot."""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import get_commands, load_command_class
from django.test import Client

from minjing.base.ids import new_id
from minjing.kernel.matters import queries
from minjing.site import cli, postgres, processes
from minjing.site.processes import CannotStart, Child
from tests.house import ROOT, wait_for
from tests.ports import free_port

TAIL = (1 << 48) - 1  # of an id: chance alone, no time


def minjing(*arguments: str, before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    code = f"{before}\nfrom minjing.site.cli import main\nmain({list(arguments)!r})"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """Return what was said, if it was said plainly."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("minjing: ")
    return done.stderr


def test_a_busy_port_is_said_with_another_to_choose():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        said = one_sentence(minjing("up", PORT=str(number)))
    assert f"Port {number} is in use" in said
    assert "PORT=9000 make up" in said


def test_a_port_that_the_demos_world_outside_needs_is_said_before_anything_is_loaded(tmp_path):
    number = free_port(20)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", number + 12))
        taken.listen()
        done = minjing("up", PORT=str(number), DATA_DIR=str(tmp_path))
    assert f"Port {number + 12} is in use" in one_sentence(done)
    assert "making" not in done.stdout


def test_a_port_that_is_none_is_said():
    assert "PORT must be a number" in one_sentence(minjing("up", PORT="eight"))


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    said = one_sentence(minjing("up", DATA_DIR=str(tmp_path / "file" / "var")))
    assert "cannot be written" in said
    assert "DATA_DIR=" in said


def test_a_second_house_on_the_same_folder_is_refused_and_the_database_goes_on(tmp_path):
    first = processes.hold_folder(tmp_path)
    more = {"DATA_DIR": str(tmp_path), "PORT": str(free_port())}
    try:
        said = one_sentence(minjing("up", **more))
    finally:
        first.close()
    assert f"Another `minjing up` runs on the folder {tmp_path}" in said
    assert "DATA_DIR=" in said
    with processes.hold_folder(tmp_path):  # free again, and nobody has to clear anything away
        pass


def test_one_process_alone_runs_beside_a_house(tmp_path):
    with processes.hold_folder(tmp_path):
        done = minjing("catalog", "list", DATA_DIR=str(tmp_path))
    assert "Another `minjing up`" not in done.stderr


def test_processes_that_start_at_once_do_not_take_the_folder_for_unwritable(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        for asked in [pool.submit(processes.check_folder, tmp_path) for _ in range(400)]:
            asked.result()
    assert not list(tmp_path.iterdir())


def test_a_database_that_does_not_answer_is_said():
    said = one_sentence(minjing("ledger", "status", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"))
    assert "Check DATABASE_URL" in said


@pytest.mark.parametrize(
    "url", ["garbage", "sqlite:///x", "mysql://x", "host=/tmp dbname=x", "postgresql://u:secret-9@[h/x"]
)
def test_an_address_that_is_none_of_a_postgresql_is_said_without_its_password(url):
    said = one_sentence(minjing("ledger", "status", DATABASE_URL=url))
    assert "DATABASE_URL is no address of a PostgreSQL" in said
    assert "secret-9" not in said


@pytest.mark.parametrize("arguments", [("catalog", "lint"), ("up",)])
def test_a_city_that_is_none_is_said(arguments):
    said = one_sentence(minjing(*arguments, CITY="nowhere", PORT=str(free_port())))
    assert "There is no city in" in said
    assert "CITY" in said


def test_tables_that_nobody_has_made_are_said():
    given, name = os.environ["DATABASE_URL"], "minjing_without_tables"
    with psycopg.connect(given, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name}")
    empty = urlsplit(given)._replace(path=f"/{name}").geturl()
    try:
        for arguments in (("catalog", "publish"), ("catalog", "diagram", "HZ0301")):
            assert "`make up` once" in one_sentence(minjing(*arguments, DATABASE_URL=empty))
    finally:
        with psycopg.connect(given, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_postgresql_that_is_too_old_is_said(monkeypatch):
    monkeypatch.setattr(postgres, "OLDEST", 99)
    with pytest.raises(CannotStart, match="is too old; Minjing needs 99"):
        postgres.check(os.environ["DATABASE_URL"])


def test_a_server_killed_at_any_moment_of_its_start_is_revived_again_and_again(monkeypatch):
    monkeypatch.setattr(postgres, "RETRY_S", 0.3)
    folder = Path(tempfile.mkdtemp(prefix="minjing-revived-"))
    folder.chmod(0o755)
    server = postgres._server(folder)
    killed: set[int] = set()
    try:
        for pause_s in (0.0, 0.1, 0.3):
            found = wait_for(lambda: _newly_started(folder, killed), "nobody starts it")
            time.sleep(pause_s)
            with suppress(ProcessLookupError):
                os.kill(found, signal.SIGKILL)
            killed.add(found)
        wait_for(lambda: _newly_started(folder, killed) and _answers(server.get_uri()), "it does not come back")
    finally:
        postgres.stop(folder)
    assert not _answers(server.get_uri())
    shutil.rmtree(folder)


def _newly_started(folder: Path, killed: set[int]) -> int:
    """Return the server's process, or 0 as long as there is no new one."""
    postgres.revive(folder)
    try:
        found = int((folder / "pg" / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):  # a server that starts removes the dead one's file and writes its own
        return 0
    return 0 if found in killed else found


def _answers(uri: str) -> bool:
    try:
        with psycopg.connect(uri, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_a_missing_package_is_said_with_the_remedy():
    said = one_sentence(minjing("catalog", "list", before="import sys; sys.modules['yaml'] = None"))
    assert "make setup" in said


OLD = "import sys; sys.version_info = (3, 9, 2); exec(sys.argv[1])"


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ('*ensurepip*) exit 1;;', "The venv module is missing. On Debian: apt-get install python3-venv"),
        (f'*version_info*) exec {sys.executable} -c "{OLD}" "$2";;', "Minjing needs Python 3.11 or newer."),
    ],
)  # fmt: skip
def test_what_a_fresh_machine_lacks_is_said_by_make_and_nothing_is_made(tmp_path, machine, said):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncase "$2" in {machine} esac\nexec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.txt").touch()
    command = ["make", "--no-print-directory", "setup", f"PYTHON={python}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_help_needs_no_database():
    done = minjing("help", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 0
    assert "minjing VERB" in done.stdout


@pytest.mark.parametrize("command", ["administrator", "catalog", "ledger", "matter", "sender"])
def test_help_names_every_verb_of_a_command(command):
    parser = load_command_class(get_commands()[command], command).create_parser("minjing", command)
    (verbs,) = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    (said,) = [line for line in cli.HELP.splitlines() if line.startswith(f"  {command} ")]
    assert [verb for verb in verbs if verb not in said.split()] == []


def test_a_child_that_dies_is_started_again_and_all_stop_together(monkeypatch):
    monkeypatch.setattr(processes, "RESTART_AFTER_S", 0.0)
    brief = Child("brief", [sys.executable, "-c", "pass"])
    lasting = Child("lasting", [sys.executable, "-c", "import time; time.sleep(60)"])
    began = time.monotonic()

    def ready() -> None:
        threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()

    processes.supervise([brief, lasting], lambda: None, ready)
    assert brief.starts >= 2
    assert lasting.starts == 1
    assert not lasting.lives
    assert time.monotonic() - began < 20


def test_a_child_that_is_a_function_shares_what_was_loaded_and_says_who_it_is(tmp_path):
    said, loaded = tmp_path / "said", object()

    def work() -> None:
        handler = signal.getsignal(signal.SIGTERM)
        said.write_text(f"{id(loaded)} {os.environ['MINJING_PROCESS']} {handler.name} {os.getsid(0) == os.getpid()}")
        time.sleep(60)

    child = Child("brief", work)

    def told_then_stopped() -> None:
        wait_for(lambda: said.exists() and said.read_text(), "it did not begin")
        os.kill(os.getpid(), signal.SIGTERM)

    processes.supervise([child], threading.Thread(target=told_then_stopped, daemon=True).start)
    assert said.read_text() == f"{id(loaded)} minjing-brief SIG_DFL True"
    assert child.starts == 1
    assert not child.lives


def test_a_child_that_does_not_listen_is_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "STOP_WITHIN_S", 0.5)
    deaf = tmp_path / "deaf"
    code = (
        "import pathlib, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(deaf)!r}).touch()\n"
        "time.sleep(60)"
    )
    child = Child("deaf", [sys.executable, "-c", code])
    began = time.monotonic()
    child.start()
    wait_for(deaf.exists, "it did not begin")
    processes.stop_all([child])
    assert not child.lives
    assert time.monotonic() - began < 20


def test_told_to_stop_in_the_moment_of_its_start_a_child_stops(monkeypatch):
    """The parent's handler, which the child inherits for a moment, must not swallow what is the child's."""
    monkeypatch.setattr(processes, "STOP_WITHIN_S", 30.0)
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    began = time.monotonic()
    try:
        for _ in range(10):
            child = Child("brief", [sys.executable, "-c", "import time; time.sleep(60)"])
            child.start()
            processes.stop_all([child])
            assert not child.lives
    finally:
        signal.signal(signal.SIGTERM, before)
    assert time.monotonic() - began < 20


def test_the_first_child_is_served_before_the_others_begin():
    first, other = (Child(name, [sys.executable, "-c", "import time; time.sleep(60)"]) for name in ("web", "other"))
    seen: list[tuple[bool, bool]] = []

    def ready() -> None:
        seen.append((first.lives, other.lives))
        os.kill(os.getpid(), signal.SIGTERM)

    processes.supervise([first, other], lambda: seen.append((first.lives, other.lives)), ready)
    assert seen == [(True, False), (True, True)]


def test_told_to_stop_while_its_first_page_is_awaited_it_starts_nothing_more():
    first, other = (Child(name, [sys.executable, "-c", "import time; time.sleep(60)"]) for name in ("web", "other"))

    def never() -> None:
        raise AssertionError("it says that it is ready")

    processes.supervise([first, other], lambda: os.kill(os.getpid(), signal.SIGTERM), never)
    assert (first.lives, first.starts, other.starts) == (False, 1, 0)


def test_work_that_nobody_waits_for_any_more_is_ended(tmp_path):
    done = tmp_path / "done"
    began = time.monotonic()
    processes.Apart(lambda: (time.sleep(20), done.write_text("done"))).give_up()
    assert time.monotonic() - began < 10
    assert not done.exists()


def test_what_is_forked_holds_no_connection_and_no_thread():
    """Two processes on one connection would read each other's answers; a thread's locks would stay shut for ever."""
    said = (
        "import os\n"
        "from minjing.site import serving\n"
        "serving.load()\n"
        "from django.db import connections\n"
        "print([c.connection for c in connections.all()], len(os.listdir('/proc/self/task')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", said],
        env={**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[None] 1"


def test_forks_of_one_process_draw_ids_of_their_own():
    new_id()  # whatever chance there is has begun in the parent
    drawn = [processes.Apart(lambda: [new_id().int & TAIL for _ in range(50)]) for _ in range(4)]
    tails = [tail for apart in drawn for tail in apart.result()]
    assert len(set(tails)) == len(tails) == 200


def test_work_done_apart_returns_raises_and_leaves_nothing_here():
    began: list[int] = []
    apart = processes.Apart(lambda: (began.append(1), os.getpid())[1])
    assert apart.result() != os.getpid()
    assert not began
    with pytest.raises(CannotStart, match="no, because"):
        processes.Apart(_cannot).result()
    with pytest.raises(SystemExit):
        processes.Apart(lambda: 1 // 0).result()


def _cannot() -> None:
    raise CannotStart("no, because")


def test_what_a_killed_child_had_started_ends_before_it_is_started_again(monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "RESTART_AFTER_S", 0.0)
    pids = tmp_path / "pids"
    server = (
        "import os, subprocess, sys, time\n"
        "worker = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pids)!r}, 'a').write(f'{{os.getpid()}} {{worker.pid}}\\n')\n"
        "time.sleep(60)"
    )
    child = Child("server", [sys.executable, "-c", server])

    def known() -> list[list[int]]:
        return [[int(pid) for pid in line.split()] for line in pids.read_text().splitlines()] if pids.exists() else []

    def killed_once_then_stopped() -> None:
        wait_for(known, "the server did not start")
        os.kill(known()[0][0], signal.SIGKILL)  # the server, not its worker
        wait_for(lambda: len(known()) == 2, "it was not started again")
        os.kill(os.getpid(), signal.SIGTERM)

    processes.supervise([child], lambda: threading.Thread(target=killed_once_then_stopped, daemon=True).start())
    wait_for(lambda: not any(runs(pid) for pair in known() for pid in pair), "something was left behind", within_s=10)


def test_a_child_gives_way_where_it_is_told_to(tmp_path):
    def weight_of(gives_way: bool) -> list[str]:
        told = tmp_path / f"weight-{gives_way}"

        def weigh() -> None:
            group = Path("/proc/self/autogroup")  # no Linux has to have it
            told.write_text(f"{os.nice(0)} {group.read_text().split()[-1] if group.exists() else 'none'}")

        child = Child("weighed", weigh, gives_way=gives_way)
        child.start()
        child.end_within(20)
        return told.read_text().split()

    usual, lighter = weight_of(False), weight_of(True)
    assert int(lighter[0]) - int(usual[0]) == processes.GIVES_WAY
    assert lighter[1] in ("none", str(processes.GIVES_WAY))


def runs(pid: int) -> bool:
    """Say whether a process works: a dead one whose parent has not asked for it does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


@pytest.mark.django_db
def test_health_names_the_state_of_each_part():
    queries.forget_kept()
    answer = Client(HTTP_HOST="localhost").get("/healthz")
    assert answer.status_code == 503  # no catalogue is published in an empty database
    parts = answer.json()["parts"]
    assert parts["database"]["ok"] is True
    assert parts["catalogue"] == {"ok": False, "services": 0}
    assert {"ledger", "jobs"} <= parts.keys()
    assert parts["monitor"]["ok"] is False  # none has ever run here: nothing is watched
