"""Collecting cosignatures from real witnesses: down, slow, lying, rolled back, behind."""

import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from minjing.kernel.ledger.providers import witnesses
from minjing.kernel.ledger.providers.witnesses import NotEnough, cosigned, monitoring_url
from minjing.kernel.ledger.rules.cosignature import CosignerKey
from minjing.kernel.ledger.rules.note import Claim, claim_text
from minjing.kernel.ledger.rules.policy import Policy, parse_policy
from minjing.kernel.ledger.tests.witnesses import MemoryLog, ask, get, key, serving


@pytest.fixture(autouse=True)
def nobody_known(monkeypatch: pytest.MonkeyPatch) -> None:
    witnesses._callers.clear()
    monkeypatch.setattr(witnesses, "GRACE_S", 1.5)  # on a busy machine the third may need its time


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog()
    for size in (5, 300, 700, 1000):
        log.grow(size)
    return log


class Town:
    """Three witnesses, each up or away, and the policy that asks for two of them."""

    def __init__(self, folder: Path, log: MemoryLog, stack: ExitStack) -> None:
        self.folder, self.log, self.stack = folder, log, stack
        self.urls = dict.fromkeys((1, 2, 3), "http://127.0.0.1:9")  # nothing listens there
        self.proofs: list[int] = []

    def up(self, *numbers: int) -> None:
        for number in numbers:
            port = self.stack.enter_context(serving(self.folder / str(number), self.log.signer, key(number)))
            self.urls[number] = f"http://127.0.0.1:{port}"

    def policy(self, need: int = 2) -> Policy:
        lines = [f"witness W{n} {key(n).verifier} {url}" for n, url in self.urls.items()]
        return parse_policy(
            "\n".join([f"log {self.log.signer.verifier}", *lines, f"group g {need} W1 W2 W3", "quorum g"])
        )

    def publish(self, old: int, new: int, need: int = 2, timeout_s: float = 2.0) -> str:
        def proof(size: int) -> list[bytes]:
            self.proofs.append(size)
            return self.log.proof(size, new)

        policy = self.policy(need)
        note = cosigned(self.log.checkpoint(new), old, proof, policy, timeout_s=timeout_s)
        assert policy.check(note) == Claim(self.log.signer.name, new, self.log.roots[new])
        return note

    def signers(self, note: str) -> list[str]:
        return [line.split(" ")[1] for line in note.split("\n\n")[1].splitlines()[1:]]


@pytest.fixture
def town(tmp_path: Path, log: MemoryLog) -> Iterator[Town]:
    with ExitStack() as stack:
        yield Town(tmp_path, log, stack)


class Liar(BaseHTTPRequestHandler):
    """A witness that answers what its class says."""

    answer: tuple[int, str] = (200, "")
    pause_s = 0.0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.pause_s)
        status, body = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def lying(town: Town, number: int, status: int, body: str, pause_s: float = 0.0) -> None:
    handler = type("Liar", (Liar,), {"answer": (status, body), "pause_s": pause_s})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    town.stack.callback(server.server_close)
    town.stack.callback(server.shutdown)
    town.urls[number] = f"http://127.0.0.1:{server.server_address[1]}"


def test_three_witnesses_cosign_what_grows(town: Town) -> None:
    town.up(1, 2, 3)
    for old, new in [(0, 5), (5, 300), (300, 700), (700, 1000)]:
        assert town.signers(town.publish(old, new)) == ["w1.example/w", "w2.example/w", "w3.example/w"]
    assert town.proofs == [5, 5, 5, 300, 300, 300, 700, 700, 700], "nobody had to be asked twice"


def test_the_same_checkpoint_can_be_asked_for_again(town: Town) -> None:
    town.up(1, 2, 3)
    town.publish(0, 300)
    assert len(town.signers(town.publish(0, 300))) == 3


def test_one_witness_down_is_no_obstacle_two_are(town: Town) -> None:
    town.up(1, 3)
    assert town.signers(town.publish(0, 5)) == ["w1.example/w", "w3.example/w"]
    town.urls[3] = "http://127.0.0.1:9"
    with pytest.raises(NotEnough) as stopped:
        town.publish(5, 300)
    assert (stopped.value.have, stopped.value.need) == (1, 2)
    assert "asks for 2" in str(stopped.value)


def test_a_witness_that_was_away_is_brought_up_to_date(town: Town) -> None:
    town.up(1, 2)
    town.publish(0, 5)
    town.publish(5, 300)
    town.up(3)
    assert len(town.signers(town.publish(300, 700))) == 3, "409 told its size 0, from which it was asked again"
    assert len(town.signers(town.publish(700, 1000))) == 3


