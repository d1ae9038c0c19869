"""The card reader beside the browser: who may ask, what is signed, what the platform takes, and that only once."""

import json
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from minjing.kernel.identity.actions.card_readers import card_ticket, take_card, take_shot
from minjing.kernel.identity.errors import NotAllowed, Unknown
from minjing.kernel.identity.providers.card_reader import bridge, tickets
from minjing.kernel.identity.providers.card_reader.driver import ReaderFault
from minjing.kernel.identity.providers.standin import card_reader as standin
from minjing.kernel.identity.rules import card_chip
from minjing.kernel.ledger.models import Outbox
from tests.ports import free_port

SESSION = "this browser's"


@pytest.fixture
def reader(tmp_path, settings, monkeypatch):
    """The demo's reader on a free port, known to the platform; yields (address, control address)."""
    port = free_port()
    monkeypatch.setenv("READER_ORIGINS", "http://page.example")
    running = standin.server(port, folder=tmp_path)
    settings.CARD_READERS = tmp_path / standin.REGISTERED_FILE
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield port
    running.shutdown()
    thread.join(5)


def page(port, origin="http://page.example", **more):
    return connect(f"ws://127.0.0.1:{port}/", origin=origin, compression=None, proxy=None, **more)


def say(line, **said):
    line.send(json.dumps(said))
    return json.loads(line.recv(timeout=5))


def lay(port, at=0):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/insert?card={at}", timeout=5) as answer:
        return answer.read().decode()


def leave(device=tickets.DEMO_NAME, session=SESSION, now=None):
    return card_ticket(device=device, session=session, now=now or datetime.now(UTC))


def carried(port, ticket=None):
    """Read the first card as a page does, and return what it carries to the platform."""
    with page(port) as line:
        hello = say(line, do="hello")
        assert (hello["device"], hello["reader"]) == (tickets.DEMO_NAME, "stand-in")
        assert say(line, do="read", ticket=ticket or leave()) == {"state": "waiting"}
        lay(port)
        return json.loads(line.recv(timeout=5))["reading"]


def kinds():
    return list(Outbox.objects.order_by("seq").values_list("kind", flat=True))


@pytest.mark.django_db
def test_a_card_is_read_signed_and_taken_once(reader):
    now = datetime.now(UTC)
    text = carried(reader)
    reading = take_card(text, session=SESSION, by=uuid4(), now=now)
    assert reading.usable
    assert reading.value("name")
    assert reading.portrait.startswith(b"\xff\xd8")
    with pytest.raises(NotAllowed) as again:
        take_card(text, session=SESSION, by=None, now=now)
    assert again.value.key == "card_replayed"
    assert kinds() == ["identity:card:read", "identity:card:refused"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("session", "later", "key"),
    [("another's", timedelta(), "card_other_page"), (SESSION, timedelta(minutes=3), "card_late")],
)
def test_a_reading_counts_for_its_page_and_its_two_minutes_only(reader, session, later, key):
    with pytest.raises(NotAllowed) as refused:
        take_card(carried(reader), session=session, by=None, now=datetime.now(UTC) + later)
    assert refused.value.key == key
    assert kinds() == ["identity:card:refused"]


@pytest.mark.django_db
def test_a_page_cannot_change_what_the_reader_read(reader):
    outer = json.loads(carried(reader))
    body = json.loads(outer["body"])
    body["fields"]["name"] = "冒名者"
    outer["body"] = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    with pytest.raises(NotAllowed) as refused:
        take_card(json.dumps(outer), session=SESSION, by=None, now=datetime.now(UTC))
    assert refused.value.key == "card_signature"


@pytest.mark.django_db
def test_a_page_cannot_invent_a_reading(reader):
    fields = {name: "x" for name, _ in card_chip.LAYOUT if name}
    signed = card_chip.Signed(tickets.DEMO_NAME, leave(), datetime.now(UTC), fields, "")
    text = tickets.sign(Ed25519PrivateKey.generate(), signed)
    with pytest.raises(NotAllowed) as refused:
        take_card(text, session=SESSION, by=None, now=datetime.now(UTC))
    assert refused.value.key == "card_signature"


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"body":"{}","signature":"AA=="}', "x" * 200_000])
def test_whatever_else_a_page_carries_is_refused(reader, text):
    with pytest.raises(NotAllowed) as refused:
        take_card(text, session=SESSION, by=None, now=datetime.now(UTC))
    assert refused.value.key == "card_shape"


