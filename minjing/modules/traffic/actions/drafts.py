"""Drafts of rules: begun from a pack in force, changed, replayed on past violations. None takes effect by itself.

What is in force are the files of `data/packs`; a draft is a row that only a replay reads.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events, packs
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import DraftReplay, RuleDraft
from minjing.modules.traffic.queries import replaying
from minjing.modules.traffic.rules.penalties.columns import replay as evaluated
from minjing.modules.traffic.rules.penalties.tally import Tally

DRAFT = "draft_rules"
YEARS_MAX = timedelta(days=1096)
KEPT = timedelta(days=1096)  # three years after the last change or replay, as the models declare (platform rule)
_JOB = "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('traffic', 'traffic.replay', %s)"


def begin(base: str, title: str, *, by: Actor, now: datetime) -> RuleDraft:
    """Begin a draft as a copy of a pack in force. Raises Refused (no_draft_post, draft_title, no_pack)."""
    _require(by, "begin", now)
    if not title.strip() or len(title) > 60:
        raise Refused("draft_title")
    if base not in packs.sources():
        raise Refused("no_pack")
    with transaction.atomic():
        version = packs.in_force().version
        draft = RuleDraft.objects.create(
            id=new_id(), org_id=0, title=title.strip(), base=base, source=packs.written(packs.sources()[base]),
            pack=version, digest=version, by=by.account_id, made_at=now, saved_at=now,
        )  # fmt: skip
        said = {"draft": draft.pk, "base": base, "pack": version, "by": by.account_id}
        ledger.append(ledger.entry(events.DRAFT_BEGUN, said, at=now))
        return draft


def change(draft_id: UUID, source: str, *, seen: str, by: Actor, now: datetime) -> RuleDraft:
    """Keep changed rules, if they could be applied without doubt; `seen` is the digest that was changed.

    Raises WrongPack with every fault, Refused (no_draft_post, not_yours, draft_moved).
    """
    _require(by, "change", now)
    with transaction.atomic():
        draft = RuleDraft.objects.select_for_update().filter(pk=draft_id).first()
        if draft is None:
            raise Refused("not_yours")
        if draft.digest != seen:
            raise Refused("draft_moved")
        rules = packs.with_draft(draft.base, source)
        draft.source, draft.digest, draft.saved_at = packs.written(packs.read(source)), rules.version, now
        draft.save(update_fields=["source", "digest", "saved_at"])
        said = {"draft": draft.pk, "digest": draft.digest, "by": by.account_id}
        ledger.append(ledger.entry(events.DRAFT_CHANGED, said, at=now))
        return draft


def ask(draft_id: UUID, from_date: date, until_date: date, *, by: Actor, now: datetime) -> DraftReplay:
    """Have a draft replayed on the violations of a period by the worker; asked twice for the same, it is one replay.

    Raises Refused (no_draft_post, not_yours, draft_period).
    """
    _require(by, "replay", now)
    if not from_date <= until_date <= local_day(now) or until_date - from_date > YEARS_MAX:
        raise Refused("draft_period")
    with transaction.atomic():
        draft = RuleDraft.objects.select_for_update().filter(pk=draft_id).first()
        if draft is None:
            raise Refused("not_yours")
        under_way = DraftReplay.objects.filter(
            draft=draft,
            digest=draft.digest,
            from_date=from_date,
            until_date=until_date,
            state__in=("waiting", "running"),
        ).first()
        if under_way is not None:
            return under_way
        made = DraftReplay.objects.create(
            id=new_id(), org_id=draft.org_id, draft=draft, source=draft.source, pack=packs.in_force().version,
            digest=draft.digest, from_date=from_date, until_date=until_date, by=by.account_id, asked_at=now,
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_JOB, [json.dumps({"replay_id": str(made.pk)})])
        said = {
            "draft": draft.pk, "replay": made.pk, "digest": draft.digest, "from": str(from_date),
            "until": str(until_date), "by": by.account_id,
        }  # fmt: skip
        ledger.append(ledger.entry(events.DRAFT_ASKED, said, at=now))
        return made


def run(replay_id: UUID, *, now: datetime) -> DraftReplay:
    """Replay: read slice by slice, evaluate by both, add up, say how far it is; the figures and the entry come last.

    Safe to run again: it begins anew, and what is done stays done.
    """
    row = DraftReplay.objects.select_related("draft").get(pk=replay_id)
    if row.state in (DraftReplay.DONE, DraftReplay.FAILED):
        return row
    in_force, drafted = packs.in_force(), packs.with_draft(row.draft.base, row.source)
    reach = max(in_force.reach_months, drafted.reach_months)
    period = replaying.Period(row.from_date, row.until_date, reach)
    count, tally, read = replaying.slices_of(period), Tally(), 0
    known = local_day(row.asked_at)
    for number in range(count):
        part = replaying.read(period, number, count)
        columns = part.columns
        counted = columns.at_us >= period.begin_us
        tally.add(
            columns, part.persons, counted, evaluated(columns, in_force, known), evaluated(columns, drafted, known)
        )
        read += len(columns)
        DraftReplay.objects.filter(pk=row.pk).update(
            state=DraftReplay.RUNNING, done_percent=100 * (number + 1) // count, violations=read
        )
    return _done(row, tally, read, now)


@transaction.atomic
def _done(row: DraftReplay, tally: Tally, read: int, now: datetime) -> DraftReplay:
    held = DraftReplay.objects.select_for_update().get(pk=row.pk)
    if held.state == DraftReplay.DONE:
        return held
    held.state, held.done_percent, held.violations, held.ended_at = DraftReplay.DONE, 100, read, now
    held.figures = tally.figures()
    held.save(update_fields=["state", "done_percent", "violations", "ended_at", "figures"])
    said = {
        "draft": held.draft_id, "replay": held.pk, "pack": held.pack, "digest": held.digest,
        "from": str(held.from_date), "until": str(held.until_date), "rows": read, "by": held.by,
    }  # fmt: skip
    ledger.append(ledger.entry(events.DRAFT_REPLAYED, said, at=now))
    return held


@transaction.atomic
def fail(replay_id: UUID, *, now: datetime) -> None:
    """Note that a replay could not be made: it can be asked for again."""
    DraftReplay.objects.filter(pk=replay_id).exclude(state=DraftReplay.DONE).update(
        state=DraftReplay.FAILED, ended_at=now
    )
    said = {"act": "run", "why": "failed", "replay": replay_id}
    ledger.append(ledger.entry(events.DRAFT_REFUSED, said, at=now))


@transaction.atomic
def drop_old(now: datetime) -> int:
    """Delete the drafts that nobody has changed or replayed for the years they are kept; return how many."""
    edge = now - KEPT
    recent = DraftReplay.objects.filter(draft=OuterRef("pk"), asked_at__gte=edge)
    old = list(RuleDraft.objects.select_for_update().filter(~Exists(recent), saved_at__lt=edge))
    if old:
        replays, _ = DraftReplay.objects.filter(draft__in=old).delete()
        RuleDraft.objects.filter(pk__in=[draft.pk for draft in old]).delete()
        said = {"drafts": [draft.pk for draft in old], "replays": replays, "by": SYSTEM.account_id}
        ledger.append(ledger.entry(events.DRAFT_DROPPED, said, at=now))
    return len(old)


def _require(by: Actor, act: str, now: datetime) -> None:
    """Raise Refused, which stands in the ledger, unless one of the officer's posts drafts rules."""
    if any(DRAFT in holding.acts for holding in by.holdings):
        return
    with transaction.atomic():
        said = {"act": act, "why": "no_post", "by": by.account_id}
        ledger.append(ledger.entry(events.DRAFT_REFUSED, said, at=now))
    raise Refused("no_draft_post")
