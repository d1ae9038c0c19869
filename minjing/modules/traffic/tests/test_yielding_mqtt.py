"""Tracks by MQTT: the real protocol against a real broker; acknowledged when committed, taken once."""

import threading
import time

import paho.mqtt.client as mqtt
import pytest

from minjing.kernel.ledger.models import Outbox
from minjing.modules.traffic.actions.yielding import listening
from minjing.modules.traffic.models import Batch, TrackPart
from minjing.modules.traffic.providers import dispatch_mqtt
from minjing.modules.traffic.providers.standin import broker
from minjing.modules.traffic.tests.test_yielding_taking import dispatch, message
from tests.ports import free_port

__all__ = ["dispatch"]


@pytest.fixture(scope="module")
def address():
    running = broker.server(port := free_port(), "127.0.0.1")
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    running.wait()
    yield f"mqtt://127.0.0.1:{port}"
    running.shutdown()
    thread.join(5)


def send(address: str, topic: str, body: bytes) -> None:
    sender = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="sender")
    sender.connect("127.0.0.1", int(address.rsplit(":", 1)[1]))
    sender.loop_start()
    sender.publish(topic, body, qos=1).wait_for_publish(5)
    sender.disconnect()
    sender.loop_stop()


def listen(address: str, take, many: int, then) -> list[tuple[str, bytes]]:
    """Listen until `many` messages have come; what came is taken by `take` in this thread's own words."""
    came: list[tuple[str, bytes]] = []
    client = dispatch_mqtt.subscriber(address, lambda code, body: (came.append((code, body)), take(code, body))[1])
    client.loop_start()
    time.sleep(0.5)
    then()
    until = time.monotonic() + 10
    while len(came) < many and time.monotonic() < until:
        time.sleep(0.05)
    client.disconnect()
    client.loop_stop()
    return came


def test_what_is_sent_by_qos_1_arrives_with_its_sender(address):
    came = listen(address, lambda code, body: None, 1, lambda: send(address, "missions/szjj/batches", b"{}"))
    assert came == [("szjj", b"{}")]


@pytest.mark.django_db
def test_a_message_is_taken_once_however_often_it_is_delivered(dispatch):
    for _ in range(2):
        listening.take("szjj", message())
    assert (Batch.objects.get().way, TrackPart.objects.count()) == ("mqtt", 1)


@pytest.mark.django_db
def test_a_stranger_and_nonsense_are_refused_in_the_ledger_and_done_with(dispatch):
    listening.take("nobody", message())
    listening.take("szjj", b"{")
    assert list(Outbox.objects.values_list("kind", flat=True)) == ["traffic:dispatch:refused"] * 2


def test_an_address_that_is_no_broker_is_refused():
    with pytest.raises(ValueError, match="mqtt"):
        dispatch_mqtt.subscriber("http://localhost", lambda code, body: None)
