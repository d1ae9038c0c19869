"""Collecting cosignatures: asks the policy's witnesses over HTTP before a checkpoint is published.

Speaks add-checkpoint of c2sp.org/tlog-witness@v1.0.0 over the standard library's client: the sequencer is kept small,
and what is needed is one request on a connection that stays open.
"""

import logging
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from time import monotonic
from urllib.parse import urlsplit

from minjing.kernel.ledger.rules.cosignature import time_of
from minjing.kernel.ledger.rules.note import SIZE, BadNote, Claim, parse_claim, parse_line, parts_of
from minjing.kernel.ledger.rules.policy import Policy, Witness
from minjing.kernel.ledger.rules.witnessing import origin_hash, request_text

log = logging.getLogger(__name__)

TIMEOUT_S = 5.0  # for all witnesses together; a checkpoint that waits longer is tried again with the next one
GRACE_S = 0.05  # once enough have signed, how long the others are still waited for
ANSWER_MAX = 65_536
ASKS_MAX = 3  # of one witness for one checkpoint: our guess of what it has seen, its own word, and a race

Proofs = Callable[[int], Sequence[bytes]]


class NotEnough(RuntimeError):
    """Too few witnesses cosigned; the checkpoint must not be published."""

    def __init__(self, have: int, need: int) -> None:
        super().__init__(
            f"{have} witnesses cosigned and the policy asks for {need}; nothing is published until enough of them"
            " answer. See the log above for what each of them said."
        )
        self.have = have
        self.need = need


def monitoring_url(witness: Witness, origin: str) -> str:
    """Return where a witness shows the checkpoint that it cosigned last for a log."""
    return f"{witness.url.rstrip('/')}/{origin_hash(origin)}/checkpoint"


