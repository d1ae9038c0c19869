"""How a person wants to be told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction

from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify import addresses, wording
from minjing.kernel.notify.errors import WrongAddress
from minjing.kernel.notify.models import Wishes
from minjing.kernel.notify.rules import CHOOSABLE, quiet_of


@transaction.atomic
def set_wishes(*, by: Actor, channels: Mapping[str, Collection[str]], quiet: str, now: datetime) -> None:
    """Keep the channels the asker wants for each topic, and their quiet hours ("" for the city's, "none", or hours).

    What the law wants told keeps one channel that reaches people whatever is wished (rules.routes). Raises
    WrongAddress for hours that are none.
    """
    kept = {
        name: [c for c in CHOOSABLE if c in channels.get(name, ())] for name in wording.topics() if name in channels
    }
    if quiet:
        _hours(quiet)
    Wishes.objects.update_or_create(pk=by.account_id, defaults={"channels": kept, "quiet": quiet, "updated_at": now})
    said = {"by": by.account_id, "channels": kept, "quiet": quiet}
    ledger.append(ledger.entry("notify:wishes:set", said, at=now, subject_id=by.person_id))


def choose(*, by: Actor, channels: Mapping[str, Collection[str]], quiet: str, now: datetime) -> None:
    """Keep what was chosen for each topic among the channels one can be reached by; a topic not named is off.

    A channel that is not set up was not offered: once it is, it begins as the city has it. Raises WrongAddress.
    """
    usable = addresses.channels_of(by.account_id)
    kept = {
        name: [
            c for c in CHOOSABLE if c in channels.get(name, ()) or (c not in usable and c in topic.channels)
        ]
        for name, topic in wording.topics().items()
    }  # fmt: skip
    set_wishes(by=by, channels=kept, quiet=quiet, now=now)


def _hours(quiet: str) -> None:
    try:
        quiet_of(quiet)
    except ValueError:
        raise WrongAddress("quiet") from None
