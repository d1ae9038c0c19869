"""Where modules plug into what every page shows. Filled in each `apps.ready()`; who is left out is not missed."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from minjing.kernel.matters.schema import Text

# Says where "any question?" at the foot of a page leads; "" when this page has none.
Asking = Callable[[HttpRequest], str]


@dataclass(frozen=True, slots=True)
class OpenTab:
    """A tab of the open portal: the name by which a page marks it as its own, its address and its words."""

    name: str
    address: str
    title: Text


_ask: list[Asking] = []
OPEN_TABS: list[OpenTab] = []


def asks_at(address_of: Asking) -> None:
    """Register where a question about a page is asked."""
    _ask[:] = [address_of]


def asking_address(request: HttpRequest) -> str:
    """Return where a question about this page is asked, "" when nobody answers any."""
    return _ask[0](request) if _ask else ""


def open_tab(name: str, address: str, title: Text) -> None:
    """Add a tab to the open portal; `address` is the name of an address."""
    OPEN_TABS[:] = [tab for tab in OPEN_TABS if tab.name != name] + [OpenTab(name, address, title)]
