"""The dispatch systems' messages by MQTT 3.1.1, QoS 1, over TLS where the address says so: the same JSON as by HTTP.

Topic `missions/<code of the dispatch system>/batches`. The broker knows its senders by their certificates or
passwords and lets each write to its own topic only: the topic says who sends. A message is acknowledged once it has
been committed; what cannot be taken now is delivered again by the broker, and a name taken before changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from paho.mqtt.client import Client

log = logging.getLogger(__name__)
TOPIC = "missions/+/batches"
# Takes (code of the sender, message); returns when it is committed, raises when it is to come again.
Take = Callable[[str, bytes], None]


def subscriber(url: str, take: Take, *, name: str = "minjing-missions", ca_file: str = "") -> Client:
    """Return a client that connects to `mqtt[s]://user:password@host:port` and hands on what comes; start its loop.

    Raises ValueError for an address that is not MQTT.
    """
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    said = urlsplit(url)
    if said.scheme not in ("mqtt", "mqtts") or not said.hostname:
        raise ValueError("the address of the broker is mqtt://host:port or mqtts://host:port")
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv311, clean_session=False, manual_ack=True
    )
    if said.username:
        client.username_pw_set(unquote(said.username), unquote(said.password or ""))
    if said.scheme == "mqtts":
        client.tls_set(ca_certs=ca_file or None)

    def connected(one: Client, *_rest: object) -> None:
        one.subscribe(TOPIC, qos=1)

    def came(one: Client, _data: object, message: mqtt.MQTTMessage) -> None:
        try:
            take(message.topic.split("/")[1], bytes(message.payload))
        except Exception:
            # Not acknowledged: it comes again after the next connection. The log names the topic, never its words.
            log.exception("a message of %s could not be taken", message.topic)
            return
        one.ack(message.mid, message.qos)

    client.on_connect, client.on_message = connected, came
    client.connect_async(said.hostname, said.port or (8883 if said.scheme == "mqtts" else 1883), keepalive=30)
    return client
