"""The six channels over real HTTP to the local gateways, as `settings.PAY_PROVIDERS` finds them."""

from collections.abc import Sequence
from typing import Any

from minjing.kernel.pay.providers import Channel

BUILT: list[Any] = []


def channels() -> Sequence[Channel]:
    """Return what the fixture has built."""
    return list(BUILT)
