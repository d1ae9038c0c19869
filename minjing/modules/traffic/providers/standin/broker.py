"""An MQTT broker for the demo and the tests: amqtt, the real protocol, in a thread of its own.

With a `Door` it listens by TLS alone, knows its senders by password, and lets each write to its own topic only.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Door:
    """Who may come in: the certificate shown, the file of passwords, and who may write and read which topics."""

    certificate: Path
    key: Path
    passwords: Path  # a line a user, "name:hash" (argon2)
    writes: Mapping[str, list[str]]
    reads: Mapping[str, list[str]]


class Running:
    """A broker that listens; `serve_forever` keeps the caller until it is stopped."""

    def __init__(self, port: int, host: str, door: Door | None = None) -> None:
        self.port, self.host, self.door = port, host, door
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()

    def serve_forever(self) -> None:
        """Serve until `shutdown`."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        from amqtt.broker import Broker

        listens: dict[str, Any] = {"type": "tcp", "bind": f"{self.host}:{self.port}"}
        plugins: dict[str, Any] = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        if self.door is not None:
            listens |= {"ssl": True, "certfile": str(self.door.certificate), "keyfile": str(self.door.key)}
            plugins = {
                "amqtt.plugins.authentication.FileAuthPlugin": {"password_file": str(self.door.passwords)},
                "amqtt.plugins.topic_checking.TopicAccessControlListPlugin": {
                    "publish_acl": dict(self.door.writes),
                    "acl": dict(self.door.reads),
                },
            }
        broker = Broker({"listeners": {"default": listens}, "plugins": plugins}, loop=self._loop)
        await broker.start()
        self._ready.set()
        await self._stop.wait()
        await broker.shutdown()

    def wait(self, within_s: float = 10.0) -> None:
        """Wait until it listens."""
        if not self._ready.wait(within_s):
            raise TimeoutError("the broker did not come up")

    def shutdown(self) -> None:
        """Stop serving."""
        self._loop.call_soon_threadsafe(self._stop.set)


def server(port: int, host: str, door: Door | None = None) -> Running:
    """Return the broker on this address, open to all without a door."""
    return Running(port, host, door)
