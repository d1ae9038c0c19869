"""The witness over HTTP: add-checkpoint for logs, newest checkpoints for monitors (c2sp.org/tlog-witness@v1.0.0)."""

import logging
import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedReader
from threading import BoundedSemaphore, Lock
from time import monotonic, time
from typing import Any

from minjing.kernel.ledger.rules.cosignature import CosignerKey, time_of
from minjing.kernel.ledger.rules.note import Verifier, line_of, opened, parse_line, parts_of
from minjing.kernel.ledger.rules.witnessing import (
    SIZE_TYPE,
    Forked,
    Refused,
    claimed,
    judge,
    origin_hash,
    parse_request,
)
from minjing.kernel.ledger.witness.store import Doubt, Store

log = logging.getLogger("witness")

BODY_MAX = 131_072  # 16 signatures of the largest kind (signed-note, "Format") and a proof, and as much again
REQUEST_S = 10.0  # from the first byte of a request, or from the end of the one before, to its last
CONNECTIONS_MAX = 64
MONITORING = re.compile(r"/([0-9a-f]{64})/checkpoint")
TEXT = "text/plain; charset=utf-8"


@dataclass
class Witness:
    """A key, the logs it trusts and what it has seen of them."""

    key: CosignerKey
    store: Store
    logs: Mapping[str, Sequence[Verifier]]
    lock: Lock = field(default_factory=Lock)

    def add_checkpoint(self, body: str, now: int) -> str:
        """Return the cosignature line for a request; raises Refused, or Doubt or OSError where it cannot be kept."""
        request = parse_request(body)
        claim = claimed(request.checkpoint)
        keys = self.logs.get(claim.origin, ())
        # One at a time: between reading what was seen and writing what is seen now, nobody else may read.
        with self.lock:
            seen = self.store.seen(claim.origin)
            try:
                judge(request, keys, seen)
            except Forked:
                self.store.keep_evidence(claim, request.checkpoint)
                raise
            text, signed_by = opened(request.checkpoint, keys)
            line = self.key.cosign(text, max(now, self._last(claim.origin)))
            self.store.put(claim, f"{text}\n{_lines_of(request.checkpoint, signed_by)}{line}")
        return line

    def _last(self, origin: str) -> int:
        """Return the time of the last cosignature: a clock that was put back must not make time run backwards."""
        note = self.store.note(origin_hash(origin))
        return 0 if note is None else time_of(parts_of(note)[1][-1])

    def about(self) -> str:
        """Return who this witness is, for people who open its address."""
        sizes = [f"{origin}: {seen.size}" for origin in self.logs if (seen := self.store.seen(origin))]
        return "\n".join([f"Witness {self.key.name}", str(self.key.verifier), "", *sizes, ""])


def _lines_of(note: str, signers: Iterable[Verifier]) -> str:
    """Return the lines of a note that these keys made; those of strangers are not passed on in our name."""
    known = {(verifier.name, verifier.key_id): verifier for verifier in signers}
    lines = [parse_line(line) for line in parts_of(note)[1]]
    return "".join(
        line_of(known[line.name, line.key_id], line.signature) for line in lines if (line.name, line.key_id) in known
    )


class _Hurried(socket.SocketIO):
    """The reading end of a connection whose request must be whole by a deadline, however slowly bytes drip in."""

    deadline = 0.0

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection, "r")
        self._connection = connection

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there; raises TimeoutError once the deadline has passed."""
        self._connection.settimeout(max(0.001, self.deadline - monotonic()))
        return super().readinto(buffer)


class Handler(BaseHTTPRequestHandler):
    """One connection; several requests may come over it."""

    protocol_version = "HTTP/1.1"
    server_version = "minjing-witness"
    sys_version = ""
    error_content_type = TEXT
    error_message_format = "%(code)d %(message)s\n"
    disable_nagle_algorithm = True
    wbufsize = 65_536
    server: "Server"

    def setup(self) -> None:
        super().setup()
        self._hurried = _Hurried(self.connection)
        self.rfile = BufferedReader(self._hurried)

    def handle_one_request(self) -> None:
        self._hurried.deadline = monotonic() + REQUEST_S
        super().handle_one_request()

    def do_GET(self) -> None:
        witness = self.server.witness
        asked = MONITORING.fullmatch(self.path)
        note = witness.store.note(asked[1]) if asked else witness.about() if self.path == "/" else None
        if note is None:
            self._answer(404, "Nothing was cosigned under this address.\n")
        else:
            self._answer(200, note)

    def do_POST(self) -> None:
        if self.path != "/add-checkpoint":
            self.close_connection = True
            self._answer(404, "This witness takes checkpoints at /add-checkpoint.\n")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_MAX:
            self.close_connection = True
            self._answer(
                413 if length.isdecimal() else 411, f"A request has a length, of {BODY_MAX} bytes at most.\n"
            )
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return
        self._answer(*self._cosigned(body))

    def _cosigned(self, body: bytes) -> tuple[int, str, str]:
        try:
            return 200, self.server.witness.add_checkpoint(body.decode(), int(time())), TEXT
        except UnicodeDecodeError:
            return 400, "The request is not UTF-8.\n", TEXT
        except Refused as refused:
            if refused.status not in (404, 409):
                log.warning("refused: %s", refused)
            return refused.status, refused.body, SIZE_TYPE if refused.status == 409 else TEXT
        except (Doubt, OSError) as error:
            log.error("not cosigned: %s", error)
            return 500, "This witness cannot write down what it sees, so it signs nothing.\n", TEXT

    def _answer(self, status: int, body: str, kind: str = TEXT) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep no list of who asked what."""


class Server(ThreadingHTTPServer):
    """The listening socket; beyond the limit of connections, new ones are closed at once."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        self.witness = witness
        self._free = BoundedSemaphore(CONNECTIONS_MAX)
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up or is cut off is no event; the handler says itself what goes wrong here."""
