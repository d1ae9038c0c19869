"""Clocks that go back, leap or stand still are refused; ordinary corrections are not."""

from datetime import timedelta

import pytest

from minjing.kernel.ledger.rules.progress import misgiving
from minjing.kernel.ledger.tests.acts import NOW


@pytest.mark.parametrize(
    ("moved_s", "elapsed_s", "said"),
    [
        (0.1, 0.1, ""),
        (0, 0.1, ""),
        (-0.9, 0.1, ""),
        (-1.1, 0.1, "went back"),
        (3600, 0.1, ""),
        (3601, 0.1, "leapt forward"),
        (3601, 3600, ""),
        (0, 9.9, ""),
        (0, 10.1, "stood still"),
    ],
)
def test_a_clock_runs_forward_as_fast_as_the_machine_counts(moved_s: float, elapsed_s: float, said: str) -> None:
    found = misgiving(NOW, NOW + timedelta(seconds=moved_s), elapsed_s)
    assert said in found
    assert bool(said) == bool(found)
