"""MQTT in trouble: TLS and passwords, a broker that goes and comes back, a reader that dies in the middle."""

import contextlib
import ipaddress
import socket
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pwdlib.hashers.argon2 import Argon2Hasher

from minjing.modules.traffic.actions.yielding import listening
from minjing.modules.traffic.models import Batch, TrackPart
from minjing.modules.traffic.providers import dispatch_mqtt
from minjing.modules.traffic.providers.standin import broker
from minjing.modules.traffic.tests.test_yielding_taking import dispatch, message
from tests.ports import free_port

__all__ = ["dispatch"]
USERS = {"reader": "read-me-1", "szjj": "ambulance-1", "other": "ambulance-2"}


def _named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """The house's own test authority, a certificate of the broker by it, a password for each sender."""
    folder = tmp_path_factory.mktemp("broker")
    now = datetime.now(UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def certificate(subject, public, more):
        made = x509.CertificateBuilder().subject_name(_named(subject)).issuer_name(_named("test authority"))
        made = made.public_key(public).serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        for extension, critical in more:
            made = made.add_extension(extension, critical)
        return made.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    (folder / "ca.pem").write_bytes(
        certificate("test authority", ca_key.public_key(), [(x509.BasicConstraints(ca=True, path_length=0), True)])
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    (folder / "broker.pem").write_bytes(certificate("broker", key.public_key(), [(names, False)]))
    (folder / "broker.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    hasher = Argon2Hasher(time_cost=1, memory_cost=8192, parallelism=1)
    (folder / "passwords").write_text("".join(f"{name}:{hasher.hash(word)}\n" for name, word in USERS.items()))
    return broker.Door(folder / "broker.pem", folder / "broker.key", folder / "passwords", writes=WRITES, reads=READS)


WRITES = {"szjj": ["missions/szjj/batches"], "other": ["missions/other/batches"]}
READS = {"reader": ["missions/+/batches"]}
PROGRAM = f"""
import sys
from pathlib import Path
from minjing.modules.traffic.providers.standin import broker
door = broker.Door(*map(Path, sys.argv[2:]), writes={WRITES!r}, reads={READS!r})
broker.server(int(sys.argv[1]), "127.0.0.1", door).serve_forever()
"""


class House:
    """A broker behind its door that can go and come back at the same address."""

    def __init__(self, door):
        self.door, self.port, self.ca = door, free_port(), str(door.certificate.with_name("ca.pem"))
        self.process = None

    def up(self):
        door = self.door
        files = [str(one) for one in (door.certificate, door.key, door.passwords)]
        self.process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(self.port), *files])
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise TimeoutError("the broker did not come up")

    def down(self):
        self.process.kill()
        self.process.wait()

    def reader(self, take, word=USERS["reader"]):
        url = f"mqtts://reader:{word}@127.0.0.1:{self.port}"
        client = dispatch_mqtt.subscriber(url, take, ca_file=self.ca, name=f"reader-{self.port}")
        client.reconnect_delay_set(1, 1)
        client.loop_start()
        return client

    def sender(self, name, word=None):
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"{name}-{self.port}", clean_session=False)
        client.username_pw_set(name, word or USERS[name])
        client.tls_set(ca_certs=self.ca)
        client.reconnect_delay_set(1, 1)
        client.connect_async("127.0.0.1", self.port)
        client.loop_start()
        return client


@pytest.fixture
def house(door):
    made = House(door)
    made.up()
    yield made
    made.down()


def until(done, within_s=8.0):
    ends = time.monotonic() + within_s
    while not done() and time.monotonic() < ends:
        time.sleep(0.05)
    assert done()


def over(*clients):
    for client in clients:
        client.disconnect()
        client.loop_stop()


def test_only_who_has_the_authority_and_the_password_comes_in_and_each_writes_to_its_own_topic(house):
    came = []
    reader = house.reader(lambda code, body: came.append((code, body)))
    good, wrong, thief = house.sender("szjj"), house.sender("other", "guessed"), house.sender("other")
    until(lambda: reader.is_connected() and good.is_connected() and thief.is_connected())
    time.sleep(0.4)
    thief.publish("missions/szjj/batches", b"not mine", qos=1)
    good.publish("missions/szjj/batches", b"mine", qos=1)
    until(lambda: came)
    time.sleep(0.3)
    assert came == [("szjj", b"mine")]
    assert not wrong.is_connected()
    over(reader, good, wrong, thief)
    stranger = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    stranger.tls_set()  # the authorities of the system do not know ours
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger.connect("127.0.0.1", house.port)


@pytest.mark.django_db
def test_a_broker_that_goes_and_comes_back_loses_nothing_and_nothing_is_taken_twice(house, dispatch):
    came = []
    reader = house.reader(lambda code, body: came.append((code, body)))
    ambulance = house.sender("szjj")
    until(lambda: reader.is_connected() and ambulance.is_connected())
    time.sleep(0.4)
    ambulance.publish("missions/szjj/batches", message("b0", mission="M0"), qos=1)
    until(lambda: len(came) == 1)
    house.down()
    acknowledged = []
    ambulance.on_publish = lambda _client, _data, mid, *_rest: acknowledged.append(mid)
    sent = {ambulance.publish("missions/szjj/batches", message(f"b{n}", mission=f"M{n}"), qos=1).mid for n in (1, 2)}
    assert not acknowledged
    house.up()
    until(lambda: sent <= set(acknowledged) and reader.is_connected())
    time.sleep(0.5)
    # What was acknowledged while the reader was away, a broker without a store forgets: the sender sends it again.
    for n in range(3):
        ambulance.publish("missions/szjj/batches", message(f"b{n}", mission=f"M{n}"), qos=1)
    until(lambda: {body for _, body in came} >= {message(f"b{n}", mission=f"M{n}") for n in range(3)})
    over(reader, ambulance)
    for code, body in [*came, *came]:  # however often the broker hands one out
        listening.take(code, body)
    assert (Batch.objects.count(), TrackPart.objects.count()) == (3, 3)


@pytest.mark.django_db
def test_a_reader_that_dies_in_the_middle_gets_what_came_meanwhile_and_takes_each_once(house, dispatch):
    first, second = [], []

    def dies(code, body):
        first.append(body)
        raise RuntimeError("killed before the commit")

    reader, ambulance = house.reader(dies), house.sender("szjj")
    until(lambda: reader.is_connected() and ambulance.is_connected())
    time.sleep(0.4)
    ambulance.publish("missions/szjj/batches", message("b1"), qos=1)
    until(lambda: first)
    reader.loop_stop()
    reader._sock_close()  # as a killed process does: no goodbye, nothing acknowledged
    time.sleep(0.5)
    sent = [ambulance.publish("missions/szjj/batches", message(f"b{n}", mission=f"M{n}"), qos=1) for n in (1, 2, 3)]
    until(lambda: all(one.is_published() for one in sent))
    again = house.reader(lambda code, body: second.append((code, body)))
    until(lambda: {body for _, body in second} >= {message(f"b{n}", mission=f"M{n}") for n in (1, 2, 3)})
    over(again, ambulance)
    for code, body in [*second, *second]:
        listening.take(code, body)
    assert first == [message("b1")]
    assert Batch.objects.count() == 3
