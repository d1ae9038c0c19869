"""The reading process: what it reads, what it is kept from, and what happens when it breaks or hangs."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter

from bench import cards
from minjing.kernel.identity.providers import reading
from minjing.kernel.identity.providers.reading import client
from minjing.kernel.identity.providers.standin import specimen, specimen_travel
from tests.house import wait_for

TODAY = date(2026, 11, 27)
HEAVY = {"numpy", "cv2", "onnxruntime", "rapidocr", "dlib", "omegaconf"}


def jpeg(picture: Image.Image, quality: int = 92) -> bytes:
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=quality)
    return kept.getvalue()


def held(card: Image.Image, turn_deg: float = 0.0, ground: str = "#4a4038") -> bytes:
    """Return the photo of a card on a table."""
    table = Image.new("RGB", (1800, 1400), ground)
    shape = Image.new("L", card.size, 255)
    turned = card.rotate(turn_deg, expand=True, resample=Image.Resampling.BICUBIC)
    table.paste(
        turned, ((1800 - turned.width) // 2, (1400 - turned.height) // 2), shape.rotate(turn_deg, expand=True)
    )
    return jpeg(table)


def persons() -> list[specimen.Holder]:
    drawn = random.Random(7)
    return [specimen.holder(drawn, TODAY) for _ in range(3)]


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    """One reading process for all tests here, in a folder of its own."""
    from django.conf import settings

    before, settings.DATA_DIR = settings.DATA_DIR, tmp_path_factory.mktemp("reading")
    client.MORE = "minjing.kernel.identity.tests.works"
    yield settings.DATA_DIR
    for pid in pids():
        os.kill(pid, signal.SIGTERM)
    settings.DATA_DIR, client.MORE = before, ""


def pids() -> list[int]:
    """Return the reading processes of this test's folder."""
    mine = str(client.address()).encode()
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mine in place.read_bytes().split(b"\0"):
                found.append(int(place.parent.name))
        except OSError:
            continue
    return found


def ended(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_both_sides_are_read_in_whatever_order_and_way_up(process):
    one = persons()[0]
    front, back = held(specimen.front(one), 8), held(specimen.back(one), 185)
    for sides in ((front, back), (back, front)):
        found = reading.read_card(*sides, today=TODAY)
        assert {name: found.value(name) for name in one.fields()} == one.fields()
        assert found.usable
        assert found.confirm == ()
    assert found.engine.startswith("rapidocr")
    assert Image.open(io.BytesIO(found.portrait)).size[0] > 200


def test_nothing_of_origin_comes_out_of_the_process(process):
    one = replace(persons()[1], nation="维吾尔", name="苏晚晴", address="广东省深圳市福田区民安路1号")
    said = client.ask("card", {"today": "2026-11-27"}, [held(specimen.front(one)), held(specimen.back(one))])
    said.pop("portrait")
    assert "维吾尔" not in json.dumps(said, ensure_ascii=False)
    assert "维" not in json.dumps(said, ensure_ascii=False)


@pytest.mark.parametrize("seed", range(int(os.environ.get("READING_CARDS") or 6)))
def test_cards_shot_badly_are_read_to_the_last_character(process, seed):
    """The first of the 500 of bench/reading.py; READING_CARDS=500 reads them all."""
    one, front, back, *_ = cards.pair(seed)
    found = reading.read_card(front, back, today=cards.TODAY)
    assert {name: found.value(name) for name in one.fields()} == one.fields()


STILL = cards.Shot(4, 0.05, 0.6, 0, 0, 3, 0.2, 85, (58, 62, 70), False)


@pytest.mark.parametrize(
    ("made", "shot", "key", "advice"),
    [
        (lambda card: card, replace(STILL, blur=4.5), "blurred", "拿稳"),
        (lambda card: burnt_out(card), STILL, "glare", "闪光灯"),
    ],
)
def test_a_photo_that_cannot_be_read_well_says_how_to_take_the_next(process, made, shot, key, advice):
    one = persons()[2]
    front = cards.photograph(made(specimen.front(one)), shot, random.Random(1))
    back = cards.photograph(specimen.back(one), STILL, random.Random(1))
    found = reading.read_card(front, back, today=TODAY)
    assert "name" in found.confirm
    assert advice in next(remark for remark in found.remarks if remark.key == key).zh
    assert not set(found.confirm) & {"issuer", "valid_from", "valid_to"}


def burnt_out(card: Image.Image) -> Image.Image:
    """Return the card with a lamp's reflection over the name, in which nothing is left of the ink."""
    lamp = Image.new("L", card.size, 0)
    ImageDraw.Draw(lamp).ellipse((100, 15, 400, 175), fill=255)
    card.paste("white", (0, 0), lamp.filter(ImageFilter.GaussianBlur(12)))
    return card


def test_a_photo_without_a_card_says_how_to_take_one(process):
    plain = jpeg(Image.new("RGB", (900, 600), "#807060"))
    with pytest.raises(reading.Unread) as said:
        reading.read_card(plain, plain, today=TODAY)
    assert said.value.key == "no_card"
    assert "四角" in said.value.zh


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff" + b"\0" * 500, b"%PDF-1.7"])
def test_what_is_no_picture_is_said_to_be_none(process, content):
    with pytest.raises(reading.Unread) as said:
        reading.read_mrz(content, today=TODAY)
    assert said.value.key == "not_a_picture"


def test_a_picture_too_large_to_decode_is_refused_before_it_is(process):
    kept = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(kept, "PNG")
    with pytest.raises(reading.Unread) as said:
        reading.read_mrz(kept.getvalue(), today=TODAY)
    assert said.value.key == "not_a_picture"


def test_a_permits_back_is_read(process):
    found = reading.read_mrz(held(specimen_travel.permit(persons()[1])), today=TODAY)
    assert found.usable
    assert (found.kind, found.number, found.certain) == ("hk_macao_permit", "C99000001", False)


def test_a_passports_page_is_read(process):
    page = specimen_travel.passport(persons()[0])
    found = reading.read_mrz(held(page, 3), today=TODAY)
    assert found.usable
    assert found.kind == "passport"
    assert found.birth_date == persons()[0].birth


def test_a_broken_process_is_a_clear_answer_and_the_next_request_is_served(process):
    reading.read_pose(jpeg(specimen.face(1, "女", (300, 400))))
    (pid,) = pids()
    os.kill(pid, signal.SIGKILL)
    assert ended(pid)
    assert reading.read_pose(jpeg(specimen.face(1, "女", (300, 400)))) is not None
    assert pids() != [pid]


def test_a_process_that_falls_at_work_is_not_asked_the_same_again(process):
    said = []
    thread = threading.Thread(target=lambda: said.append(_slept()))
    thread.start()
    deadline = time.monotonic() + 10
    while not pids() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)
    (pid,) = pids()
    os.kill(pid, signal.SIGKILL)
    thread.join(10)
    assert said == ["broke"]


