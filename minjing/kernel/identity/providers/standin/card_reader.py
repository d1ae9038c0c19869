"""A card reader and a camera that are not there: the real bridge over a reader into which a page lays specimen cards.

http://127.0.0.1:PORT/ lists cards; a press lays one on the reader until it has been read once. Each is made up
(specimen.py). Before the camera stands whoever laid a card on last, as a drawn portrait; the page says who else may
stand there, and how: /stand?card=1&pose=left (straight, left, right, closer, nobody). `cards.json` in the stand-in's
folder may name other cards: a list of the fields of rules.card.
"""

from __future__ import annotations

import html
import io
import json
import os
import random
import threading
from dataclasses import replace
from datetime import date
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Response
from websockets.sync.server import Server

from minjing.kernel.identity.providers.card_reader import tickets
from minjing.kernel.identity.providers.card_reader.bridge import Bridge
from minjing.kernel.identity.providers.card_reader.driver import Chip, SlotFault
from minjing.kernel.identity.rules import card_chip

BRIDGE_FILE, REGISTERED_FILE, CARDS_FILE = "bridge.json", "registered.json", "cards.json"
TODAY = date(2026, 11, 27)  # the specimens stay the same from day to day
COUNT = 6
PORTRAIT_SIZE = (204, 252)  # 102 × 126, the chip's own, twice
YAW, WALL = 0.8, "#bcc4cc"
POSES = {"straight": "正对", "left": "向左转", "right": "向右转", "closer": "靠近", "nobody": "没有人"}
OFFSET = 13  # of our port above that of the pages


class Slot:
    """The reader: empty, or with one card on it."""

    def __init__(self) -> None:
        self.card: Chip | None = None
        self.laid = threading.Condition()

    def name(self) -> str:
        """Return what the record says of this reader."""
        return "stand-in"

    def lay(self, chip: Chip) -> None:
        """Lay a card on the reader."""
        with self.laid:
            self.card = chip
            self.laid.notify_all()

    def read(self, timeout_s: float) -> Chip | None:
        """Return the card's chip and take the card off, None when there is none in time."""
        with self.laid:
            if self.card is None:
                self.laid.wait(timeout_s)
            chip, self.card = self.card, None
            return chip


