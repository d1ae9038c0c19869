"""The answer for one record: amount, points, suspension, why, and what would have changed it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from minjing.base.clock import local_day
from minjing.base.conditions import fields_of
from minjing.modules.traffic.rules.penalties import words
from minjing.modules.traffic.rules.penalties.changes import changes, next_time
from minjing.modules.traffic.rules.penalties.history import Step, ordered, walk
from minjing.modules.traffic.rules.penalties.judge import CHARGES, Facts, Judge, Winners, charge, facts_of
from minjing.modules.traffic.rules.penalties.shapes import (
    CHARGED,
    FINE,
    MERGED,
    NO_RULE,
    POINTS,
    REMOVE,
    REMOVED,
    SUSPENSION,
    WARNED,
    WARNING,
    Answer,
    Before,
    Change,
    Reason,
    Record,
    Rule,
    Rules,
    Text,
)


def evaluate(record: Record, others: Sequence[Record], rules: Rules, known: date) -> Answer:
    """Return the answer for `record` among the `others` of its subject, whatever their order, as known on `known`."""
    judge = Judge(rules, known)
    steps = walk(ordered([*others, record]), judge)
    return explained(next(step for step in steps if step.record.key == record.key), judge)


def answered(step: Step, judge: Judge) -> Answer:
    """Return the answer without its reasons: what millions of records and the cascade are compared by."""
    if step.removal is not None:
        return Answer(REMOVED)
    if step.before.merged_into:
        return Answer(MERGED, merged_into=step.before.merged_into)
    facts = facts_of(step.record, step.before, judge.rules)
    winners = judge.winners(facts, local_day(step.record.at))
    return _sums(winners)


def _sums(winners: Winners) -> Answer:
    if not winners:
        return Answer(NO_RULE)
    return Answer(WARNED if WARNING in winners else CHARGED, *charge(winners))


def explained(step: Step, judge: Judge) -> Answer:
    """Return the answer with its reasons and what would have changed it."""
    record, before = step.record, step.before
    if step.removal is not None:
        return Answer(REMOVED, reasons=(_removal(step, step.removal, judge),))
    if before.merged_into:
        return Answer(MERGED, reasons=(_merge(before, judge),), merged_into=before.merged_into)
    day = local_day(record.at)
    facts = facts_of(record, before, judge.rules)
    winners = judge.winners(facts, day)
    plain = _sums(winners)
    if not winners:
        return Answer(NO_RULE, reasons=(_older_than_rules(facts, day, judge),))
    reasons = [_reason(slot, winners[slot], facts, before, judge) for slot in (*CHARGES, WARNING) if slot in winners]
    reasons += _gaps(facts, winners, day, judge)
    found = changes(facts, day, winners, judge)
    ahead = next_time(facts, day, winners, judge)
    would: tuple[Change, ...] = (*found, ahead) if ahead else found
    return Answer(
        plain.kind, plain.fine_fen, plain.points, plain.suspension_months, tuple(reasons), would, before.merged_into
    )


def _reason(slot: str, rule: Rule, facts: Facts, before: Before, judge: Judge) -> Reason:
    looked_at = {name: facts[name] for name in sorted(fields_of(rule.when)) if name in facts}
    said = [words.fact(name, value, before, judge.rules) for name, value in looked_at.items()]
    because = words.joined([text for text in said if text], "，", ", ")
    value = rule.effect[1]
    comes_to = {
        FINE: {"zh": f"罚款 {words.yuan(int(value))}", "en": f"a fine of {words.yuan(int(value))}"},
        POINTS: words.sums(0, int(value), 0, False),
        SUSPENSION: words.sums(0, 0, int(value), False),
        WARNING: words.sums(0, 0, 0, True),
    }[slot]
    return Reason(rule.code, slot, _sentence(rule.title, because, comes_to), looked_at, rule.article, rule.confidence)


def _sentence(title: Text, because: Text, comes_to: Text) -> Text:
    zh = (
        f"{title['zh']}（{because['zh']}）：{comes_to['zh']}。"
        if because["zh"]
        else f"{title['zh']}：{comes_to['zh']}。"
    )
    en = (
        f"{title['en']} ({because['en']}): {comes_to['en']}."
        if because["en"]
        else f"{title['en']}: {comes_to['en']}."
    )
    return {"zh": zh, "en": en}


def _removal(step: Step, rule: Rule, judge: Judge) -> Reason:
    ground = judge.rules.grounds[rule.effect[1]]
    said = {
        "zh": f"{ground.title['zh']}：本条予以消除，不处罚。",
        "en": f"{ground.title['en']}: this record is removed, nothing is charged.",
    }
    facts = {"ground": ground.code} | ({"with": step.removed_with} if step.removed_with else {})
    return Reason(rule.code, REMOVE, said, facts, ground.article, ground.confidence)


def _merge(before: Before, judge: Judge) -> Reason:
    merge = next(m for m in judge.rules.merges if m.code == before.merge)
    said = {
        "zh": f"{merge.title['zh']}：与 {before.merged_into} 属同一行为，只处罚一次。",
        "en": f"{merge.title['en']}: one act together with {before.merged_into}, charged once.",
    }
    facts = {"with": before.merged_into, "window_s": merge.window_s}
    return Reason(merge.code, "merge", said, facts, merge.article, merge.confidence)


def _older_than_rules(facts: Facts, day: date, judge: Judge) -> Reason:
    conduct, slots = facts["conduct"], (*CHARGES, WARNING)
    rules = [r for slot in slots for r in judge.candidates(conduct, slot) if r.place in ("*", facts["city"])]
    named = [rule for rule in rules if "conduct" in fields_of(rule.when)]
    first = min((rule.start for rule in named), default=None)
    if first is not None and day < first:
        said = {
            "zh": f"违法发生在 {day:%Y-%m-%d}，早于本平台收录的任何规则（最早自 {first:%Y-%m-%d} 起）：不予处罚。",
            "en": f"It happened on {day:%Y-%m-%d}, before any rule held here (the first is of {first:%Y-%m-%d}):"
            " nothing is charged.",
        }
    else:
        said = {
            "zh": f"{day:%Y-%m-%d} 没有适用于该行为的规则：不予处罚，由民警另行处理。",
            "en": f"No rule for this conduct was in force on {day:%Y-%m-%d}: nothing is charged; an officer acts.",
        }
    return Reason("", NO_RULE, said, {"day": day.isoformat(), "first": first and first.isoformat()}, "平台规则", "A")


def _gaps(facts: Facts, winners: Winners, day: date, judge: Judge) -> list[Reason]:
    """Return what the rules held here leave open, said aloud: it counts as nought."""
    if WARNING in winners:
        return []
    gaps = []
    if FINE not in winners:
        said = {
            "zh": "本平台没有收录该行为当日的罚款标准：罚款按 0 计，由民警决定。",
            "en": "The fine for this conduct on that day is not held here: it counts as nought, an officer decides.",
        }
        gaps.append(Reason("", FINE, said, {"day": day.isoformat()}, "平台规则", "A"))
    known = [rule for rule in judge.candidates(facts["conduct"], POINTS) if day < rule.start]
    if POINTS not in winners and known:
        start = min(rule.start for rule in known)
        said = {
            "zh": f"{start:%Y-%m-%d} 前施行的记分表未收录：本条不记分。",
            "en": f"The table of points before {start:%Y-%m-%d} is not held here: no points are counted.",
        }
        gaps.append(Reason("", POINTS, said, {"day": day.isoformat(), "first": start.isoformat()}, "平台规则", "A"))
    return gaps