def test_an_unknown_reader_gets_no_ticket(reader):
    with pytest.raises(Unknown):
        leave(device="somebody's")


def test_another_sites_page_cannot_connect(reader):
    with pytest.raises(InvalidStatus) as refused:
        page(reader, origin="https://evil.example")
    assert refused.value.response.status_code == 403
    with pytest.raises(InvalidStatus):
        page(reader, origin=None)


def test_another_name_for_this_machine_is_refused(reader):
    with pytest.raises(InvalidStatus), page(reader, additional_headers={"Host": "rebound.example"}):
        pass


def test_a_second_page_is_told_that_the_reader_is_taken(reader):
    with page(reader) as first:
        say(first, do="hello")
        with page(reader) as second:
            assert json.loads(second.recv(timeout=5)) == {"refused": "busy"}
    with page(reader) as third:
        assert say(third, do="hello")["device"] == tickets.DEMO_NAME


def test_the_bridge_reads_for_no_page_without_a_ticket_of_the_platform(reader):
    lay(reader)
    with page(reader) as line:
        for ticket in (
            "",
            "made.up.by.me",
            leave()[:-4] + "zzzz",
            leave(now=datetime.now(UTC) - timedelta(minutes=5)),
        ):
            assert say(line, do="read", ticket=ticket)["refused"] in ("ticket", "late")
        assert say(line, do="anything") == {"refused": "shape"}


def test_the_bridge_reads_once_for_a_ticket(reader):
    ticket = leave()
    carried(reader, ticket)
    with page(reader) as line:
        assert say(line, do="read", ticket=ticket) == {"refused": "replayed"}


def test_a_page_may_stop_waiting(reader):
    with page(reader) as line:
        assert say(line, do="read", ticket=leave()) == {"state": "waiting"}
        assert say(line, do="stop") == {"state": "stopped"}


def test_a_reader_that_fails_is_named(reader, monkeypatch):
    def broken(self, timeout_s):
        raise ReaderFault("unplugged")

    monkeypatch.setattr(standin.Slot, "read", broken)
    with page(reader) as line:
        assert say(line, do="read", ticket=leave()) == {"state": "waiting"}
        assert json.loads(line.recv(timeout=5)) == {"refused": "reader"}


def test_a_chips_message_is_256_bytes_and_read_back():
    fields = {
        "name": "阿依古丽·买买提", "sex": "女", "birth_date": "1990-08-15", "address": "新疆喀什地区莎车县民安路1号",
        "id_number": "653199199008150021", "issuer": "莎车县公安局", "valid_from": "2020-05-01",
        "valid_to": "long_term",
    }  # fmt: skip
    message = card_chip.compose(fields)
    assert len(message) == 256
    assert card_chip.parse(message) == fields


def test_what_the_chip_says_of_origin_is_read_over():
    message = bytearray(card_chip.compose({name: "" for name, _ in card_chip.LAYOUT} | {
        "sex": "女", "birth_date": "1990-08-15", "valid_from": "2020-05-01", "valid_to": "2040-05-01",
    }))  # fmt: skip
    message[32:36] = "05".encode("utf-16-le")
    assert "05" not in [value for name, value in card_chip.parse(bytes(message)).items() if "_" not in name]


@pytest.mark.parametrize("message", [b"", b"\0" * 255, b"\xff\xd8" * 128])
def test_other_bytes_are_no_card(message):
    with pytest.raises(card_chip.NotACard):
        card_chip.parse(message)


def test_a_new_device_has_keys_of_its_own_and_files_for_one_user(tmp_path):
    for name in ("hall-1", "hall-2"):
        tickets.make(name, tmp_path / f"{name}.json", tmp_path / "platform.json")
    assert set(tickets.devices(tmp_path / "platform.json")) == {"hall-1", "hall-2"}
    assert (tmp_path / "hall-1.json").stat().st_mode & 0o077 == 0
    assert "private_key" not in (tmp_path / "platform.json").read_text()
    assert tickets.own(tmp_path / "hall-1.json").name == "hall-1"


@pytest.mark.django_db
def test_the_page_gets_its_ticket_by_http(reader, client):
    answer = client.post("/identity/card-reader/ticket/", {"device": tickets.DEMO_NAME})
    said = answer.json()["ticket"]
    device = tickets.devices(standin_file())[tickets.DEMO_NAME]
    tickets.open_ticket(device.name, device.ticket_key, said, datetime.now(UTC))
    assert client.post("/identity/card-reader/ticket/", {"device": "x"}).status_code == 404


