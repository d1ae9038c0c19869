"""Messages through two SMS providers in all kinds of trouble, and workers that die: each arrives once, none twice.

A few in CI; TELLS=2000 makes it long.
"""

import contextlib
import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

from minjing.kernel.identity import actions as identity
from minjing.kernel.notify import actions
from minjing.kernel.notify.actions import carrying, delivery
from minjing.kernel.notify.actions.sending import letter_of
from minjing.kernel.notify.errors import NotDelivered
from minjing.kernel.notify.models import Message
from minjing.kernel.notify.providers import sms

TELLS = int(os.environ.get("TELLS") or 40)
SEED = int(os.environ.get("TELLS_SEED") or 7)
TROUBLES = (
    {},
    {},
    {"fail": 503},
    {"fail": 429, "retry_after": 3},
    {"fail": 500},
    {"lose": True},
    {"down": True},
)


def test_each_message_arrives_once_whatever_happens_on_the_way(db, gateway, aliyun, settings):
    settings.SMS_SHARES = {"house": 60, "aliyun": 40}
    dice = random.Random(SEED)
    start = datetime.now(UTC)
    account = identity.open_account(phone="13800000001", now=start)
    text = {"zh": "您的办件有新进展。", "en": "There is news of your matter."}
    for number in range(TELLS):
        actions.announce(
            [account.pk], template="asked", text=text, about=str(number), channels=("in_app", "sms"), now=start
        )
    due = dict.fromkeys(Message.objects.filter(channel="sms").values_list("pk", flat=True), start)
    at, deaths = start, 0
    while due:
        pk = min(due, key=lambda one: due[one])
        at = max(at, due[pk])
        for stand_in in (gateway, aliyun):
            stand_in.tell(**{"down": False, **dice.choice(TROUBLES)})
        if dice.random() < 0.15:
            deaths += die(pk, at, dice)
            due[pk] = at + timedelta(minutes=2, seconds=1)
            continue
        try:
            assert actions.deliver(pk, now=at) == "sent"
            del due[pk]
        except NotDelivered as later:
            due[pk] = later.retry_at
        if at > start + timedelta(hours=1):  # trouble ends; what waits must still arrive
            dice = CalmDice()
    arrived = Counter(one["id"] for one in everything(gateway)) + Counter(
        one.id for one in aliyun.gateway.inbox.taken.values()
    )
    assert deaths > 0
    assert len(arrived) == TELLS, "some never arrived"
    assert set(arrived.values()) == {1}, "some arrived twice"


def die(pk, at, dice):
    """Take the message as a worker does, hand it over or not, and die before anything is marked."""
    taken = delivery.take(pk, at)
    if taken is None:
        return 0
    if taken.carrier:  # a worker asks the one that may have it before anything else
        return 1
    name = dice.choice(["house", "aliyun"])
    carrying.hold(taken, name)
    if dice.random() < 0.7:
        with contextlib.suppress(sms.Unavailable, sms.Refused):
            sms.providers()[name].send(letter_of(taken))
    return 1


class CalmDice(random.Random):
    """Dice that bring no more trouble."""

    def choice(self, seq):
        return seq[0]

    def random(self):
        return 1.0


def everything(gateway):
    """Return what the first provider has taken: its page shows the newest fifty of one phone."""
    return gateway.inbox() if TELLS <= 50 else gateway.everything()
