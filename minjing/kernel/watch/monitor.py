"""The monitor: a round every two seconds of everything that can be checked from inside and from outside.

A round has a budget of time and each check a bound of memory. What is new is checked at once, what is old in turn;
what was found is looked at again in every round, and its alarm ends when it fits again. A check that cannot be made
is a doubt, and a doubt that lasts is an alarm: silence proves nothing.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from socket import SHUT_RDWR, socket
from threading import Event, Timer
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import connection, transaction

from minjing.kernel.ledger import queries as ledger
from minjing.kernel.ledger.providers import journal
from minjing.kernel.ledger.providers.keys import verifier
from minjing.kernel.ledger.providers.policy import policy
from minjing.kernel.ledger.providers.witnesses import monitoring_url
from minjing.kernel.ledger.rules.note import BadNote, Claim, Verifier, open_note, parse_claim
from minjing.kernel.ledger.rules.tree import TILE_WIDTH, cut, tile_width
from minjing.kernel.watch import actions, outsider, private, promises, queries, replay, rules
from minjing.kernel.watch.actions import Finding
from minjing.kernel.watch.outsider import Fault, Seen
from minjing.kernel.watch.promises import Promises
from minjing.kernel.watch.replay import Record

log = logging.getLogger(__name__)

ROUND_S = 2.0
SWEEP_S = 0.4  # of a round for what is old: a fifth of a core at most
SWEEP_ROUNDS = 24  # in which everything old is looked at once, as long as that much time allows it: within a minute
ALERT_SWEEP_S = 1.4  # once rows were changed that never change: look at everything soon
SAMPLE = 50  # newest keys of each record, and as many in turn, each round
NAMED = 20  # broken promises named one by one
SKEW_S = 5.0  # by which our clock may differ from the database's
JUMP_S = 5.0  # by which it may gain or lose on the monotonic clock between two rounds
CALM_S = 600.0  # how long a clock that jumped is doubted
DOUBT_S = 60.0
WITNESS_EVERY_S = 10.0
WITNESS_ANSWERS_S = 1.0
FOUND_MAX = 100  # checkpoints handed in that are looked at
NEVER_CHANGED = ("ledger_outbox", "matters_matterevent")  # bundles and checkpoints change as the log grows


@dataclass(slots=True)
class Round:
    """What one round has looked at, and what it found there."""

    now: datetime
    units: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def find(
        self, kind: str, unit: str, what: str, zh: str, en: str, index: int | None = None, row: str = ""
    ) -> None:
        """Note a finding under its unit."""
        about = f"{unit}|{what}"[:200]
        self.findings.append(Finding(kind, about, {"zh": zh, "en": en}, self.now, index, row))


@dataclass(frozen=True, slots=True)
class Sources:
    """What a monitor looks at besides the tables: the public files, the key they are signed by, and the journals."""

    read: outsider.Read
    found: Path  # checkpoints that somebody handed in
    key: Callable[[], Verifier | None] = verifier
    journals: Callable[[], Sequence[Path]] = journal.journals


class Monitor:
    """Everything the monitor remembers from round to round; on the disk it keeps what must outlive it."""

    def __init__(
        self, sources: Sources, records: Sequence[Record], state: Path, ticks: Callable[[], float] = monotonic
    ) -> None:
        self.sources, self.read, self.records, self.state, self.ticks = sources, sources.read, records, state, ticks
        self.seen, self.promises = _remembered(state)
        self.first = 0  # the first bundle that is looked at: another than 0 on a copy of the newest part
        self.cursor = 0  # the bundle that is looked at again next
        self.after: dict[str, UUID] = {record.name: UUID(int=0) for record in records}
        self.checked = 0
        self.suspects: list[str] = []
        self.moved_at: float | None = None  # by the monotonic clock: when the public log last grew, or nothing waited
        self.moved_size = -1
        self.clock: tuple[datetime, float] | None = None
        self.clock_doubted_until = float("-inf")
        self.doubted_since: dict[str, float] = {}
        self.touched: dict[str, int] | None = None
        self.alert = 0  # bundles that are still to be looked at soon
        self.witness_turn, self.witness_at = 0, float("-inf")

    # --- a round ------------------------------------------------------------------------------------------

    def round(self, now: datetime) -> Round:
        """Look once at everything that is due; write the beat, the alarms and what must be remembered."""
        made = self.look(now)
        self._settle(made)
        self._remember()
        return made

    def look(self, now: datetime, beat: Callable[..., None] | None = actions.beat) -> Round:
        """Look once at everything that is due. Writes nothing but the beat, and not even that without `beat`."""
        made = Round(now)
        self._try(made, "clock", self._clock)  # first: a clock in doubt is not to be counted with
        claim = self._try(made, "follow", self._follow)
        lag = self._try(made, "lag", lambda r: self._lag(r, claim))
        if lag is not None and beat:  # without a figure there is no beat, and the last one grows old: that is lag
            size = claim.size if claim else 0
            beat(lag_s=lag, size=size, checked=self.checked, doubts=made.doubts, now=now)
        for name, check in (
            ("key", lambda r: self._keys(r, claim)),
            ("promises", self._promises),
            ("changes", self._changes),
            ("erasures", self._erasures),
            ("records", self._records),
            ("sweep", self._sweep),
        ):
            self._try(made, name, check)
        self._doubts(made)
        return made

    def _try(self, made: Round, name: str, check: Callable[[Round], Any]) -> Any:
        try:
            with transaction.atomic():
                return check(made)
        except Exception as error:  # whatever it is, the other checks must go on; a doubt that lasts is an alarm
            log.warning("The check %s could not be made: %s", name, type(error).__name__)
            made.doubts.append(name)
            return None

    # --- the public files ---------------------------------------------------------------------------------

    def _follow(self, made: Round) -> Claim | None:
        key = self.sources.key()
        if key is None:
            return None
        made.units.add("files")
        step = outsider.follow(self.read, [key], self.seen)
        for fault in step.faults:
            self._fault(made, "files", fault)
        first = self.seen.size
        if step.leaves:
            self.seen = step.seen
            self.promises.published(step.leaves)
            self._bundles(made, first // TILE_WIDTH, -(-self.seen.size // TILE_WIDTH))
        return step.claim

    def _fault(self, made: Round, unit: str, fault: Fault) -> None:
        made.find(fault.kind, unit, f"{fault.file} {fault.index}", fault.zh, fault.en, fault.index, fault.file)

    def _bundles(self, made: Round, start: int, end: int) -> None:
        """Compare the bundles [start, end): file with tree, private rows with file, records with entries."""
        for n in range(start, end):
            self._bundle(made, n)
        stated = replay.entries_in(start, end)
        for record in self.records:
            self._replay(made, record, replay.keys_of(record, stated), stated)

    def _bundle(self, made: Round, n: int) -> None:
        unit, width = f"bundle {n}", min(TILE_WIDTH, self.seen.size - n * TILE_WIDTH)
        made.units.add(unit)
        faults = outsider.recheck(self.read, self.seen, n)
        if n % TILE_WIDTH == 0 or n == (self.seen.size - 1) // TILE_WIDTH:
            faults = faults + outsider.recheck_upper(self.read, self.seen, n)
        for fault in faults:
            self._fault(made, unit, fault)
        entries = outsider.bundle(self.read, n, width)
        if entries is None:
            return
        held = private.rows(n, n + 1)
        for altered in private.altered(n * TILE_WIDTH, entries, held, whole=width == TILE_WIDTH):
            self._altered(made, unit, altered)
        self.checked += width

    def _altered(self, made: Round, unit: str, altered: private.Altered) -> None:
        zh, en = altered.words
        index, row = altered.index, altered.row
        names = (row, row) if index is None else (f"第 {index} 条", f"Entry {index}")
        what = row if index is None else str(index)
        made.find("row", unit, what, f"{names[0]}{zh}", f"{names[1]} {en}", index, row)

    # --- lag ----------------------------------------------------------------------------------------------

    def _lag(self, made: Round, claim: Claim | None) -> float:
        """Return the lag: by the entries' own times and, where the clock is in doubt, by how long nothing moved."""
        tick, inside, head = self.ticks(), ledger.lag_s(made.now), ledger.head()
        size = claim.size if claim else 0
        waits = inside > 0 or (head is not None and head.size > size) or private.waits()
        if self.moved_at is None:
            self.moved_at = tick - inside
        if size != self.moved_size or not waits:
            self.moved_at = tick if self.moved_size >= 0 or not waits else self.moved_at
            self.moved_size = size
        stuck = tick - self.moved_at if waits else 0.0
        lag = stuck if tick < self.clock_doubted_until else max(inside, stuck)
        made.units.add("lag")
        if rules.is_alarm(lag):
            since = datetime.fromtimestamp(made.now.timestamp() - lag, UTC)
            text = {
                "zh": f"公开账本自 {size} 条起没有发布新记录，已超过 60 秒。",
                "en": f"The public ledger has published nothing beyond {size} entries for over 60 s.",
            }
            made.findings.append(Finding("lag", "lag|", text, since))
        return lag

    # --- clock --------------------------------------------------------------------------------------------

    def _clock(self, made: Round) -> None:
        """Compare our clock with the monotonic one and with the database's."""
        tick, before = self.ticks(), self.clock
        self.clock = (made.now, tick)
        drift = 0.0 if before is None else (made.now - before[0]).total_seconds() - (tick - before[1])
        frozen = before is not None and tick - before[1] >= 1.0 and made.now == before[0]
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            skew = made.now.timestamp() - float(cursor.fetchone()[0])
        if abs(drift) > JUMP_S or frozen:
            self.clock_doubted_until = tick + CALM_S
        if tick >= self.clock_doubted_until:
            made.units.add("clock")
        else:
            made.find(
                "clock",
                "clock",
                "jump",
                "本机时钟跳变或停走：时限改按单调时钟计算，请检查时间同步。",
                "This machine's clock jumped or stood still; lag is measured by the monotonic clock. Check its time.",
            )
        made.units.add("skew")
        if abs(skew) > SKEW_S:
            made.find(
                "skew",
                "skew",
                "database",
                "本机时钟与数据库时钟相差超过 5 秒。",
                "This machine's clock differs from the database's by more than 5 s.",
            )

    # --- keys ---------------------------------------------------------------------------------------------

    def _keys(self, made: Round, claim: Claim | None) -> None:
        """Look for statements under our key that the ledger never made: in public, at witnesses, handed in."""
        if claim is not None:
            made.units.add("key checkpoint")
            self._stated(made, "key checkpoint", "checkpoint", claim)
        key = self.sources.key()
        for path in sorted(self.sources.found.glob("*"))[:FOUND_MAX] if key else ():
            unit = f"key {path.name}"
            made.units.add(unit)
            try:
                found = parse_claim(open_note(path.read_text(), [key] if key else []))
            except (BadNote, UnicodeDecodeError):
                continue  # not signed by us: no statement of ours
            self._stated(made, unit, path.name, found)
        self._witnesses(made)

    def _stated(self, made: Round, unit: str, where: str, claim: Claim) -> None:
        if not private.is_known(claim):
            made.find(
                "key",
                unit,
                f"{claim.size}",
                f"{where}：签名有效，但账本从未为 {claim.size} 条签署过这个树根。"
                "私钥可能被盗用，或数据库被退回到旧备份。",
                f"{where}: validly signed, but the ledger never stated this root for {claim.size} entries."
                " The key may be stolen, or the database was put back to an old backup.",
                claim.size - 1,
                where,
            )

    def _witnesses(self, made: Round) -> None:
        """Ask one witness a turn for the checkpoint of ours that it cosigned last."""
        tick, key = self.ticks(), self.sources.key()
        known = [witness for witness in policy().witnesses if witness.url]
        if key is None or not known or tick - self.witness_at < WITNESS_EVERY_S:
            return
        self.witness_at, self.witness_turn = tick, self.witness_turn + 1
        witness = known[self.witness_turn % len(known)]
        unit = f"key {witness.name}"
        try:
            claim = parse_claim(open_note(_fetched(monitoring_url(witness, key.name)), [key]))
        except (OSError, HTTPException, BadNote, UnicodeDecodeError):
            return  # that a witness is away is told where cosignatures are collected
        made.units.add(unit)
        self._stated(made, unit, witness.name, claim)

    # --- promises -----------------------------------------------------------------------------------------

    def _promises(self, made: Round) -> None:
        key = self.sources.key()
        if key is None:
            return
        now_s = made.now.timestamp()
        self.promises.read(self.sources.journals(), key.name, now_s)
        made.units.add("promise")
        broken = self.promises.broken(now_s, self._stands)
        for leaf, owed in broken[:NAMED]:
            name = str(owed.entry_id or leaf.hex()[:16])
            made.find(
                "promise",
                "promise",
                leaf.hex(),
                f"已承诺的条目 {name} 超过 60 秒没有进入公开账本：被拦下、删除或改动。",
                f"The promised entry {name} is not in the public log after 60 s: held back, deleted or altered.",
                row=f"{owed.journal}: {name}",
            )
        if len(broken) > NAMED:
            rest = len(broken) - NAMED
            made.find(
                "promise", "promise", "rest", f"另有 {rest} 条承诺未兑现。", f"{rest} more promises are broken."
            )
        for name, offset in self.promises.foreign[:NAMED]:
            made.find(
                "promise",
                "promise",
                f"{name} {offset}",
                f"承诺流水 {name} 中有一条不是本账本的承诺。",
                f"A line in the journal {name} is no promise of this log.",
                row=f"{name}:{offset}",
            )

    def _stands(self, leaf: bytes) -> bool:
        """Say whether a leaf is among the newest in the public files: half a million are looked through."""
        last = (self.seen.size - 1) // TILE_WIDTH
        for n in range(last, max(-1, last - 2_000), -1):
            hashes = outsider.tile(self.read, 0, n, tile_width(0, n, self.seen.size)) or b""
            if leaf in hashes and leaf in cut(hashes):
                return True
        return False

    # --- rows that never change -----------------------------------------------------------------------------

    def _changes(self, made: Round) -> None:
        """Ask PostgreSQL's own counters whether rows were changed that only grow; if so, look at everything soon."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname, n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE relname LIKE ANY(%s)",
                [[f"{name}%" for name in NEVER_CHANGED]],
            )
            counted = dict(cursor.fetchall())
        before, self.touched = self.touched, counted
        if before is not None and any(counted[name] > before.get(name, 0) for name in counted):
            self.alert, self.cursor = -(-self.seen.size // TILE_WIDTH) - self.first, self.first
            self.after = dict.fromkeys(self.after, UUID(int=0))

    def _erasures(self, made: Round) -> None:
        if self.first:
            return  # a part of the log cannot tell how many entries an erasure emptied
        made.units.add("erasures")
        for erasure, count, stated in private.erasures():
            if stated != count:
                made.find(
                    "row",
                    "erasures",
                    str(erasure),
                    f"有 {count} 条记录被清空，其删除记录写的是 {stated} 条。",
                    f"{count} records were emptied, but their erasure states {stated}.",
                    row=f"ledger_erased {erasure}",
                )

    # --- records ------------------------------------------------------------------------------------------

    def _records(self, made: Round) -> None:
        """Compare the newest acts, and some older ones in turn, with their entries."""
        for record in self.records:
            if not record.ids:
                continue  # only counted, by the audit
            turn = replay.after(record, self.after[record.name], SAMPLE)
            self.after[record.name] = turn[-1] if len(turn) == SAMPLE else UUID(int=0)
            suspects = [UUID(u.split(" ")[1]) for u in self.suspects if u.startswith(f"{record.name} ")]
            self._replay(made, record, {*replay.newest(record, SAMPLE), *turn, *suspects[:SAMPLE]}, ())

    def _replay(self, made: Round, record: Record, keys: set[UUID], stated: Sequence[replay.Stated]) -> None:
        if keys:
            made.units |= {replay.unit(record, key) for key in keys}
            made.findings += replay.check(record, keys, stated, made.now)

    # --- what is old ---------------------------------------------------------------------------------------

    def _sweep(self, made: Round) -> None:
        """Look again at bundles seen before: those in doubt first, then one after the other while time is left."""
        last = -(-self.seen.size // TILE_WIDTH)
        for unit in [u for u in self.suspects if u.startswith("bundle ")][:SAMPLE]:
            if unit not in made.units and int(unit.split(" ")[1]) < last:
                self._bundle(made, int(unit.split(" ")[1]))
        end = self.ticks() + (ALERT_SWEEP_S if self.alert else SWEEP_S)
        for _ in range(self.alert or -(-(last - self.first) // SWEEP_ROUNDS)):
            if self.ticks() >= end:
                return
            self.alert = max(0, self.alert - 1)
            self.cursor = self.cursor if self.first <= self.cursor < last else self.first
            self._bundles(made, self.cursor, self.cursor + 1)
            self.cursor += 1

    # --- alarms -------------------------------------------------------------------------------------------

    def _doubts(self, made: Round) -> None:
        tick = self.ticks()
        self.doubted_since = {name: self.doubted_since.get(name, tick) for name in made.doubts}
        made.units.add("doubt")
        for name, since in self.doubted_since.items():
            if tick - since >= DOUBT_S:
                made.find("doubt", "doubt", name, f"检查「{name}」无法进行。", f"The check “{name}” cannot be made.")

    def _settle(self, made: Round) -> None:
        """Raise what is new, end what fits again, pass on what nobody took note of."""
        actions.raise_alarms(made.findings, now=made.now)
        found = {(finding.kind, finding.about) for finding in made.findings}
        standing = queries.standing()
        gone = [pk for pk, kind, about in standing if (kind, about) not in found and _unit(about) in made.units]
        actions.end_alarms(gone, now=made.now)
        self.suspects = list(dict.fromkeys(_unit(about) for pk, _, about in standing if pk not in gone))
        self.suspects += [u for f in made.findings if (u := _unit(f.about)) not in self.suspects]
        actions.escalate(made.now)

    # --- memory -------------------------------------------------------------------------------------------

    def _remember(self) -> None:
        kept = {"seen": outsider.to_json(self.seen), "promises": promises.to_json(self.promises)}
        self.state.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.state.with_suffix(".new")
        with draft.open("w") as handle:
            json.dump(kept, handle)
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(self.state)


def _remembered(state: Path) -> tuple[Seen, Promises]:
    """Return what an earlier monitor remembered; raises ValueError for a file that is damaged."""
    if not state.exists():
        return Seen(), Promises()
    kept = json.loads(state.read_text())
    return outsider.from_json(kept["seen"]), promises.from_json(kept["promises"])


def _fetched(url: str) -> str:
    """Return what is served at `url`, at most 64 kB of it, within a second from the first word on; or OSError."""
    parts = urlsplit(url)
    make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    line = make(parts.hostname or "", parts.port, timeout=WITNESS_ANSWERS_S)
    line.connect()
    # A timeout counts from byte to byte: who sends one now and then would hold the monitor for hours.
    cut = Timer(WITNESS_ANSWERS_S, socket.shutdown, [line.sock, SHUT_RDWR])
    cut.start()
    try:
        line.request("GET", parts.path)
        answer = line.getresponse()
        return answer.read(65_536).decode() if answer.status == 200 else ""
    finally:
        cut.cancel()
        line.close()


def _unit(about: str) -> str:
    return about.split("|", 1)[0]


def run(monitor: Monitor, stop: Event, clock: Callable[[], datetime]) -> None:
    """Make rounds until `stop` is set; a database that is away is waited for."""
    while not stop.is_set():
        began = monotonic()
        try:
            monitor.round(clock())
        except Exception as error:  # the database is away: the beat grows old, which counts as lag
            log.warning("The monitor waits for the database: %s", type(error).__name__)
            connection.close()
        stop.wait(max(0.1, ROUND_S - (monotonic() - began)))
    connection.close()