def standin_file():
    from django.conf import settings

    return settings.CARD_READERS


def test_a_second_page_waits_for_one_that_is_going_and_is_told_of_one_that_stays(reader):
    with page(reader) as first:
        say(first, do="hello")
        going = threading.Timer(0.3, first.close)
        going.start()
        with page(reader) as second:
            assert say(second, do="hello")["reader"] == "stand-in"
            with page(reader) as third:
                assert say(third, do="hello") == {"refused": "busy"}


# ---- the camera beside it --------------------------------------------------------------------------------


def shot(port, ticket=None, pose="straight"):
    """Take a picture as a page does, past the frames to see oneself by."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/stand?card=0&pose={pose}", timeout=5):
        pass
    with page(port) as line:
        assert say(line, do="hello")["camera"] == "stand-in camera"
        answer = say(line, do="shoot", ticket=ticket or leave())
        while "frame" in answer:
            answer = json.loads(line.recv(timeout=5))
    return answer


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(bridge, "COUNTDOWN_S", 0.1)


@pytest.mark.django_db
def test_the_camera_takes_a_picture_for_a_ticket_signed_and_once(reader, quick):
    ticket = leave()
    carried = shot(reader, ticket)["shot"]
    assert shot(reader, ticket)["refused"] == "replayed"
    now = datetime.now(UTC)
    assert take_shot(carried, session=SESSION, by=None, now=now).startswith(b"\xff\xd8")
    with pytest.raises(NotAllowed, match="replayed"):
        take_shot(carried, session=SESSION, by=None, now=now)
    kinds = list(Outbox.objects.order_by("seq").values_list("kind", flat=True))
    assert kinds == ["identity:camera:shot", "identity:camera:refused"]


@pytest.mark.django_db
def test_a_picture_of_another_page_another_camera_or_another_kind_is_not_taken(reader, quick):
    carried, now = shot(reader)["shot"], datetime.now(UTC)
    lay(reader)
    wrong = {
        "other_page": (carried, "another browser's"),
        "signature": (carried.replace('\\"v\\"', '\\"v\\" ', 1), SESSION),
        "shape": (reading_of(reader), SESSION),  # a card's reading is no picture
    }
    for reason, (text, session) in wrong.items():
        with pytest.raises(NotAllowed, match=reason):
            take_shot(text, session=session, by=None, now=now)
    with pytest.raises(NotAllowed, match="shape"):
        take_card(carried, session=SESSION, by=None, now=now)
    with pytest.raises(NotAllowed, match="late"):
        take_shot(carried, session=SESSION, by=None, now=now + timedelta(minutes=6))


def reading_of(port):
    with page(port) as line:
        say(line, do="hello")
        line.send(json.dumps({"do": "read", "ticket": leave()}))
        while "reading" not in (answer := json.loads(line.recv(timeout=5))):
            pass
        return answer["reading"]


def test_who_stands_there_is_seen_and_nobody_is_nobody(reader, quick):
    pictures = {pose: shot(reader, pose=pose)["shot"] for pose in ("straight", "left", "nobody")}
    assert len({json.loads(json.loads(text)["body"])["picture"] for text in pictures.values()}) == 3


# ---- the slot for permits --------------------------------------------------------------------------------


def test_the_slot_takes_a_permit_writes_to_it_and_gives_it_back(reader):
    def put_in(**said):
        query = "&".join(f"{name}={value}" for name, value in said.items())
        with urllib.request.urlopen(f"http://127.0.0.1:{reader}/permit?{query}", timeout=5):
            pass

    with page(reader) as line:
        assert say(line, do="hello")["slot"] == "stand-in slot"
        assert say(line, do="permit", ticket=leave()) == {"state": "waiting"}
        put_in(number="C12345678")
        signed = json.loads(line.recv(timeout=5))["permit"]
        assert json.loads(json.loads(signed)["body"])["text"] == "C12345678"
        written = say(line, do="write", ticket=leave(), words="HK-G-1Y2 hongkong")["written"]
        assert json.loads(json.loads(written)["body"])["what"] == "permit_written"
        assert say(line, do="write", ticket=leave(), words="x") == {"refused": "slot"}, "it has come out"
        put_in(number="C12345678", broken=1)
        assert say(line, do="write", ticket=leave(), words="x") == {"refused": "slot"}
        assert say(line, do="give_back") == {"state": "given_back"}
