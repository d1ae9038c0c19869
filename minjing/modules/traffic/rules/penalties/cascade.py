"""When one violation falls, which later ones come to another answer: walked from the struck one, within its reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from minjing.modules.traffic.rules.penalties.evaluate import answered, explained
from minjing.modules.traffic.rules.penalties.history import Step, ordered, walk
from minjing.modules.traffic.rules.penalties.judge import Judge
from minjing.modules.traffic.rules.penalties.shapes import Answer, Record


@dataclass(frozen=True, slots=True)
class Difference:
    """One record whose answer has changed: as it was charged, and as it is now, with its reasons."""

    key: str
    before: tuple[str, int, int, int]  # kind, fine_fen, points, suspension_months
    after: Answer

    @property
    def back_fen(self) -> int:
        """Return how much less is due; below nought when more is."""
        return self.before[1] - self.after.fine_fen


def cascade(
    records: Sequence[Record],
    grounds: Mapping[str, str],
    judge: Judge,
    stored: Mapping[str, tuple[str, int, int, int]] | None = None,
) -> list[Difference]:
    """Return every record that comes to another answer when those in `grounds` fall for the ground named there.

    `records` are the subject's, as far back and ahead as the rules look (`Rules.reach_months`); `stored` is what
    each was last charged, by key; what is not in it is taken from the rules. Those in `grounds` come first.
    """
    were = ordered(records)
    now = [replace(one, ground=grounds[one.key]) if one.key in grounds else one for one in were]
    first = min((at for at, one in enumerate(were) if one.key in grounds), default=len(were))
    first = _act_begins(were, first, judge)
    differences = []
    for at, (old, new) in enumerate(zip(walk(were, judge), walk(now, judge), strict=True)):
        if at < first or _same(old, new):
            continue
        said = (stored or {}).get(old.record.key) or answered(old, judge).sums
        if answered(new, judge).sums != said:
            differences.append(Difference(old.record.key, said, explained(new, judge)))
    return sorted(differences, key=lambda d: d.key not in grounds)


def _same(old: Step, new: Step) -> bool:
    """Say whether nothing that an answer depends on has changed: then none is asked for."""
    return old.before == new.before and old.removal == new.removal


def _act_begins(records: Sequence[Record], first: int, judge: Judge) -> int:
    """Return where the act of the first struck record begins: its other photos and conducts may lie before it."""
    if first >= len(records):
        return first
    struck, window = records[first], max((m.window_s for m in judge.rules.merges), default=0)
    for at in range(first):
        close = (struck.at - records[at].at).total_seconds() <= window
        if close or (struck.act and records[at].act == struck.act):
            return at
    return first
