"""The small world of matters, for pages that show it."""

import pytest

from minjing.kernel.matters import counter_figures, figures
from minjing.kernel.matters.tests.conftest import city

__all__ = ["city"]


@pytest.fixture(autouse=True)
def fresh_figures():
    """Count the figures anew in each test."""
    figures.forget_kept()
    counter_figures.forget_kept()
    yield
    figures.forget_kept()
