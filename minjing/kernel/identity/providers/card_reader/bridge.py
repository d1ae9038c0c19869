"""The bridge: a WebSocket on the loopback between the page of the platform and the reader on this machine.

The page says {"do": "hello"} and learns which device this is, fetches a ticket for it from the platform, and says
{"do": "read", "ticket": …}. The bridge answers {"state": "waiting"}, then {"reading": …} with the signed text, or
{"refused": …}. {"do": "stop"} ends the waiting. Only the platform's origin may connect, and one page at a time.

Where the machine has a camera, {"do": "shoot", "ticket": …} is answered by small frames to see oneself by
({"frame": base64, "left": seconds}) and then by {"shot": …}, the signed picture. Frames are not signed and prove
nothing; nothing is kept here.

Where it has a slot for permits, {"do": "permit", "ticket": …} waits for one and answers {"permit": …}, its signed
number; {"do": "write", "ticket": …, "words": …} writes to the chip of the one that lies there, gives it back and
answers {"written": …}; {"do": "give_back"} gives it back as it is, as do five minutes in which nobody asks.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Origin

from minjing.kernel.identity.providers.card_reader.driver import (
    Camera,
    CameraFault,
    Driver,
    ReaderFault,
    Slot,
    SlotFault,
)
from minjing.kernel.identity.providers.card_reader.tickets import Own, open_ticket, sign
from minjing.kernel.identity.rules.camera_shot import Shot
from minjing.kernel.identity.rules.card_chip import NotACard, Refused, Signed, parse
from minjing.kernel.identity.rules.permit_slot import TAKEN, WRITTEN, SlotSaid

CARD_S = 60.0  # how long a page may wait for a card
GLANCE_S = 0.25
GOING_S = 1.0  # how long a page that is left may take to go
MESSAGE_MAX = 2000
PERMIT_S = 300.0  # how long a permit lies in the slot
COUNTDOWN_S = 3.0  # to see oneself before the picture is taken
FRAME_S, FRAME_PX, PICTURE_PX = 0.25, 320, 640
USED_MAX = 10_000  # tickets remembered; each is good for two minutes anyway

Plain = Callable[[str], Response | None]


class Bridge:
    """One reader, one page at a time."""

    def __init__(
        self,
        own: Own,
        driver: Driver,
        origins: Sequence[str],
        plain: Plain | None = None,
        camera: Camera | None = None,
        slot: Slot | None = None,
    ) -> None:
        self.own, self.driver, self.origins = own, driver, list(origins)
        self.plain, self.camera, self.slot = plain, camera, slot
        self.page = threading.Lock()
        self.timer: threading.Timer | None = None
        self.used: dict[UUID, float] = {}

    def server(self, port: int, host: str = "127.0.0.1") -> Server:
        """Return the listening server; `serve_forever()` runs it."""
        allowed: list[Origin | None] = [Origin(one) for one in self.origins]
        door = self._at_door
        return serve(
            self.talk, host, port, origins=allowed, max_size=MESSAGE_MAX, compression=None, process_request=door
        )

    def _at_door(self, line: ServerConnection, request: Request) -> Response | None:
        """Refuse a name that is not this machine's own: another site's name may lead here (DNS rebinding)."""
        host = request.headers.get("Host", "").rsplit(":", 1)[0]
        if host not in ("127.0.0.1", "localhost", "[::1]"):
            return line.respond(HTTPStatus.FORBIDDEN, "not by this name\n")
        if "Upgrade" not in request.headers and self.plain is not None:
            return self.plain(request.path)
        return None

    def talk(self, line: ServerConnection) -> None:
        """Serve one page until it goes; a second page is told that the reader is taken.

        Whoever goes from one page to the next is not told so because the one before is still going.
        """
        if not self.page.acquire(timeout=GOING_S):
            self._say(line, {"refused": "busy"})
            return
        try:
            for said in line:
                self._answer(line, said)
        except ConnectionClosed:
            pass
        finally:
            self.page.release()

    def _answer(self, line: ServerConnection, said: str | bytes) -> None:
        try:
            asked = json.loads(said)
            what = asked.get("do")
        except (ValueError, AttributeError):
            what, asked = "", {}
        if what == "hello":
            camera = self.camera.name() if self.camera else None
            slot = self.slot.name() if self.slot else None
            self._say(line, {"device": self.own.name, "reader": self.driver.name(), "camera": camera, "slot": slot})
        elif what == "read":
            self._say(line, self._read(line, str(asked.get("ticket", ""))))
        elif what == "shoot":
            self._say(line, self._shoot(line, str(asked.get("ticket", ""))))
        elif what == "permit":
            self._say(line, self._permit(line, str(asked.get("ticket", ""))))
        elif what == "write":
            self._say(line, self._write(str(asked.get("ticket", "")), str(asked.get("words", ""))))
        elif what == "give_back" and self.slot is not None:
            self.slot.give_back()
            self._say(line, {"state": "given_back"})
        elif what != "stop":
            self._say(line, {"refused": "shape"})

    def _permit(self, line: ServerConnection, ticket: str) -> dict[str, Any]:
        refused = self._leave(ticket) if self.slot is not None else "no_slot"
        if refused or self.slot is None:
            return {"refused": refused}
        self._say(line, {"state": "waiting"})
        end = time.monotonic() + CARD_S
        try:
            while time.monotonic() < end:
                number = self.slot.take(GLANCE_S)
                if number is not None:
                    self._keep_time()
                    return {"permit": self._slot_said(ticket, TAKEN, number)}
                if self._stopped(line):
                    return {"state": "stopped"}
        except SlotFault:
            self.slot.give_back()
            return {"refused": "slot"}
        return {"refused": "no_permit"}

    def _write(self, ticket: str, words: str) -> dict[str, Any]:
        refused = self._leave(ticket) if self.slot is not None else "no_slot"
        if refused or self.slot is None:
            return {"refused": refused}
        try:
            self.slot.write(words)
        except SlotFault:
            return {"refused": "slot"}
        finally:
            self.slot.give_back()
        return {"written": self._slot_said(ticket, WRITTEN, words)}

    def _keep_time(self) -> None:
        """Give the permit back after a while, whatever becomes of the page."""
        assert self.slot is not None
        if self.timer is not None:
            self.timer.cancel()
        self.timer = threading.Timer(PERMIT_S, self.slot.give_back)
        self.timer.daemon = True
        self.timer.start()

    def _slot_said(self, ticket: str, what: str, text: str) -> str:
        return sign(self.own.private_key, SlotSaid(self.own.name, ticket, datetime.now(UTC), what, text))

    def _leave(self, ticket: str) -> str:
        """Return why there is no leave for this ticket, "" where there is; it is used up by asking."""
        try:
            ticket_id, _ = open_ticket(self.own.name, self.own.ticket_key, ticket, datetime.now(UTC))
        except (Refused, ValueError) as refused:
            return str(getattr(refused, "reason", "ticket"))
        return "" if self._first_time(ticket_id) else "replayed"

    def _shoot(self, line: ServerConnection, ticket: str) -> dict[str, Any]:
        if self.camera is None:
            return {"refused": "no_camera"}
        refused = self._leave(ticket)
        if refused:
            return {"refused": refused}
        end = time.monotonic() + COUNTDOWN_S
        try:
            while (left := end - time.monotonic()) > 0:
                seen = base64.b64encode(self.camera.frame(FRAME_PX)).decode()
                self._say(line, {"frame": seen, "left": int(left) + 1})
                if self._stopped(line):
                    return {"state": "stopped"}
                time.sleep(min(FRAME_S, left))
            picture = base64.b64encode(self.camera.frame(PICTURE_PX)).decode()
        except CameraFault:
            return {"refused": "camera"}
        return {"shot": sign(self.own.private_key, Shot(self.own.name, ticket, datetime.now(UTC), picture))}

    def _read(self, line: ServerConnection, ticket: str) -> dict[str, Any]:
        refused = self._leave(ticket)
        if refused:
            return {"refused": refused}
        self._say(line, {"state": "waiting"})
        end = time.monotonic() + CARD_S
        while time.monotonic() < end:
            try:
                chip = self.driver.read(GLANCE_S)
                if chip is not None:
                    return {"reading": self._signed(ticket, parse(chip.message), chip.portrait)}
            except (ReaderFault, NotACard):
                return {"refused": "reader"}
            if self._stopped(line):
                return {"state": "stopped"}
        return {"refused": "no_card"}

    def _signed(self, ticket: str, fields: dict[str, str], portrait: bytes) -> str:
        picture = base64.b64encode(portrait).decode()
        return sign(self.own.private_key, Signed(self.own.name, ticket, datetime.now(UTC), fields, picture))

    def _first_time(self, ticket_id: UUID) -> bool:
        if ticket_id in self.used:
            return False
        if len(self.used) >= USED_MAX:
            self.used.pop(next(iter(self.used)))
        self.used[ticket_id] = time.monotonic()
        return True

    @staticmethod
    def _stopped(line: ServerConnection) -> bool:
        try:
            said = line.recv(timeout=0)
        except TimeoutError:
            return False
        return '"stop"' in (said if isinstance(said, str) else "")

    @staticmethod
    def _say(line: ServerConnection, answer: dict[str, Any]) -> None:
        line.send(json.dumps(answer, ensure_ascii=False))
