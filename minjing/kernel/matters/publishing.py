"""Versions: publishing procedures and calendars, moving running matters to a new version, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from minjing.base.ids import new_id
from minjing.base.workdays import WorkCalendar
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger.actions import append
from minjing.kernel.ledger.actions import entry as ledger_entry
from minjing.kernel.matters import catalog, queries, rules, store
from minjing.kernel.matters.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.matters.models import Calendar, Matter, MigratedMatter, Migration, Procedure
from minjing.kernel.matters.rules import Change, Snapshot
from minjing.kernel.matters.schema import Body, Text
from minjing.kernel.matters.sql import statement

CATALOGUE, CALENDARS = "manage_catalogue", "manage_calendars"  # the acts that publishing takes
YEARS_AHEAD = 2  # the State Council announces the days off of one year in the autumn before
BATCH = 2_000


def require(by: Actor, act: str) -> None:
    """Raise NotAllowed unless one of the asker's posts carries the act; the command line on the server may."""
    if by.kind != "system" and not any(act in held.acts for held in by.holdings):
        raise NotAllowed(
            "no_right",
            "您的岗位不能发布事项或日历。",
            "None of your posts publishes services or calendars.",
            needs=act,
        )


# ---- publishing -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Published:
    """A version that came into force."""

    code: str
    version: int


@transaction.atomic
def publish(bodies: Iterable[Body], *, by: Actor, now: datetime) -> list[Published]:
    """Publish what differs from the version in force; the old version stays for the matters pinned to it.

    Raises NotAllowed.
    """
    require(by, CATALOGUE)
    newest = {p.code: p for p in Procedure.objects.filter(valid_to__isnull=True).defer("body")}
    made: list[Published] = []
    for body in bodies:
        code, sha256 = body.service.code, catalog.fingerprint(body)
        before = newest.get(code)
        if before is not None and before.sha256 == sha256:
            continue
        version = before.version + 1 if before else 1
        if before is not None:
            Procedure.objects.filter(id=before.id).update(valid_to=now)
        Procedure.objects.create(
            code=code,
            version=version,
            valid_from=now,
            sha256=sha256,
            body=body.model_dump(mode="json"),
            published_at=now,
            published_by=by.account_id,
        )
        append(
            ledger_entry(
                "matters:procedure:published",
                {"code": code, "version": version, "sha256": sha256, "by": by.account_id},
                at=now,
            )
        )
        made.append(Published(code, version))
    transaction.on_commit(queries.forget_kept)
    return made


@transaction.atomic
def publish_calendar(
    *,
    known_until: date,
    days_off: Sequence[date],
    made_up: Sequence[date],
    source: str,
    by: Actor,
    now: datetime,
) -> Calendar:
    """Publish a revision of the working-day calendar; `recompute_provisional` then moves what rested on guesses.

    Raises NotAllowed; Wrong for a year that no notice can speak of yet: every due date rests on it.
    """
    require(by, CALENDARS)
    if known_until.year > now.year + YEARS_AHEAD:
        last = now.year + YEARS_AHEAD
        raise Wrong({"known_until": Text(zh=f"最多公布到 {last} 年。", en=f"Not beyond {last}.")})
    revision = Calendar.objects.create(
        known_until=known_until,
        days_off=[day.isoformat() for day in sorted(days_off)],
        made_up=[day.isoformat() for day in sorted(made_up)],
        source=source,
        published_at=now,
        published_by=by.account_id,
    )
    append(
        ledger_entry(
            "matters:calendar:published",
            {"revision": revision.revision, "known_until": known_until, "by": by.account_id},
            at=now,
        )
    )
    transaction.on_commit(queries.forget_kept)
    return revision


def recompute_provisional(*, by: Actor, now: datetime) -> int:
    """Compute anew every provisional due date under the newest calendar; return how many were moved.

    Raises NotAllowed.
    """
    require(by, CALENDARS)
    queries.forget_kept()
    calendar, changed = queries.calendar(), 0
    rows = Matter.objects.filter(due_provisional=True, closed_at__isnull=True).defer("answers_sealed")
    for row in rows.order_by("due_at").iterator(chunk_size=BATCH):
        matter = queries.snapshot(row)
        body = queries.body_of(matter)
        after = replay_clock(matter, queries.events(matter), calendar).but(ver=matter.ver + 1)
        if (after.due_at, after.due_provisional) == (matter.due_at, matter.due_provisional):
            continue
        store.write(
            Change("recompute_due", matter, after),
            body,
            by=by,
            request_id=new_id(),
            place=queries.place_of(matter.station_id),
            calendar=calendar,
            now=now,
        )
        changed += 1
    return changed