def _slept() -> str:
    return _why_not("sleep", {"s": 20})


def _why_not(what: str, more: dict[str, int], *pictures: bytes) -> str:
    try:
        client.ask(what, more, pictures)
    except client.Down as down:
        return down.reason
    return "answered"


def test_a_request_that_hangs_is_cut_off_and_who_waits_is_served(process, monkeypatch):
    for pid in pids():
        os.kill(pid, signal.SIGKILL)
        assert ended(pid)
    monkeypatch.setattr(client, "WORK_S", 3)
    said = []
    first = threading.Thread(target=lambda: said.append(_slept()))
    first.start()
    time.sleep(1.0)
    assert client.ask("sleep", {"s": 0}, []) == {}
    first.join(15)
    assert said == ["broke"]
    for pid in pids():
        os.kill(pid, signal.SIGTERM)
        assert ended(pid)


def test_two_at_once_queue(process):
    picture, found = jpeg(specimen.face(3, "男", (300, 400))), []
    asking = [threading.Thread(target=lambda: found.append(reading.read_pose(picture).faces)) for _ in range(4)]
    for one in asking:
        one.start()
    for one in asking:
        one.join(30)
    assert found == [1] * 4
    assert len(pids()) == 1


def test_more_than_the_queue_holds_are_told_to_come_again(process, monkeypatch):
    for pid in pids():
        os.kill(pid, signal.SIGTERM)
        assert ended(pid)
    monkeypatch.setattr(client, "QUEUE_MAX", 1)
    sleeping: list[threading.Thread] = []

    def is_busy() -> bool:
        if not sleeping or not sleeping[-1].is_alive():  # the one before came while another request was at work
            sleeping.append(threading.Thread(target=_slept))
            sleeping[-1].start()
            time.sleep(1.0)
        return _why_not("pose", {}, b"x") == "busy"

    wait_for(is_busy, "it never has too much to do")
    for pid in pids():
        os.kill(pid, signal.SIGKILL)
    sleeping[-1].join(10)


def test_it_ends_when_nobody_asks(process, monkeypatch):
    for pid in pids():
        os.kill(pid, signal.SIGTERM)
        assert ended(pid)
    monkeypatch.setattr(client, "IDLE_S", 0)
    client.ask("sleep", {"s": 0}, [])
    (pid,) = pids()
    assert ended(pid)
    assert not client.address().exists()


def test_it_has_none_of_our_environment_and_no_way_out(process, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "not for readers")
    client.ask("sleep", {"s": 0}, [])
    (pid,) = pids()
    assert b"SECRET_KEY" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert client.ask("way_out", {}, []) == {"refused": ["connect", "getaddrinfo", "Popen", "write"]}


def test_the_socket_is_for_this_user_alone(process):
    client.ask("sleep", {"s": 0}, [])
    assert client.folder().stat().st_mode & 0o077 == 0
    assert client.address().stat().st_mode & 0o077 == 0


def test_asking_brings_nothing_heavy_into_a_web_process():
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'minjing.site.settings'\n"
        "import django; django.setup()\n"
        "from django.urls import get_resolver; get_resolver().url_patterns\n"
        "from minjing.kernel.identity.providers import reading\n"
        "from minjing.kernel.identity.actions import card_readers\n"
        "reading.available()\n"
        f"print(sorted({HEAVY!r} & {{name.split('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
