"""What comes by MQTT is taken as what comes by HTTP; a broker has no answer to give, so findings stay on the desk."""

from __future__ import annotations

from django.conf import settings
from django.db import close_old_connections

from minjing.base.clock import now
from minjing.modules.traffic.actions import senders
from minjing.modules.traffic.actions.yielding import taking
from minjing.modules.traffic.models import DispatchSystem
from minjing.modules.traffic.providers import dispatch_mqtt
from minjing.modules.traffic.rules.messages import WrongMessage


def listen() -> None:
    """Listen to the broker of the settings in a thread of this process; without an address nobody listens."""
    if settings.DISPATCH_MQTT_URL:
        client = dispatch_mqtt.subscriber(settings.DISPATCH_MQTT_URL, _take, ca_file=settings.DISPATCH_MQTT_CA)
        client.loop_start()


def _take(code: str, body: bytes) -> None:
    close_old_connections()  # the database may have been started anew since the last message
    take(code, body)


def take(code: str, body: bytes) -> None:
    """Take one message of a sender by its code. One that can never be taken is refused and done with."""
    at = now()
    dispatch = DispatchSystem.objects.filter(code=code, active=True).first()
    if dispatch is None:
        senders.refuse(DispatchSystem, f"topic: {code}", now=at)
        return
    try:
        taking.take(body, dispatch, way="mqtt", now=at)
    except (WrongMessage, taking.OtherContent):
        return  # the ledger has it; to be delivered again would change nothing