def replay_clock(matter: Snapshot, events: Sequence[rules.Happening], calendar: WorkCalendar) -> Snapshot:
    """Return `matter` with its due date computed from its history: each step moves the clock as it did when taken.

    A step is read by the version that it was taken under; a migration moves no clock.
    """
    place, extension_days = queries.place_of(matter.station_id), 0
    first, *later = events
    body = _body_after(first) or queries.body_of(matter)
    clock = matter.but(state=body.flow.start, step_since=first.at, paused_since=None, closed_at=None)
    clock = rules.clocked(body, clock, calendar, first.at)
    if first.to_state != clock.state:
        clock = rules.enter(body, clock, first.to_state, place, calendar, first.at)
    for event in later:
        told = int(event.detail.get("after", {}).get("extension_days", extension_days))
        version = _body_after(event)
        if version is not None:
            body, clock = version, clock.but(state=event.to_state)
        elif event.action == "grant_extension":
            clock = rules.extended(body, clock.but(asked_days=told - extension_days), calendar)
        elif event.from_state != event.to_state:
            clock = rules.enter(body, clock, event.to_state, place, calendar, event.at)
        extension_days = told
    return matter.but(due_at=clock.due_at, yellow_at=clock.yellow_at, due_provisional=clock.due_provisional)


def _body_after(event: rules.Happening) -> Body | None:
    """Return the version that an event put the matter under; None where it stayed."""
    version = event.detail.get("after", {}).get("procedure_id")
    return queries.body(UUID(version)) if version else None


# ---- migrating ------------------------------------------------------------------------------------------


@dataclass
class Report:
    """What a migration does, or would do: how many matters go from which state to which, and which cannot."""

    code: str
    source: int
    target: int
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)
    moved_meanwhile: int = 0
    migration_id: UUID | None = None

    @property
    def total(self) -> int:
        """Return how many matters are moved."""
        return sum(self.moves.values())

    @property
    def refusal(self) -> NotAllowed | None:
        """Return why nothing is moved yet: states that have no counterpart; None when all have one."""
        if not self.unmapped:
            return None
        return NotAllowed(
            "unmapped",
            f"新版本没有这些状态，须在对照表中写明：{'、'.join(sorted(self.unmapped))}。",
            f"The new version lacks these states; map them first: {', '.join(sorted(self.unmapped))}.",
        )


@dataclass(frozen=True, slots=True)
class Counterparts:
    """Which state of the new version stands for which of the old: the mapping, or the same name."""

    old: Body
    new: Body
    mapping: Mapping[str, str]

    def of(self, name: str) -> str:
        """Return the counterpart of a state."""
        return self.mapping.get(name, name)

    def lacking(self, state: str, back_to: str) -> list[str]:
        """Return what a matter at `state`, from which it goes back to `back_to`, needs and the new version lacks."""
        return [name for name in (state, back_to) if name and self.of(name) not in self.new.flow.states]

    def look_at_mapping(self, running: Iterable[str]) -> None:
        """Raise NotAllowed for a mapping that names no state, or states that cannot stand for each other."""
        for name, goal in self.mapping.items():
            if name not in self.old.flow.states and name not in running:
                raise _no_state(name, "原版本", "old")
            if goal not in self.new.flow.states:
                raise _no_state(goal, "新版本", "new")
            self._agree(name)

    def look_at(self, state: str, back_to: str) -> None:
        """Raise NotAllowed where a matter at `state` would not be in the new version what it is in the old."""
        for name in filter(None, (state, back_to)):
            self._agree(name)
        goal = self.new.flow.states[self.of(state)]
        if not back_to and any(spec.to == "back" for spec in goal.actions.values()):
            raise NotAllowed(
                "no_way_back",
                f"处于「{state}」的办件没有记下从哪个状态来，须先在原版本中办完这一步。",
                f"Matters at “{state}” do not know where they came from: take that step under the old version first.",
            )

    def _agree(self, name: str) -> None:
        before, after = self.old.flow.states.get(name), self.new.flow.states[self.of(name)]
        if before is None:
            return
        if before.final != after.final or (before.final and name in self.mapping):
            raise NotAllowed(
                "final_state",
                f"「{name}」不能对应「{self.of(name)}」：迁移不办结办件，也不重开已办结的。",
                f"“{name}” cannot become “{self.of(name)}”: a migration closes no matter and opens no closed one.",
            )
        if before.pauses != after.pauses:
            raise NotAllowed(
                "pause_differs",
                f"「{name}」不能对应「{self.of(name)}」：两者是否暂停计时、为何暂停并不相同。",
                f"“{name}” cannot become “{self.of(name)}”: they differ in whether, or why, the clock rests.",
            )


