"""What a draft would have changed: violations evaluated by the rules in force and by the draft, added up.

Slices come one after the other, each with whole subjects; nothing of one person stays when they are added up. NumPy
is imported when it is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from minjing.modules.traffic.rules.penalties.columns import CHINA_US, KINDS, Columns, Sums
from minjing.modules.traffic.rules.penalties.folding import Cell, enough, of_months, of_sorts, shown, together
from minjing.modules.traffic.rules.penalties.months import DAY_US

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

BETTER, WORSE, MIXED = 0, 1, 2
SIDES = ("better", "worse", "mixed")
NOBODY = -1  # in the column of persons: who drove is not known
Sum = list[int]


@dataclass(slots=True)
class Tally:
    """The sums so far. A cell is [violations, changed, fine before, after, points before, after]."""

    conducts: dict[str, Sum] = field(default_factory=dict)
    months: dict[str, Sum] = field(default_factory=dict)
    kinds: dict[str, list[int]] = field(default_factory=lambda: {kind: [0, 0] for kind in KINDS})
    suspensions: list[int] = field(default_factory=lambda: [0, 0])  # licences withheld, before and after
    vehicles: list[int] = field(default_factory=lambda: [0, 0, 0])  # subjects: better, worse, mixed
    persons: list[tuple[Ints, Ints]] = field(default_factory=list)  # hashes and what each gains or loses

    def add(self, columns: Columns, persons: Ints, counted: Flags, before: Sums, after: Sums) -> None:
        """Add a slice: `persons` are hashes, NOBODY where not known; `counted` are the rows of the period itself."""
        import numpy as np

        rows = np.flatnonzero(counted)
        if not len(rows):
            return
        pairs = [
            (getattr(before, name)[rows], getattr(after, name)[rows])
            for name in ("kind", "fine_fen", "points", "suspension_months")
        ]
        changed = np.any([a != b for a, b in pairs], axis=0)
        parts = [np.ones(len(rows), dtype=np.int64), changed.astype(np.int64), *pairs[1], *pairs[2]]
        _cells(self.conducts, columns.conduct[rows], columns.names["conduct"], parts)
        month, names = _months(columns.at_us[rows])
        _cells(self.months, month, names, parts)
        for side in (0, 1):
            for at, kind in enumerate(KINDS):
                self.kinds[kind][side] += int((pairs[0][side] == at).sum())
            self.suspensions[side] += int((pairs[3][side] > 0).sum())
        moved = rows[changed]
        if not len(moved):
            return
        gains = np.stack([(b - a)[changed] for a, b in pairs[1:]], axis=1)
        for_vehicle = _sides(*_by(columns.subject[moved], gains))
        self.vehicles = [n + int((for_vehicle == side).sum()) for side, n in enumerate(self.vehicles)]
        known = persons[moved] != NOBODY
        if known.any():
            self.persons.append(_by(persons[moved][known], gains[known]))

    def figures(self) -> dict[str, Any]:
        """Return what may be shown: nothing of which somebody could be made out. See `folding`."""
        months = of_months([Cell(key, *said) for key, said in sorted(self.months.items())])
        conducts = of_sorts([Cell(key, *said) for key, said in self.conducts.items()])
        whole = together([Cell("", *said) for said in self.months.values()], "")
        if not whole.fit:
            return {"violations": shown(whole.violations), "few": True}
        return {
            "violations": whole.violations,
            "few": False,
            "whole": whole.told(),
            "months": [cell.told() for cell in months],
            "conducts": [cell.told() for cell in conducts],
            "kinds": self._kinds(),
            "suspensions": self._suspensions(),
            "vehicles": {side: shown(n) for side, n in zip(SIDES, self.vehicles, strict=True)},
            "persons": {side: shown(n) for side, n in zip(SIDES, self._persons(), strict=True)},
        }

    def _suspensions(self) -> list[int | None]:
        """Return both counts; neither where the difference would tell of fewer than five."""
        before, after = self.suspensions
        return [shown(before), shown(after)] if enough(abs(after - before)) else [None, None]

    def _kinds(self) -> dict[str, list[int]]:
        """Return how many end in each kind, small ones together under ""."""
        found, others = {}, [0, 0]
        for kind, (was, becomes) in sorted(self.kinds.items(), key=lambda item: -max(item[1])):
            if enough(was) and enough(becomes) and enough(abs(was - becomes)):
                if was or becomes:
                    found[kind] = [was, becomes]
            else:
                others = [others[0] + was, others[1] + becomes]
        while others != [0, 0] and found and not (enough(others[0]) and enough(others[1])):
            was, becomes = found.pop(next(reversed(found)))
            others = [others[0] + was, others[1] + becomes]
        if others == [0, 0]:
            return found
        return {**found, "": others} if found else {}

    def _persons(self) -> list[int]:
        import numpy as np

        if not self.persons:
            return [0, 0, 0]
        sides = _sides(
            *_by(np.concatenate([p for p, _ in self.persons]), np.concatenate([g for _, g in self.persons]))
        )
        return [int((sides == side).sum()) for side in (BETTER, WORSE, MIXED)]


def _cells(into: dict[str, Sum], which: Ints, names: Any, parts: list[Ints]) -> None:
    import numpy as np

    sums = [np.zeros(len(names), dtype=np.int64) for _ in parts]
    for total, part in zip(sums, parts, strict=True):
        np.add.at(total, which, part)
    for at, name in enumerate(names):
        if sums[0][at]:
            into[name] = [a + int(total[at]) for a, total in zip(into.get(name, [0] * len(parts)), sums, strict=True)]


def _months(at_us: Ints) -> tuple[Ints, list[str]]:
    """Return the month of each row, as positions in names such as 2026-03, by the calendar of China."""
    import numpy as np

    month = ((at_us + CHINA_US) // DAY_US).astype("datetime64[D]").astype("datetime64[M]")
    names, which = np.unique(month, return_inverse=True)
    return which.reshape(-1), [str(name) for name in names]


def _by(who: Ints, gains: Ints) -> tuple[Ints, Ints]:
    """Return each subject once, with its gains of fine, points and months added up."""
    import numpy as np

    subjects, which = np.unique(who, return_inverse=True)
    sums = np.zeros((len(subjects), gains.shape[1]), dtype=np.int64)
    np.add.at(sums, which.reshape(-1), gains)
    return subjects, sums


def _sides(subjects: Ints, sums: Ints) -> Ints:
    """Return for each subject whether it is better off (less of something, more of nothing), worse, or both."""
    import numpy as np

    less, more = (sums < 0).any(axis=1), (sums > 0).any(axis=1)
    found: Ints = np.select([less & ~more, more & ~less, less & more], [BETTER, WORSE, MIXED], -1)
    return found
