"""Where modules plug into the resident's pages. Filled in each `apps.ready()`; a module that is left out is missed
by nobody: its button is not shown.
"""

# Code of a service → name of the address where it begins, when that is not its form.
BEGINS: dict[str, str] = {}
# The one address behind "I want to know more", which takes the id of the look's entry.
_ask_about_look: list[str] = []


def begins_at(code: str, address: str) -> None:
    """Let a service begin elsewhere than with the first page of its form."""
    BEGINS[code] = address


def ask_about_look(address: str) -> None:
    """Register the page on which a resident asks about one look at their data."""
    _ask_about_look[:] = [address]


def asking_address() -> str:
    """Return the name of that page's address, "" when no module has one."""
    return _ask_about_look[0] if _ask_about_look else ""
