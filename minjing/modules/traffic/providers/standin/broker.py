"""An MQTT broker for the demo and the tests: amqtt, the real protocol, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from typing import Any


class Running:
    """A broker that listens; `serve_forever` keeps the caller until it is stopped."""

    def __init__(self, port: int, host: str) -> None:
        self.port, self.host = port, host
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()

    def serve_forever(self) -> None:
        """Serve until `shutdown`."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        from amqtt.broker import Broker

        config: dict[str, Any] = {
            "listeners": {"default": {"type": "tcp", "bind": f"{self.host}:{self.port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
        broker = Broker(config, loop=self._loop)
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


def server(port: int, host: str) -> Running:
    """Return the broker on this address."""
    return Running(port, host)