def _no_state(name: str, zh: str, en: str) -> NotAllowed:
    return NotAllowed("no_state", f"{zh}没有「{name}」这个状态。", f"The {en} version has no state “{name}”.")


Progress = Callable[[int, int], None]


def migrate(
    code: str,
    source: int,
    target: int,
    mapping: Mapping[str, str],
    *,
    by: Actor,
    now: datetime,
    dry_run: bool,
    progress: Progress | None = None,
) -> Report:
    """Move the running matters of version `source` to `target`; states not in `mapping` keep their name.

    The dry run says what would happen and writes nothing. Nothing is moved while a state has no counterpart, nor
    where a matter's clock or end would not be what it was. The clock and the claims stay as they are. Raises Unknown
    for versions that do not exist, NotAllowed.
    """
    require(by, CATALOGUE)
    old, new = _version(code, source), _version(code, target)
    states = Counterparts(queries.body(old.id), queries.body(new.id), mapping)
    report = Report(code, source, target)
    running = Matter.objects.filter(procedure_id=old.id, closed_at__isnull=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, back_to, count(*) FROM matters_matter WHERE procedure_id = %s AND closed_at IS NULL"
            " GROUP BY state, back_to",
            [old.id],
        )
        found = cursor.fetchall()
    states.look_at_mapping({name for state, back_to, _ in found for name in (state, back_to)})
    for state, back_to, count in found:
        lacking = states.lacking(state, back_to)
        report.unmapped.update(dict.fromkeys(lacking, count))
        if not lacking:
            states.look_at(state, back_to)
            report.moves[state, states.of(state)] += count
    if dry_run:
        return report
    if report.refusal is not None:
        raise report.refusal
    return _apply_migration(report, old, new, states, running, by, now, progress)


def _apply_migration(
    report: Report,
    old: Procedure,
    new: Procedure,
    states: Counterparts,
    running: Any,
    by: Actor,
    now: datetime,
    progress: Progress | None,
) -> Report:
    migration = Migration.objects.create(
        code=old.code, source=old, target=new, mapping=dict(states.mapping), applied_at=now, applied_by=by.account_id
    )
    report.migration_id, total, done = migration.id, report.total, 0
    last: UUID | None = None
    while True:
        rows = running.filter(id__gt=last) if last else running
        batch = [queries.snapshot(r) for r in rows.order_by("id").defer("answers_sealed")[:BATCH]]
        if not batch:
            break
        last = batch[-1].id
        moves = [_moved(matter, new.id, states) for matter in batch if _fits(matter, states)]
        moved = _write_batch(moves, new.id, migration.id, "migrate", True, by, now)
        report.moved_meanwhile += len(batch) - moved
        done += moved
        if progress:
            progress(done, total)
    Migration.objects.filter(id=migration.id).update(moved=done)
    append(
        ledger_entry(
            "matters:migration:applied",
            {
                "migration": migration.id,
                "code": old.code,
                "from": old.version,
                "to": new.version,
                "moved": done,
                "by": by.account_id,
            },
            at=now,
        )
    )
    return report


