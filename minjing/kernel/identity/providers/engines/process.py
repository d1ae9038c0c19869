"""The reading process: one request at a time, the others queue; ends after a minute without work.

Started by providers/reading/client.py without our environment, keys or database. It limits its own memory, opens no
connection (an audit hook refuses them), and when one request takes too long a timer below Python's own threads ends
the process: the asker sees the line close and is told; who waits asks the next process.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minjing.kernel.identity.providers.engines.trouble import Trouble

PICTURE_MAX = 20 * 1024 * 1024
PICTURES_MAX = 2
MB = 1024 * 1024


def main() -> None:
    """Serve until idle."""
    path, limits = Path(sys.argv[1]), json.loads(sys.argv[2])
    _limit(limits["memory_mb"])
    sys.addaudithook(_no_way_out)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    os.umask(0o177)
    listener.bind(str(path))
    listener.listen(32)
    inode = path.stat().st_ino
    if limits["more"]:
        _WORKS.update(importlib.import_module(limits["more"]).WORKS)
    Server(limits["idle_s"], limits["work_s"], limits["queue_max"]).serve(listener)
    try:
        if path.stat().st_ino == inode:
            path.unlink()  # before the listener closes: nobody connects to what is about to end
    except OSError:
        pass
    listener.close()


def _limit(memory_mb: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * MB, memory_mb * MB))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes no file: what it is shown is kept nowhere
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def _no_way_out(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.system", "os.exec"):
        raise PermissionError(event)


class Server:
    """Takes requests in turn."""

    def __init__(self, idle_s: float, work_s: float, queue_max: int) -> None:
        self.idle_s, self.work_s, self.queue_max = idle_s, work_s, queue_max
        self.turn = threading.Lock()
        self.count = threading.Lock()
        self.present = 0
        self.last = time.monotonic()

    def serve(self, listener: socket.socket) -> None:
        """Accept until nobody has asked for `idle_s` seconds."""
        listener.settimeout(1.0)
        while True:
            try:
                line, _ = listener.accept()
            except TimeoutError:
                with self.count:
                    if self.present == 0 and time.monotonic() - self.last > self.idle_s:
                        return
                continue
            line.settimeout(30)
            threading.Thread(target=self.one, args=(line,), daemon=True).start()

    def one(self, line: socket.socket) -> None:
        """Answer one request and close the line."""
        with self.count:
            self.present += 1
            too_many = self.present > self.queue_max
        try:
            with line:
                if too_many:
                    line.sendall(b"busy\n")
                else:
                    self._answer(line)
        except OSError:
            pass  # the asker has gone
        finally:
            with self.count:
                self.present -= 1
                self.last = time.monotonic()

    def _answer(self, line: socket.socket) -> None:
        with line.makefile("rb") as incoming:
            head = json.loads(incoming.readline(100_000) or b"{}")
            sizes = head.get("sizes", [])
            if len(sizes) > PICTURES_MAX or sum(sizes) > PICTURES_MAX * PICTURE_MAX:
                line.sendall(b"begun\n" + json.dumps({"trouble": "not_a_picture"}).encode() + b"\n")
                return
            pictures = [incoming.read(size) for size in sizes]
        if any(len(picture) != size for picture, size in zip(pictures, sizes, strict=True)):
            return  # the asker has gone
        with self.turn:
            line.sendall(b"begun\n")
            faulthandler.dump_traceback_later(self.work_s, exit=True, file=_nowhere())
            try:
                said = _work(head.get("ask", ""), head.get("facts", {}), pictures)
            finally:
                faulthandler.cancel_dump_traceback_later()
        line.sendall(json.dumps(said).encode() + b"\n")


def _nowhere() -> int:
    return 2  # stderr, which is /dev/null: a traceback may hold what was read


def _work(what: str, facts: dict[str, Any], pictures: list[bytes]) -> dict[str, Any]:
    try:
        return _WORKS[what](facts, pictures)
    except Trouble as trouble:
        return trouble.said
    except MemoryError:
        os._exit(3)  # what is left of the process cannot be trusted; the asker is told that it broke
    except Exception as error:
        return {"broke": type(error).__name__}


def _card(facts: dict[str, Any], pictures: list[bytes]) -> dict[str, Any]:
    from minjing.kernel.identity.providers.engines import cards

    return cards.read(facts, pictures)


def _mrz(facts: dict[str, Any], pictures: list[bytes]) -> dict[str, Any]:
    from minjing.kernel.identity.providers.engines import zones

    return zones.read(facts, pictures)


def _faces(_facts: dict[str, Any], pictures: list[bytes]) -> dict[str, Any]:
    from minjing.kernel.identity.providers.engines import faces

    return faces.compare(pictures)


def _pose(_facts: dict[str, Any], pictures: list[bytes]) -> dict[str, Any]:
    from minjing.kernel.identity.providers.engines import faces

    return faces.pose(pictures)


def _photo(facts: dict[str, Any], pictures: list[bytes]) -> dict[str, Any]:
    from minjing.kernel.identity.providers.engines import photos

    return photos.check(facts, pictures)


_WORKS: dict[str, Callable[[dict[str, Any], list[bytes]], dict[str, Any]]] = {
    "card": _card,
    "mrz": _mrz,
    "faces": _faces,
    "pose": _pose,
    "photo": _photo,
}


if __name__ == "__main__":
    main()