@dataclass
class _Caller:
    """One address that takes checkpoints, the connection to it, and the witnesses whose keys answer there."""

    url: str
    connection: HTTPConnection | None = None
    seen: int | None = None  # the size it cosigned last, as far as we know
    asking: Future[tuple[int, str]] | None = None
    trouble: str = ""

    def ask(self, body: str) -> tuple[int, str]:
        """Post a request and return status and body; a connection that was closed meanwhile is opened once more."""
        for last in (False, True):
            fresh = self.connection is None
            try:
                return self._post(body)
            except (OSError, HTTPException):
                self.hang_up()
                if last or fresh:
                    raise
        raise AssertionError("unreachable")

    def _post(self, body: str) -> tuple[int, str]:
        parts = urlsplit(self.url)
        if self.connection is None:
            where = parts.hostname or ""
            if parts.scheme == "https":
                self.connection = HTTPSConnection(
                    where, parts.port, timeout=TIMEOUT_S, context=ssl.create_default_context()
                )
            else:
                self.connection = HTTPConnection(where, parts.port, timeout=TIMEOUT_S)
        self.connection.request("POST", f"{parts.path.rstrip('/')}/add-checkpoint", body.encode())
        response = self.connection.getresponse()
        return response.status, response.read(ANSWER_MAX).decode()

    def hang_up(self) -> None:
        """Close the connection; a thread that still waits on it comes back with an error."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def note(self, trouble: str, detail: str = "") -> None:
        """Log what goes wrong with this witness when it changes, not at each of five checkpoints a second."""
        if trouble and trouble != self.trouble:
            log.warning("Witness at %s: %s%s", self.url, trouble, detail and f" {detail}")
        if self.trouble and not trouble:
            log.info("Witness at %s cosigns again.", self.url)
        self.trouble = trouble


SLOW = "does not answer in time."

_callers: dict[str, _Caller] = {}
_threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="witness")


@dataclass
class _Round:
    """The collection of cosignatures for one checkpoint."""

    note: str
    text: str
    claim: Claim
    policy: Policy
    proof_from: Proofs
    lines: dict[str, str] = field(default_factory=dict)  # by the witness's name in the policy
    pending: dict[Future[tuple[int, str]], _Caller] = field(default_factory=dict)
    asks: dict[str, int] = field(default_factory=dict)

    def ask(self, caller: _Caller, old: int) -> None:
        """Send the checkpoint to a witness, grown from `old`."""
        # The proof is made here, in the caller's thread: it reads the database.
        body = request_text(old, self.proof_from(old) if 0 < old < self.claim.size else (), self.note)
        self.asks[caller.url] = self.asks.get(caller.url, 0) + 1
        caller.asking = _threads.submit(caller.ask, body)
        self.pending[caller.asking] = caller

    def take(self, future: Future[tuple[int, str]]) -> None:
        """Take a witness's answer: its cosignatures, or the size it has seen, from which it is asked again."""
        caller = self.pending.pop(future)
        try:
            status, body = future.result()
        except (OSError, HTTPException, UnicodeDecodeError) as error:
            caller.note("cannot be reached.", type(error).__name__)
            return
        if status == 200:
            self._keep(caller, body)
        elif status == 409 and SIZE.fullmatch(body.removesuffix("\n")):
            self._again(caller, int(body))
        else:
            caller.note(f"refuses with {status}.", body[:200].strip())

    def _again(self, caller: _Caller, seen: int) -> None:
        if seen > self.claim.size:
            caller.note(
                "has cosigned more than this log holds: the log was rolled back, or the witness lies. Compare with"
                " what its monitoring address shows, signed.",
                f"({seen}, {self.claim.size})",
            )
        elif self.asks[caller.url] >= ASKS_MAX:
            caller.note("names another size each time it is asked.")
        else:
            self.ask(caller, seen)

    def _keep(self, caller: _Caller, body: str) -> None:
        good = 0
        for witness in self.policy.witnesses:
            if witness.url == caller.url and witness.name not in self.lines:
                good += self._keep_line(witness, body)
        caller.seen = self.claim.size if good else None
        caller.note("" if good else "its cosignature does not hold and is dropped.")

    def _keep_line(self, witness: Witness, body: str) -> bool:
        """Keep the line of one witness if it is there and good."""
        key = witness.verifier
        for line in body.splitlines():
            try:
                parsed = parse_line(line)
                if (parsed.name, parsed.key_id) != (key.name, key.key_id):
                    continue
                key.check(parsed.signature, self.text)
                # tlog-witness: "the timestamp MUST NOT be zero": without one it does not say "the newest I saw".
                if time_of(line) == 0:
                    continue
            except BadNote:
                continue
            self.lines[witness.name] = f"{line}\n"
            return True
        return False


def cosigned(
    note_text: str, old_size: int, proof_from: Proofs, policy: Policy, *, timeout_s: float = TIMEOUT_S
) -> str:
    """Return a signed checkpoint with the cosignatures of the policy's witnesses, all that came in time and hold.

    `old_size` is what the log published last; a witness that has seen another size is asked again from there, with
    `proof_from(size)`. Raises NotEnough if the policy's quorum is not reached within `timeout_s`.
    """
    text, _ = parts_of(note_text)
    asked = _Round(note_text, text, parse_claim(text), policy, proof_from)
    deadline = monotonic() + timeout_s
    for caller in _callers_of(policy):
        if caller.asking is not None and not caller.asking.done():
            caller.note(SLOW)
        else:
            asked.ask(caller, min(old_size if caller.seen is None else caller.seen, asked.claim.size))
    while asked.pending:
        if policy.holds(asked.lines):
            deadline = min(deadline, monotonic() + GRACE_S)
        done, _ = wait(asked.pending, max(0.0, deadline - monotonic()), FIRST_COMPLETED)
        if not done:
            break
        for future in done:
            asked.take(future)
    for caller in asked.pending.values():
        caller.note(SLOW)
        caller.hang_up()
    if not policy.holds(asked.lines):
        raise NotEnough(len(asked.lines), policy.need())
    return note_text + "".join(asked.lines[w.name] for w in policy.witnesses if w.name in asked.lines)


def _callers_of(policy: Policy) -> list[_Caller]:
    urls = dict.fromkeys(witness.url for witness in policy.witnesses if witness.url)
    return [_callers.setdefault(url, _Caller(url)) for url in urls]
