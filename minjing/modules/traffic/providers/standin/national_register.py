"""A stand-in for a national register of vehicles and licences: a program of its own that speaks the same protocol.

Standard library only, and its own reading of the protocol (docs/registers_protocol.md), so that both sides are put
to the test. It knows what POST /admin {"vehicles": [{holder, record}], "licences": [{holder, record}]} gave it, and
what changes it was told; {"down": true}, {"unsigned": true}, {"other": true} and {"slow_s": s} make it misbehave.
GET /admin tells the changes it has taken, by id.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BODY_MAX = 500_000
KEY = b"demo-key-of-the-national-register"


class Country:
    """What the register holds, and how it was told to misbehave."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.vehicles: list[dict[str, Any]] = []
        self.licences: list[dict[str, Any]] = []
        self.changes: dict[str, dict[str, Any]] = {}
        self.mood: dict[str, Any] = {}
        self.lock = threading.Lock()

    def answer(self, what: str, asked: dict[str, Any]) -> dict[str, Any] | None:
        """Return what a question is answered with; None for one that is none."""
        if what == "vehicle":
            wanted = (asked["plate"], asked["kind"])
            found = [v["record"] for v in self.vehicles if (v["record"]["plate"], v["record"]["kind"]) == wanted]
            return {"vehicle": found[0] if found else None}
        if what == "vehicles":
            found = [v["record"] for v in self.vehicles if v["holder"] == asked["holder"]]
            return {"vehicles": sorted(found, key=lambda v: v["plate"])}
        if what == "licence":
            found = [row["record"] for row in self.licences if row["holder"] == asked["holder"]]
            return {"licence": found[0] if found else None}
        if what == "changes":
            with self.lock:
                for one in asked["changes"]:
                    self._take(one)
            return {"taken": len(asked["changes"])}
        return None

    def _take(self, change: dict[str, Any]) -> None:
        """Take a change once; an older state of a row never replaces a newer one."""
        if change["id"] in self.changes:
            return
        self.changes[change["id"]] = change
        rows, key = (self.vehicles, "vin") if change["what"] == "vehicle" else (self.licences, "file_number")
        known = next((row for row in rows if row["record"][key] == change["record"][key]), None)
        if known is None:
            rows.append({"holder": change["holder"], "record": change["record"], "since": change["since"]})
        elif change["since"] >= known.get("since", ""):
            known.update(holder=change["holder"], record=change["record"], since=change["since"])


def server(port: int, host: str = "127.0.0.1", key: bytes = KEY) -> ThreadingHTTPServer:
    """Return a server that listens and can be told to serve."""
    country = Country(key)

    class Desk(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(200, {"changes": list(country.changes)})

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            if not 0 < size <= BODY_MAX:
                return self._say(413, {})
            body = self.rfile.read(size)
            if self.path == "/admin":
                return self._told(json.loads(body))
            time.sleep(float(country.mood.get("slow_s", 0)))
            if country.mood.get("down"):
                return self._say(503, {})
            if not hmac.compare_digest(_sign(country.key, "ask", body), self.headers.get("X-Minjing-Signature", "")):
                return self._say(401, {})
            try:
                asked = json.loads(body)
                said = country.answer(self.path.strip("/"), asked)
            except (ValueError, KeyError, TypeError):
                return self._say(400, {})
            if said is None:
                return self._say(404, {})
            return self._say(200, {"id": "another" if country.mood.get("other") else asked["id"], **said})

        def _told(self, said: dict[str, Any]) -> None:
            for name in ("vehicles", "licences"):
                if name in said:
                    setattr(country, name, said.pop(name))
            country.mood = said
            self._say(200, {})

        def _say(self, status: int, said: dict[str, Any]) -> None:
            body = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if not country.mood.get("unsigned"):
                self.send_header("X-Minjing-Signature", _sign(country.key, "answer", body))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Write no access log: nobody's plate or number belongs in one."""

    return ThreadingHTTPServer((host, port), Desk)


def _sign(key: bytes, kind: str, body: bytes) -> str:
    return hmac.new(key, kind.encode() + b"|" + body, hashlib.sha256).hexdigest()


if __name__ == "__main__":
    import sys

    server(int(sys.argv[1])).serve_forever()