class Stage:
    """The place before the camera: a drawn head, as it was told to stand; empty until somebody comes."""

    def __init__(self) -> None:
        self.face, self.sex, self.pose = 0, "男", "straight"

    def name(self) -> str:
        """Return what the record says of this camera."""
        return "stand-in camera"

    def frame(self, width: int) -> bytes:
        """Return what stands there as a JPEG of 4 to 3."""
        from PIL import Image

        from minjing.kernel.identity.providers.standin import specimen

        size = (width, width * 3 // 4)
        seen = Image.new("RGB", size, WALL)
        if self.face and self.pose != "nobody":
            yaw = {"left": YAW, "right": -YAW}.get(self.pose, 0.0)
            height = int(size[1] * (1.35 if self.pose == "closer" else 0.9))
            view = replace(specimen.STRAIGHT, yaw=yaw, ground=WALL)
            head = specimen.face(self.face, self.sex, (height * 4 // 5, height), view)
            seen.paste(head, ((size[0] - head.width) // 2, max(0, size[1] - height)))
        kept = io.BytesIO()
        seen.save(kept, "JPEG", quality=86)
        return kept.getvalue()


class PermitSlot:
    """The slot for permits: empty, or with the permit of a number in it; what was written is kept for the page."""

    def __init__(self) -> None:
        self.number, self.written, self.broken = "", "", False
        self.put = threading.Condition()

    def name(self) -> str:
        """Return what the record says of this slot."""
        return "stand-in slot"

    def lay(self, number: str) -> None:
        """Put a permit in."""
        with self.put:
            self.number = number
            self.put.notify_all()

    def take(self, timeout_s: float) -> str | None:
        """Return the number of the permit that was put in."""
        with self.put:
            if not self.number:
                self.put.wait(timeout_s)
            return self.number or None

    def write(self, words: str) -> None:
        """Write to the chip; a broken one is told."""
        if self.broken or not self.number:
            raise SlotFault
        self.written = words

    def give_back(self) -> None:
        """Give the permit back."""
        self.number = ""


def prepare(folder: Path) -> None:
    """Make the device's keys and the list of cards, once."""
    if not (folder / BRIDGE_FILE).exists() or not (folder / REGISTERED_FILE).exists():
        tickets.make(tickets.DEMO_NAME, folder / BRIDGE_FILE, folder / REGISTERED_FILE)
    if not (folder / CARDS_FILE).exists():
        from minjing.kernel.identity.providers.standin import specimen

        drawn = random.Random(2026)  # noqa: S311 - a demo must be the same each time
        cards = [specimen.holder(drawn, TODAY) for _ in range(COUNT)]
        said = [{**one.fields(), "face": one.face} for one in cards]
        (folder / CARDS_FILE).write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")


def server(port: int, host: str = "127.0.0.1", folder: Path | None = None) -> Server:
    """Return the bridge of the demo, listening."""
    place = folder or Path(os.environ.get("DATA_DIR") or "var") / "outside" / "card_reader"
    prepare_folder(place)
    page = port - OFFSET
    origins = {f"http://{name}:{page}" for name in ("localhost", "127.0.0.1")}
    origins |= {
        one for one in (os.environ.get("BASE_URL", ""), *os.environ.get("READER_ORIGINS", "").split(",")) if one
    }
    slot, stage, permits = Slot(), Stage(), PermitSlot()
    plain = Control(slot, place, stage, permits).answer
    own = tickets.own(place / BRIDGE_FILE)
    bridge = Bridge(own, slot, sorted(origins), plain=plain, camera=stage, slot=permits)
    return bridge.server(port, host)


def prepare_folder(place: Path) -> None:
    """Make the folder and what it must hold."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    prepare(place)


class Control:
    """The page that lays cards on the reader."""

    def __init__(self, slot: Slot, folder: Path, stage: Stage, permits: PermitSlot) -> None:
        self.slot, self.folder, self.stage, self.permits = slot, folder, stage, permits

    def answer(self, path: str) -> Response | None:
        """Return the page, after laying a card on the reader when one was chosen."""
        parts = urlsplit(path)
        said = ""
        if parts.path == "/insert":
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            fields = self._chosen(query)
            if fields is None:
                return _page("没有这张卡 · no such card", HTTPStatus.NOT_FOUND)
            self.slot.lay(_chip(fields))
            self._stand(fields, "straight")
            said = f"<p role=status>已放上：{html.escape(fields['name'])} · on the reader</p>"
        elif parts.path == "/permit":
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self.permits.broken = query.get("broken") == "1"
            self.permits.lay(query.get("number", "")[:20])
            said = "<p role=status>通行证已放入 · the permit is in the slot</p>"
        elif parts.path == "/stand":
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            fields = self._chosen(query)
            pose = query.get("pose", "straight")
            if pose not in POSES:
                return _page("没有这个姿势 · no such pose", HTTPStatus.NOT_FOUND)
            self._stand(fields, pose)
            said = f"<p role=status>镜头前：{html.escape(pose)} · before the camera</p>"
        elif parts.path != "/":
            return _page("", HTTPStatus.NOT_FOUND)
        rows = "".join(
            f'<li><a href="/insert?card={at}">{html.escape(one["name"])} {html.escape(one["id_number"])}</a></li>'
            for at, one in enumerate(self._cards())
        )
        poses = " ".join(f'<a href="/stand?pose={pose}">{words}</a>' for pose, words in POSES.items())
        slot = (
            "<form action=/permit><label>通行证号码 · permit number <input name=number></label>"
            f"<button>放入 · put in</button></form><p>写卡 · written: {html.escape(self.permits.written) or '—'}</p>"
        )
        return _page(f"{said}<ol>{rows}</ol><p>镜头前 · before the camera: {poses}</p>{slot}")

    def _stand(self, fields: dict[str, str] | None, pose: str) -> None:
        if fields is not None:
            self.stage.face, self.stage.sex = int(fields.get("face") or 1), fields["sex"]
        self.stage.pose = pose

    def _cards(self) -> list[dict[str, str]]:
        known: list[dict[str, str]] = json.loads((self.folder / CARDS_FILE).read_text(encoding="utf-8"))
        return known

    def _chosen(self, query: dict[str, str]) -> dict[str, str] | None:
        cards = self._cards()
        if "number" in query:
            return next((one for one in cards if one["id_number"] == query["number"]), None)
        at = int(query["card"]) if query.get("card", "").isdigit() else -1
        return cards[at] if 0 <= at < len(cards) else None


def _chip(fields: dict[str, str]) -> Chip:
    from minjing.kernel.identity.providers.standin import specimen  # Pillow only when a card is laid on

    portrait = specimen.face(int(fields.get("face") or 1), fields["sex"], PORTRAIT_SIZE)
    kept = io.BytesIO()
    portrait.save(kept, "JPEG", quality=88)
    return Chip(card_chip.compose(fields), kept.getvalue())


def _page(body: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    content = (
        "<!doctype html><html lang=zh-Hans><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>读卡器替身</title><h1>读卡器替身 · stand-in card reader</h1>"
        f"<p>点一张卡，放到读卡器上。 · Press a card to lay it on the reader.</p>{body}</html>"
    ).encode()
    headers = Headers({"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(content))})
    return Response(status.value, status.phrase, headers, content)
