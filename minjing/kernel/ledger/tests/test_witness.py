"""The witness over real HTTP: every answer of the protocol, many at once, after a crash, after a rollback."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

import pytest

from minjing.kernel.ledger.rules.cosignature import time_of
from minjing.kernel.ledger.rules.note import Claim, Signer, claim_text, opened, parse_claim, parts_of
from minjing.kernel.ledger.rules.tree import EMPTY_ROOT
from minjing.kernel.ledger.rules.witnessing import origin_hash, request_text
from minjing.kernel.ledger.tests.witnesses import MemoryLog, ask, get, key, serving
from minjing.kernel.ledger.witness import server as http
from minjing.kernel.ledger.witness.store import Doubt, Store, key_in, make
from minjing.kernel.ledger.witness.trust import Trust
from tests.ports import free_port

TEXT = "text/plain; charset=utf-8"


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog()
    for size in (5, 300, 700):
        log.grow(size)
    return log


@pytest.fixture
def port(tmp_path: Path, log: MemoryLog) -> Iterator[int]:
    with serving(tmp_path, log.signer, key(1)) as port:
        yield port


def step(log: MemoryLog, old: int, new: int) -> str:
    return request_text(old, log.proof(old, new), log.checkpoint(new))


def stored(port: int, log: MemoryLog) -> int:
    status, note = get(port, f"/{origin_hash(log.signer.name)}/checkpoint")
    return 0 if status == 404 else parse_claim(parts_of(note)[0]).size


@pytest.mark.parametrize("kind", [b"\x04", b"\x06"])
def test_a_log_that_grows_is_cosigned(tmp_path: Path, log: MemoryLog, kind: bytes) -> None:
    began = int(time.time())
    with serving(tmp_path, log.signer, key(1, kind)) as port:
        for old, new in [(0, 5), (5, 300), (300, 300), (300, 700)]:
            status, media, line = ask(port, step(log, old, new))
            assert (status, media) == (200, TEXT)
            assert opened(f"{log.text(new)}\n{line}", [key(1, kind).verifier])[1]
            assert began <= time_of(line[:-1]) <= time.time()


def test_monitors_read_the_newest_checkpoint_with_both_signatures(port: int, log: MemoryLog) -> None:
    address = f"/{origin_hash(log.signer.name)}/checkpoint"
    assert get(port, address)[0] == 404
    stranger = Signer("stranger.example", bytes(32)).sign(log.text(5)).split("\n\n")[1]
    line = ask(port, request_text(0, [], log.checkpoint(5) + stranger))[2]
    status, note = get(port, address)
    assert (status, note) == (200, log.checkpoint(5) + line), "what strangers signed is not passed on"
    assert key(1).name in get(port, "/")[1]
    assert get(port, "/other")[0] == 404


def test_a_log_that_was_rolled_back_is_told_the_size_that_was_seen(port: int, log: MemoryLog) -> None:
    ask(port, step(log, 0, 700))
    assert ask(port, step(log, 5, 300)) == (409, "text/x.tlog.size", "700\n")
    assert ask(port, step(log, 0, 700)) == (409, "text/x.tlog.size", "700\n")
    assert stored(port, log) == 700


def test_the_old_size_must_not_exceed_the_new_one(port: int, log: MemoryLog) -> None:
    assert ask(port, request_text(700, [], log.checkpoint(300)))[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        "",
        "old 0\n",
        "old 00\n\n",
        "old -1\n\n",
        "new 0\n\n",
        "old 0\nx\n\n",
        "old 0\nAAAA\n\n",
        "old 0\n\nno checkpoint\n",
        b"\xff\xfe",
        "old 0\n" + "A" * 43 + "=\n" + ("A" * 43 + "=\n") * 63 + "\n",
    ],
)
def test_what_is_no_request_is_answered_400(port: int, log: MemoryLog, body: str | bytes) -> None:
    tail = "" if isinstance(body, bytes) or "no check" in body else log.checkpoint(5)
    whole = body if isinstance(body, bytes) or not body.endswith("\n\n") else body + tail
    assert ask(port, whole)[0] == 400
    assert stored(port, log) == 0


def test_an_unknown_log_is_answered_404(port: int) -> None:
    other = MemoryLog(name="other.example/log")
    other.grow(5)
    assert ask(port, step(other, 0, 5))[0] == 404
    assert ask(port, "", "/elsewhere")[0] == 404


def test_a_checkpoint_that_the_log_did_not_sign_is_answered_403(port: int, log: MemoryLog) -> None:
    forger = Signer(log.signer.name, bytes(32))
    assert ask(port, request_text(0, [], forger.sign(log.text(5))))[0] == 403
    wrong = log.checkpoint(5).replace("\n5\n", "\n6\n")
    assert ask(port, request_text(0, [], wrong))[0] == 403, "a known key whose signature fails"
    assert stored(port, log) == 0


def test_a_proof_that_does_not_hold_is_answered_422(port: int, log: MemoryLog) -> None:
    proof = log.proof(5, 300)
    assert ask(port, request_text(0, proof, log.checkpoint(5)))[0] == 422, "a proof from the empty tree"
    ask(port, step(log, 0, 5))
    for wrong in ([], proof[:-1], [*proof, bytes(32)], proof[::-1], log.proof(5, 700)):
        assert ask(port, request_text(5, wrong, log.checkpoint(300)))[0] == 422
    assert ask(port, request_text(5, [bytes(32)], log.checkpoint(5)))[0] == 422, "a proof where none is needed"
    assert stored(port, log) == 5
    assert ask(port, step(log, 5, 300))[0] == 200


def test_an_empty_log_has_the_root_of_nothing(port: int, log: MemoryLog) -> None:
    wrong = log.signer.sign(claim_text(Claim(log.signer.name, 0, bytes(32))))
    assert ask(port, request_text(0, [], wrong))[0] == 422
    right = log.signer.sign(claim_text(Claim(log.signer.name, 0, EMPTY_ROOT)))
    assert ask(port, request_text(0, [], right))[0] == 200
    assert ask(port, step(log, 0, 5))[0] == 200


def test_a_fork_is_refused_and_the_evidence_kept(tmp_path: Path, log: MemoryLog) -> None:
    fork = MemoryLog("other")
    fork.grow(5)
    fork.grow(300)
    with serving(tmp_path, log.signer, key(1)) as port:
        ask(port, step(log, 0, 300))
        assert ask(port, request_text(300, [], fork.checkpoint(300)))[0] == 422
        fork.grow(700)
        assert ask(port, step(fork, 300, 700))[0] == 422
        assert stored(port, log) == 300
    kept = [path.read_text() for path in (tmp_path / "evidence").iterdir()]
    assert kept == [fork.checkpoint(300)]


def test_of_many_at_once_none_rolls_the_witness_back(tmp_path: Path) -> None:
    """The race that tlog-witness describes: 16 clients push sizes in any order; what is stored only grows."""
    log = MemoryLog()
    sizes = list(range(1, 121))
    for size in sizes:
        log.grow(size)
    answered: list[int] = []
    with serving(tmp_path, log.signer, key(1)) as port:

        def push(seed: int) -> None:
            chance, old = random.Random(seed), 0
            for _ in range(40):
                new = min(120, old + chance.randint(0, 6))
                status, _, body = ask(port, step(log, old, new))
                if status == 409:
                    old = int(body)
                elif status == 200:
                    answered.append(new)
                    assert stored(port, log) >= new
                    old = new

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(push, range(16)))
        assert stored(port, log) == max(answered) == 120
    assert len(answered) > 30


def test_a_clock_put_back_does_not_make_time_run_backwards(
    tmp_path: Path, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path, log.signer, key(1)) as port:
        monkeypatch.setattr(http, "time", lambda: 2_000_000_000.5)
        assert time_of(ask(port, step(log, 0, 5))[2][:-1]) == 2_000_000_000
        monkeypatch.setattr(http, "time", lambda: 1_000_000_000.0)
        assert time_of(ask(port, step(log, 5, 300))[2][:-1]) == 2_000_000_000


# --- what survives -------------------------------------------------------------------------------------------


def test_a_witness_goes_on_where_it_stopped(tmp_path: Path, log: MemoryLog) -> None:
    with serving(tmp_path, log.signer, key(1)) as port:
        ask(port, step(log, 0, 300))
    with serving(tmp_path, log.signer, key(1)) as port:
        assert ask(port, step(log, 0, 5))[0] == 409
        assert ask(port, step(log, 300, 700))[0] == 200


def test_an_older_copy_of_its_checkpoints_is_refused(tmp_path: Path, log: MemoryLog) -> None:
    path = tmp_path / "checkpoints" / origin_hash(log.signer.name)
    with serving(tmp_path, log.signer, key(1)) as port:
        ask(port, step(log, 0, 300))
        backup = path.read_text()
        ask(port, step(log, 300, 700))
    path.write_text(backup)
    with pytest.raises(Doubt, match="older copy"):
        Store(tmp_path)
    path.unlink()
    with pytest.raises(Doubt, match="lost"):
        Store(tmp_path)


def test_a_checkpoint_with_another_root_than_the_guard_is_refused(tmp_path: Path, log: MemoryLog) -> None:
    with serving(tmp_path, log.signer, key(1)) as port:
        ask(port, step(log, 0, 5))
    fork = MemoryLog("other")
    (tmp_path / "checkpoints" / origin_hash(log.signer.name)).write_text(fork.grow(5))
    with pytest.raises(Doubt, match="older copy"):
        Store(tmp_path)


def test_a_crash_between_checkpoint_and_guard_is_no_rollback(tmp_path: Path, log: MemoryLog) -> None:
    guard = tmp_path / "guard" / origin_hash(log.signer.name)
    with serving(tmp_path, log.signer, key(1)) as port:
        ask(port, step(log, 0, 300))
        before = guard.read_text()
        ask(port, step(log, 300, 700))
    guard.write_text(before)
    store = Store(tmp_path)
    assert store.seen(log.signer.name) == parse_claim(log.text(700))
    store.close()


def test_files_changed_under_a_running_witness_stop_it(tmp_path: Path, log: MemoryLog) -> None:
    path = tmp_path / "checkpoints" / origin_hash(log.signer.name)
    with serving(tmp_path, log.signer, key(1)) as port:
        ask(port, step(log, 0, 5))
        before = path.read_text()
        ask(port, step(log, 5, 300))
        path.write_text(before)
        assert ask(port, step(log, 300, 700))[0] == 500
        assert stored(port, log) == 300


def test_what_cannot_be_written_down_is_not_cosigned(tmp_path: Path, log: MemoryLog) -> None:
    with serving(tmp_path, log.signer, key(1)) as port:
        # A folder where the draft should go: as good as a full disk, also for root.
        (tmp_path / "checkpoints" / f"{origin_hash(log.signer.name)}.new").mkdir()
        assert ask(port, step(log, 0, 5))[0] == 500
        assert stored(port, log) == 0


def test_two_processes_never_share_a_folder(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(Doubt, match="Another process"):
        Store(tmp_path)
    store.close()
    Store(tmp_path).close()


def test_a_key_is_never_replaced_and_belongs_to_its_owner(tmp_path: Path) -> None:
    make(tmp_path, key(1))
    with pytest.raises(FileExistsError):
        make(tmp_path, key(2))
    assert key_in(tmp_path) == key(1)
    assert (tmp_path / "witness.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "witness.key").write_text("COSIGNER+KEY+x")
    with pytest.raises(Doubt, match="cannot be used"):
        key_in(tmp_path)


# --- clients that hurt ---------------------------------------------------------------------------------------


def test_a_request_too_large_or_without_length_is_cut_short(port: int) -> None:
    assert ask(port, "x" * (http.BODY_MAX + 1))[0] == 413
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 411")


@pytest.mark.parametrize("start", [b"", b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\n"])
def test_a_client_that_drips_bytes_is_cut_off(port: int, monkeypatch: pytest.MonkeyPatch, start: bytes) -> None:
    monkeypatch.setattr(http, "REQUEST_S", 0.5)
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(0.05)
        client.sendall(start)
        while time.monotonic() - began < 5:
            try:
                client.sendall(b"P")
                if client.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    assert time.monotonic() - began < 3


def test_a_crowd_of_connections_does_not_keep_the_log_out(
    port: int, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "REQUEST_S", 0.5)
    crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(400)]
    deadline = time.monotonic() + 10
    status = 0
    while status != 200 and time.monotonic() < deadline:
        try:
            status = ask(port, step(log, 0, 5))[0]
        except OSError:
            time.sleep(0.1)
    for client in crowd:
        client.close()
    assert status == 200


# --- the process ---------------------------------------------------------------------------------------------


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "minjing.kernel.ledger.witness", *arguments]


def started(folder: Path, log: MemoryLog, port: int) -> "subprocess.Popen[bytes]":
    policy = folder / "policy.txt"
    policy.write_text(f"log {log.signer.verifier}\nquorum none\n")
    process = subprocess.Popen(
        command("run", "--data-dir", str(folder), "--port", str(port), "--policy", str(policy))
    )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.02)
    raise AssertionError("the witness did not start")


def test_the_process_runs_without_framework_or_database(tmp_path: Path, log: MemoryLog) -> None:
    told = subprocess.run(
        command("init", "--data-dir", str(tmp_path), "--name", "court.example/w1"), capture_output=True, check=True
    )
    assert told.stdout.decode().strip() == (tmp_path / "witness.pub").read_text().strip()
    again = subprocess.run(
        command("init", "--data-dir", str(tmp_path), "--name", "court.example/w1"), capture_output=True
    )
    assert again.returncode == 1
    assert b"already" in again.stderr
    shown = subprocess.run(command("show", "--data-dir", str(tmp_path)), capture_output=True, check=True)
    assert shown.stdout == told.stdout
    port = free_port()
    process = started(tmp_path, log, port)
    try:
        assert ask(port, step(log, 0, 5))[0] == 200
        maps = Path(f"/proc/{process.pid}/maps").read_text()
        assert "psycopg" not in maps
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_killed_at_random_it_never_forgets_what_it_answered(tmp_path: Path) -> None:
    make(tmp_path, key(1))
    log, chance, port = MemoryLog(), random.Random(3), free_port()
    for size in range(1, 401):
        log.grow(size)
    told = 0
    for _ in range(6):
        process = started(tmp_path, log, port)
        deadline = time.monotonic() + chance.uniform(0.05, 0.3)
        assert stored(port, log) >= told, "an answer was given and forgotten"
        old = stored(port, log)
        pid = os.fork()
        if not pid:
            time.sleep(max(0.0, deadline - time.monotonic()))
            os.kill(process.pid, signal.SIGKILL)
            os._exit(0)
        try:
            while old < 400:
                assert ask(port, step(log, old, old + 1))[0] == 200
                told = old = old + 1
        except (OSError, HTTPException):
            pass  # an answer cut in the middle is no answer
        os.waitpid(pid, 0)
        process.kill()
        process.wait()
    assert told > 6


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["run", "--port", "1", "--log", "x", "--data-dir", "{0}/none"], "minjing witness init"),
        (["init", "--name", "a b", "--data-dir", "{0}"], "no space"),
        (["run", "--port", "1", "--data-dir", "{0}/made"], "--log KEY"),
        (["run", "--port", "1", "--log", "x", "--data-dir", "{0}/made"], "not a public key"),
        (["run", "--port", "1", "--policy", "{0}/none", "--data-dir", "{0}/made"], "No such file"),
    ],
)
def test_what_goes_wrong_is_one_sentence(tmp_path: Path, arguments: list[str], why: str) -> None:
    make(tmp_path / "made", key(1))
    said = subprocess.run(command(*(word.format(tmp_path) for word in arguments)), capture_output=True)
    assert said.returncode == 1
    assert why in said.stderr.decode()
    assert "Traceback" not in said.stderr.decode()


def test_a_policy_is_read_again_when_it_changes_and_a_damaged_one_changes_nothing(tmp_path: Path) -> None:
    first, second = (
        Signer("city.example/log", bytes(32)).verifier,
        Signer("city.example/log", bytes(range(32))).verifier,
    )
    policy, written = tmp_path / "policy.txt", 1_000_000_000

    def write(text: str) -> None:
        nonlocal written
        written += 1
        policy.write_text(text)
        os.utime(policy, ns=(written, written))

    write(f"log {first}\nquorum none\n")
    trust = Trust([], policy)
    assert trust.get("city.example/log") == [first]
    write("log nonsense\n")
    assert trust.get("city.example/log") == [first]
    policy.unlink()
    assert trust.get("city.example/log") == [first]
    write(f"log {first}\nlog {second}\nquorum none\n")
    assert trust.get("city.example/log") == [first, second]
    assert list(trust) == ["city.example/log"]
