"""The bridge: a WebSocket on the loopback between the page of the platform and the reader on this machine.

The page says {"do": "hello"} and learns which device this is, fetches a ticket for it from the platform, and says
{"do": "read", "ticket": …}. The bridge answers {"state": "waiting"}, then {"reading": …} with the signed text, or
{"refused": …}. {"do": "stop"} ends the waiting. Only the platform's origin may connect, and one page at a time.
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

from minjing.kernel.identity.providers.card_reader.driver import Driver, ReaderFault
from minjing.kernel.identity.providers.card_reader.tickets import Own, open_ticket, sign
from minjing.kernel.identity.rules.card_chip import NotACard, Refused, Signed, parse

CARD_S = 60.0  # how long a page may wait for a card
GLANCE_S = 0.25
MESSAGE_MAX = 2000
USED_MAX = 10_000  # tickets remembered; each is good for two minutes anyway

Plain = Callable[[str], Response | None]


class Bridge:
    """One reader, one page at a time."""

    def __init__(self, own: Own, driver: Driver, origins: Sequence[str], plain: Plain | None = None) -> None:
        self.own, self.driver, self.origins = own, driver, list(origins)
        self.plain = plain
        self.page = threading.Lock()
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
        """Serve one page until it goes; a second page is told that the reader is taken."""
        if not self.page.acquire(blocking=False):
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
            self._say(line, {"device": self.own.name, "reader": self.driver.name()})
        elif what == "read":
            self._say(line, self._read(line, str(asked.get("ticket", ""))))
        elif what != "stop":
            self._say(line, {"refused": "shape"})

    def _read(self, line: ServerConnection, ticket: str) -> dict[str, Any]:
        try:
            ticket_id, _ = open_ticket(self.own.name, self.own.ticket_key, ticket, datetime.now(UTC))
        except (Refused, ValueError) as refused:
            return {"refused": getattr(refused, "reason", "ticket")}
        if not self._first_time(ticket_id):
            return {"refused": "replayed"}
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