def undo(migration_id: UUID, *, by: Actor, now: datetime, progress: Progress | None = None) -> Report:
    """Move the matters of a migration back, those that nobody has acted on since; the others stay and are counted.

    Raises Unknown, NotAllowed.
    """
    require(by, CATALOGUE)
    migration = Migration.objects.filter(id=migration_id).select_related("source", "target").first()
    if migration is None:
        raise Unknown("没有这次迁移。", "There is no such migration.")
    if migration.undone_at is not None:
        raise NotAllowed("undone", "这次迁移已经撤回。", "This migration has been undone already.")
    report = Report(migration.code, migration.target.version, migration.source.version)
    kept = MigratedMatter.objects.filter(migration_id=migration_id).order_by("matter_id")
    last, done = None, 0
    while True:
        rows = list((kept.filter(matter_id__gt=last) if last else kept)[:BATCH])
        if not rows:
            break
        last = rows[-1].matter_id
        now_are = Matter.objects.defer("answers_sealed").in_bulk([r.matter_id for r in rows])
        moves = []
        for row in rows:
            matter = queries.snapshot(now_are[row.matter_id])
            if matter.ver != row.seq:
                report.moved_meanwhile += 1
                continue
            back = matter.but(
                procedure_id=migration.source_id,
                state=row.from_state,
                post=row.from_post,
                unit_id=row.from_unit,
                back_to=row.from_back_to,
            )
            report.moves[matter.state, row.from_state] += 1
            moves.append((matter, back))
        moved = _write_batch(moves, migration.source_id, migration_id, "migrate_back", False, by, now)
        report.moved_meanwhile += len(moves) - moved
        done += moved
        if progress:
            progress(done, migration.moved)
    with transaction.atomic():
        closing = Migration.objects.filter(id=migration_id, undone_at__isnull=True)
        if closing.update(undone_at=now, undone_by=by.account_id):  # else somebody else undid it at the same time
            said = {"migration": migration_id, "moved": done, "by": by.account_id}
            append(ledger_entry("matters:migration:undone", said, at=now))
    return report


def _version(code: str, version: int) -> Procedure:
    found = Procedure.objects.filter(code=code, version=version).defer("body").first()
    if found is None:
        raise Unknown(f"{code} 没有第 {version} 版。", f"{code} has no version {version}.")
    return found


def _fits(matter: Snapshot, states: Counterparts) -> bool:
    """Say whether a matter can be moved; one that was looked at can, another may have moved on since."""
    try:
        states.look_at(matter.state, matter.back_to)
    except (NotAllowed, KeyError):
        return False
    return True


def _moved(matter: Snapshot, target_id: UUID, states: Counterparts) -> tuple[Snapshot, Snapshot]:
    body, name = states.new, states.of(matter.state)
    state = body.flow.states[name]
    place = queries.place_of(matter.station_id)
    unit = matter.unit_id
    if state.level and name != matter.state:
        unit = place.unit_at(body.service.decides if state.level == "decides" else state.level)
    post = "" if state.final else rules.post_of(body, state)
    back_to = states.of(matter.back_to) if matter.back_to else ""
    return matter, matter.but(procedure_id=target_id, state=name, post=post, unit_id=unit, back_to=back_to)


def _write_batch(
    moves: Sequence[tuple[Snapshot, Snapshot]],
    target: UUID,
    migration: UUID,
    action: str,
    keeps: bool,
    by: Actor,
    now: datetime,
) -> int:
    """Write a batch of moves in one statement and one transaction; return how many matters were moved."""
    if not moves:
        return 0
    kind = f"matters:matter:{action}"
    entries = [
        ledger_entry(
            kind,
            {
                "matter": m.id,
                "by": by.account_id,
                "seq": m.ver + 1,
                "from": m.state,
                "to": a.state,
                "migration": migration,
            },
            at=now,
            org_id=m.org_id,
            subject_id=m.person_id,
        )
        for m, a in moves
    ]
    params: dict[str, Any] = {
        "ids": [m.id for m, _ in moves],
        "vers": [m.ver for m, _ in moves],
        "states": [a.state for _, a in moves],
        "posts": [a.post for _, a in moves],
        "units": [a.unit_id for _, a in moves],
        "backs": [a.back_to for _, a in moves],
        "details": [Jsonb({"after": rules.moving_of(a), "migration": str(migration)}) for _, a in moves],
        "entry_ids": [e.id for e in entries],
        "salts": [e.salt for e in entries],
        "payloads": [e.payload for e in entries],
        "target": target,
        "now": now,
        "action": action,
        "actor_kind": by.kind,
        "actor_id": by.account_id,
        "entry_kind": kind,
        "entry_actor": entries[0].actor_id,
        "migration": migration,
        "keeps": keeps,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement("migration"), params)
        row = cursor.fetchone()
    return int(row[0]) if row else 0