def test_a_slow_witness_holds_nobody_up(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    town.up(1, 2)
    lying(town, 3, 200, "", pause_s=3)
    began = time.monotonic()
    assert len(town.signers(town.publish(0, 5))) == 2
    assert len(town.signers(town.publish(5, 300))) == 2
    assert time.monotonic() - began < 2, "it was not waited for, which would take three"


def test_two_slow_witnesses_stop_publication_in_time(town: Town) -> None:
    town.up(1)
    lying(town, 2, 200, "", pause_s=3)
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes connections and never answers
        town.urls[3] = f"http://127.0.0.1:{mute.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(NotEnough):
            town.publish(0, 5, timeout_s=0.5)
        assert 0.4 < time.monotonic() - began < 1.5


def bad_signature(log: MemoryLog) -> str:
    return CosignerKey("w3.example/w", b"\x04", bytes(32)).cosign(log.text(5), 1_700_000_000)


def under_its_own_name(log: MemoryLog) -> str:
    forged = bad_signature(log).split(" ")[2]
    good = key(3).cosign(log.text(5), 1_700_000_000).split(" ")[2]
    return f"— w3.example/w {good[:8]}{forged[8:]}"


def wrong_root(log: MemoryLog) -> str:
    return key(3).cosign(claim_text(Claim(log.signer.name, 5, bytes(32))), 1_700_000_000)


def no_time(log: MemoryLog) -> str:
    return key(3).cosign(log.text(5), 0)


def another_witness(log: MemoryLog) -> str:
    return key(2).cosign(log.text(5), 1_700_000_000)


@pytest.mark.parametrize("lie", [bad_signature, under_its_own_name, wrong_root, no_time, another_witness])
def test_a_lying_witness_is_left_out_and_named(
    town: Town, caplog: pytest.LogCaptureFixture, lie: Callable[[MemoryLog], str]
) -> None:
    town.up(1, 2)
    lying(town, 3, 200, lie(town.log))
    with caplog.at_level(logging.WARNING):
        assert town.signers(town.publish(0, 5)) == ["w1.example/w", "w2.example/w"]
    assert f"Witness at {town.urls[3]}: its cosignature does not hold and is dropped." in caplog.messages


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (409, "4\n", "another size each time"),
        (409, "900\n", "rolled back, or the witness lies"),
        (409, "x\n", "refuses with 409"),
        (500, "no\n", "refuses with 500"),
        (200, "— w3.example/w AAAA\n" * 99, "does not hold"),
        (200, "\x00" * 70_000, "does not hold"),
    ],
)
def test_any_other_answer_leaves_the_witness_out(
    town: Town, caplog: pytest.LogCaptureFixture, status: int, body: str, said: str
) -> None:
    town.up(1, 2)
    lying(town, 3, status, body)
    with caplog.at_level(logging.WARNING):
        assert len(town.signers(town.publish(0, 5))) == 2
        assert len(town.signers(town.publish(5, 300))) == 2
    assert sum(said in message for message in caplog.messages) == 1, "said once, not at each checkpoint"


def test_a_log_that_was_rolled_back_finds_no_witness(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    town.up(1, 2, 3)
    town.publish(0, 700)
    assert ask(int(town.urls[1].rsplit(":", 1)[1]), "old 5\n\n" + town.log.checkpoint(300))[0] == 409
    witnesses._callers.clear()  # the log's own memory is restored from a backup too
    with caplog.at_level(logging.WARNING), pytest.raises(NotEnough) as stopped:
        town.publish(5, 300)
    assert stopped.value.have == 0
    assert sum("the log was rolled back" in message for message in caplog.messages) == 3


def test_a_fork_finds_no_witness(town: Town) -> None:
    town.up(1, 2, 3)
    town.publish(0, 5)
    honest = town.log
    town.log = MemoryLog("other")
    town.log.grow(5)
    town.log.grow(300)
    with pytest.raises(NotEnough) as stopped:
        town.publish(5, 300)
    assert stopped.value.have == 0
    town.log = honest
    assert len(town.signers(town.publish(5, 300))) == 3


def test_a_witness_that_was_rolled_back_is_led_forward_again(town: Town, tmp_path: Path) -> None:
    town.up(1, 2)
    with serving(tmp_path / "new", town.log.signer, key(3)) as port:
        town.urls[3] = f"http://127.0.0.1:{port}"
        town.publish(0, 300)
    with serving(tmp_path / "restored", town.log.signer, key(3), port):
        assert len(town.signers(town.publish(300, 700))) == 3


def test_connections_are_kept_and_opened_again_when_the_witness_closed_them(town: Town, tmp_path: Path) -> None:
    town.up(1, 2)
    with serving(tmp_path / "three", town.log.signer, key(3)) as port:
        town.urls[3] = f"http://127.0.0.1:{port}"
        town.publish(0, 5)
        kept = witnesses._callers[town.urls[3]].connection
        town.publish(5, 300)
        assert witnesses._callers[town.urls[3]].connection is kept
    witnesses._callers[town.urls[3]].connection.sock.close()
    with serving(tmp_path / "three", town.log.signer, key(3), port):
        assert len(town.signers(town.publish(300, 700))) == 3


def test_a_witness_with_two_keys_at_one_address_is_asked_once(town: Town) -> None:
    quantum = key(1, b"\x06")
    both = key(1).cosign(town.log.text(5), 1_700_000_000) + quantum.cosign(town.log.text(5), 1_700_000_000)
    lying(town, 1, 200, both)
    policy = parse_policy(
        f"witness A {key(1).verifier} {town.urls[1]}\nwitness B {quantum.verifier} {town.urls[1]}\n"
        "group g all A B\nquorum g\n"
    )
    note = cosigned(town.log.checkpoint(5), 0, lambda size: [], policy)
    assert note == town.log.checkpoint(5) + both


def test_a_policy_without_witnesses_asks_nobody(log: MemoryLog) -> None:
    policy = parse_policy(f"log {log.signer.verifier}\nquorum none")
    assert cosigned(log.checkpoint(5), 0, lambda size: [], policy) == log.checkpoint(5)


def test_the_monitoring_address_is_the_one_that_answers(town: Town) -> None:
    town.up(1, 2)
    note = town.publish(0, 5)
    url = monitoring_url(town.policy().witnesses[0], town.log.signer.name)
    port, path = url.removeprefix("http://127.0.0.1:").split("/", 1)
    assert get(int(port), f"/{path}")[1] == "\n".join(note.split("\n")[:6]) + "\n"
