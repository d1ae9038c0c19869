"""The channels that this city has: built once from the modules that the settings name."""

from functools import cache
from importlib import import_module
from typing import cast

from django.conf import settings

from minjing.kernel.pay.providers import Channel, Provider


def channels() -> dict[str, Channel]:
    """Return every channel by name, in the order in which payers see them."""
    return _built(tuple(settings.PAY_PROVIDERS))


def of_house(house: str) -> Channel:
    """Return a channel of the house, to read its statement by. Raises KeyError."""
    return next((c for c in channels().values() if c.house == house), None) or _unknown(house)


def houses() -> list[str]:
    """Return the houses that this city has a merchant account with."""
    return list(dict.fromkeys(c.house for c in channels().values()))


@cache
def _built(modules: tuple[str, ...]) -> dict[str, Channel]:
    return {c.name: c for name in modules for c in cast(Provider, import_module(name)).channels()}


def _unknown(house: str) -> Channel:
    raise KeyError(house)
