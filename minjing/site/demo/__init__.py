"""The synthetic city: officers with posts, households, residents, matters under way. Nobody in it exists.

The same seed gives the same city; loading twice does nothing the second time.
"""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings

from minjing.kernel.identity.models import Account
from minjing.site import city
from minjing.site.demo import (
    ambulances,
    cards,
    documents,
    driving,
    enquiries,
    help_desk,
    officers,
    queues,
    register,
    residents,
    traffic,
)

Say = Callable[[str], None]


def load(now: datetime, say: Say) -> None:
    """Fill the database with the demo city, as far as it is not there yet; say one line for each part."""
    city.load(now, say)
    cards.lay_out(settings.DATA_DIR / "outside" / "card_reader")
    if queues.loaded():
        return
    officers.load(now, say)
    register.load(now, say)
    residents.load(now, say)
    documents.load(now, say)
    traffic.load(now, say)
    driving.load(now, say)
    ambulances.load(now, say)
    queues.load(now, say)
    enquiries.load(now, say)
    help_desk.load(now, say)


def logins() -> list[str]:
    """Return the lines that tell how to sign in to the demo."""
    return [*residents.lines(), *officers.lines()]


def token(name: str, now: datetime) -> str:
    """Return an API token for a demo user: an officer's login, or a resident's key or phone."""
    from minjing.kernel.identity import actions

    account = Account.objects.filter(login=name).first() or residents.account(name)
    if account is None:
        raise SystemExit(f"minjing: no demo user is called {name!r}. See `minjing demo load` and the README.")
    return actions.token_for(account, now)
