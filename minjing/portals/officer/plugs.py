"""Where modules hang their pages into the workbench. Filled in each `apps.ready()`; who is left out is not missed."""

from dataclasses import dataclass

from minjing.portals.officer.permissions import Words


@dataclass(frozen=True, slots=True)
class RailPage:
    """A page of a module in the rail: for whom it is, its address, its words."""

    name: str  # what the page calls itself, so that the rail marks it
    act: str  # the act that it takes
    address: str
    title: Words


RAIL: list[RailPage] = []


def rail_page(name: str, *, act: str, address: str, title: Words) -> None:
    """Show a page in the rail of those whose posts carry `act`; `address` is the name of an address."""
    RAIL[:] = [page for page in RAIL if page.name != name] + [RailPage(name, act, address, title)]
