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


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A page of a module that looks into its register: its address, its words."""

    address: str  # the name of an address; of a page about a person it takes the person's id
    title: Words


RAIL: list[RailPage] = []
SEARCHES: list[RecordPage] = []  # beside the search
OF_PERSON: list[RecordPage] = []  # beside what a register says of a person, and beside who was found


def rail_page(name: str, *, act: str, address: str, title: Words) -> None:
    """Show a page in the rail of those whose posts carry `act`; `address` is the name of an address."""
    RAIL[:] = [page for page in RAIL if page.name != name] + [RailPage(name, act, address, title)]


def record_page(address: str, *, title: Words, of_person: bool = False) -> None:
    """Link a page that looks into a register beside the search; one `of_person` wherever a person is shown."""
    pages = OF_PERSON if of_person else SEARCHES
    pages[:] = [page for page in pages if page.address != address] + [RecordPage(address, title)]
