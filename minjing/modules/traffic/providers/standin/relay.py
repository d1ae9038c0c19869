"""A stand-in for a private number relay: BindAxb and UnbindSubscription, signature version 1.0, SecretReport.

Standard library only, its own reading of the protocol (see ../relay.py). It knows the numbers it connects, as a relay
must, but only while they are bound, in memory, and shows them nowhere: its page and its record say A, X and B. On its
page a call can be made from either side and watched: rings, is connected, ends, and the report goes to
RELAY_REPORT_URL. GET /calls is the same as JSON. POST /admin {"down": bool} | {"full": bool} | {"lose": bool} |
{"call": SubsId, "from": "a" or "b", "talk_s": s} makes it fail, run out of numbers, lose one answer, or ring.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

CHINA = timezone(timedelta(hours=8))
CLOCK_SKEW_S, BODY_MAX, KEPT_MAX = 900, 20_000, 500
LOCAL = ("127.0.0.1", "localhost", "::1")
STAMP = "%Y-%m-%d %H:%M:%S"


@dataclass
class Binding:
    """Two numbers with one between them; `a` and `b` are emptied when it ends."""

    subs: str
    x: str
    a: str
    b: str
    until: datetime
    about: str
    state: str = "bound"
    calls: list[dict[str, Any]] = field(default_factory=list)


class Exchange:
    """All bindings, and how the stand-in was told to misbehave."""

    def __init__(self, key: str, key_id: str, pool: str, report_url: str) -> None:
        self.key, self.key_id, self.pool, self.report_url = key, key_id, pool, report_url
        self.lock = threading.Lock()
        self.bindings: dict[str, Binding] = {}
        self.nonces: dict[str, float] = {}
        self.down = self.full = self.lose = False
        self.talk_s = 8

    def bind(self, said: dict[str, str]) -> dict[str, Any]:
        """Answer BindAxb."""
        if said.get("PoolKey") != self.pool:
            return _code("isv.ILLEGAL_ARGUMENT", "号池不存在")
        if not all(_is_phone(said.get(name, "")) for name in ("PhoneNoA", "PhoneNoB")):
            return _code("isv.MOBILE_NUMBER_ILLEGAL", "号码格式非法")
        try:
            until = datetime.strptime(said.get("Expiration", ""), STAMP).replace(tzinfo=CHINA)
        except ValueError:
            return _code("isv.EXPIRE_DATE_ILLEGAL", "过期时间非法")
        if until < datetime.now(UTC) + timedelta(minutes=1):
            return _code("isv.EXPIRE_DATE_ILLEGAL", "过期时间须晚于当前时间一分钟以上")
        if self.full:
            return _code("isv.NO_AVAILABLE_NUMBER", "无可用号码")
        with self.lock:
            self._expire()
            used = {one.x for one in self.bindings.values() if one.state == "bound"}
            x = next(n for n in (f"170{secrets.randbelow(10**8):08d}" for _ in range(10_000)) if n not in used)
            subs = f"1000000{secrets.randbelow(10**9):09d}"
            made = Binding(subs, x, said["PhoneNoA"], said["PhoneNoB"], until, said.get("OutId", ""))
            self.bindings[subs] = made
            for old in list(self.bindings)[:-KEPT_MAX]:
                del self.bindings[old]
        return _ok(SecretBindDTO={"SecretNo": x, "SubsId": subs, "Extension": ""})

    def unbind(self, said: dict[str, str]) -> dict[str, Any]:
        """Answer UnbindSubscription."""
        with self.lock:
            self._expire()
            found = self.bindings.get(said.get("SubsId", ""))
            if found is None or found.x != said.get("SecretNo") or found.state != "bound":
                return _code("isv.NO_NOT_EXIST", "绑定关系不存在")
            _forget(found, "unbound")
        return _ok(ChargeId="true")

    def ring(self, subs: str, side: str, talk_s: int | None = None) -> dict[str, Any]:
        """Call the number in between from one side: connected to the other while the binding lasts."""
        with self.lock:
            self._expire()
            found = self.bindings.get(subs)
            if found is None:
                return {"state": "unknown"}
            call = {"id": secrets.token_hex(8), "from": side, "at": datetime.now(CHINA), "state": "ringing"}
            found.calls.append(call)
            if found.state != "bound":
                call["state"] = "not in service"
                return {"state": call["state"]}
            numbers = (found.a, found.b)
        seconds = self.talk_s if talk_s is None else talk_s
        threading.Thread(target=self._talk, args=(found, call, numbers, seconds), daemon=True).start()
        return {"state": "ringing", "call": call["id"]}

    def _talk(self, found: Binding, call: dict[str, Any], numbers: tuple[str, str], seconds: int) -> None:
        began = call["at"] + timedelta(seconds=1)
        time.sleep(min(1.0, seconds))
        call["state"] = "connected"
        time.sleep(min(seconds, 3))  # the demo does not wait as long as people talk
        call["state"], call["s"] = "ended", seconds
        said = {
            "id": secrets.randbelow(10**9), "partner_key": self.pool, "pool_key": self.pool, "out_id": found.about,
            "sub_id": int(found.subs), "call_id": call["id"], "call_type": 0 if call["from"] == "a" else 1,
            "phone_no": numbers[0], "secret_no": found.x, "peer_no": numbers[1],
            "called_display_no": found.x, "call_time": f"{call['at']:{STAMP}}", "ring_time": f"{call['at']:{STAMP}}",
            "call_out_time": f"{call['at']:{STAMP}}", "start_time": f"{began:{STAMP}}",
            "release_time": f"{began + timedelta(seconds=seconds):{STAMP}}", "release_dir": 1, "release_cause": 16,
        }  # fmt: skip
        self._report(json.dumps([said], ensure_ascii=False).encode())

    def _report(self, body: bytes) -> None:
        if not self.report_url:
            return
        token = hmac.new(self.key.encode(), b"relay-reports", "sha256").hexdigest()[:32]
        address = f"{self.report_url}{token}/"
        for wait in (0, 2, 4):
            time.sleep(wait)
            asked = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310 - ours
            try:
                urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=3).close()
                return
            except (OSError, ValueError):
                continue

    def _expire(self) -> None:
        for one in self.bindings.values():
            if one.state == "bound" and one.until <= datetime.now(UTC):
                _forget(one, "expired")

    def record(self) -> list[dict[str, Any]]:
        """Return what is shown: bindings and calls, nobody's number."""
        with self.lock:
            self._expire()
            return [
                {
                    "subs": one.subs, "x": one.x, "about": one.about, "until": f"{one.until:{STAMP}}",
                    "state": one.state,
                    "calls": [{k: str(v) for k, v in call.items()} for call in one.calls],
                }
                for one in reversed(self.bindings.values())
            ]  # fmt: skip

    def signed(self, method: str, said: dict[str, str]) -> str:
        """Return the code of what is wrong with a request's signature, "" when nothing is."""
        given = said.get("Signature", "")
        rest = {name: value for name, value in said.items() if name != "Signature"}
        line = "&".join(f"{quote(k, safe='-_.~')}={quote(rest[k], safe='-_.~')}" for k in sorted(rest))
        told = f"{method}&%2F&{quote(line, safe='-_.~')}"
        wanted = base64.b64encode(hmac.new(f"{self.key}&".encode(), told.encode(), hashlib.sha1).digest()).decode()
        if said.get("AccessKeyId") != self.key_id:
            return "InvalidAccessKeyId.NotFound"
        if said.get("SignatureMethod") != "HMAC-SHA1" or said.get("SignatureVersion") != "1.0":
            return "InvalidSignatureMethod"
        try:
            at = datetime.strptime(said.get("Timestamp", ""), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            return "InvalidTimeStamp.Format"
        if abs((datetime.now(UTC) - at).total_seconds()) > CLOCK_SKEW_S:
            return "InvalidTimeStamp.Expired"
        if not hmac.compare_digest(wanted, given):
            return "SignatureDoesNotMatch"
        nonce, edge = said.get("SignatureNonce", ""), time.monotonic() - CLOCK_SKEW_S
        with self.lock:
            self.nonces = {one: seen for one, seen in self.nonces.items() if seen > edge}
            if not nonce or nonce in self.nonces:
                return "SignatureNonceUsed"
            self.nonces[nonce] = time.monotonic()
        return ""


def _forget(one: Binding, state: str) -> None:
    one.state, one.a, one.b = state, "", ""


def _is_phone(text: str) -> bool:
    return text.isascii() and text.isdigit() and 10 <= len(text) <= 12


def _ok(**more: Any) -> dict[str, Any]:
    return {"Code": "OK", "Message": "OK", "RequestId": secrets.token_hex(16), **more}


def _code(code: str, message: str) -> dict[str, Any]:
    return {"Code": code, "Message": message, "RequestId": secrets.token_hex(16)}


class Handler(BaseHTTPRequestHandler):
    """Speaks the protocol, and shows the calls."""

    exchange: Exchange
    server_version = "relay-standin"
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Show the calls, or answer a signed call of the API."""
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if "Action" in query:
            return self._api("GET", query)
        if parts.path == "/calls":
            return self._json(200, {"bindings": self.exchange.record()})
        if parts.path == "/":
            language = "en" if query.get("lang") == "en" else "zh"
            return self._send(200, "text/html; charset=utf-8", page(self.exchange.record(), language).encode())
        return self._json(404, _code("InvalidAction.NotFound", "Specified api is not found."))

    def do_POST(self) -> None:
        """Take a call of the API, a call made on the page, or an order how to misbehave."""
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(min(int(length), BODY_MAX)) if length.isdigit() else b""
        near = self.client_address[0] in LOCAL
        if self.path == "/admin" and near:
            return self._json(200, self._ordered(json.loads(body or b"{}")))
        if self.path.startswith("/ring") and near:
            said = {k: v[0] for k, v in parse_qs(body.decode()).items()}
            self.exchange.ring(said.get("subs", ""), "a" if said.get("from") == "a" else "b")
            return self._back("en" if said.get("lang") == "en" else "zh")
        return self._api("POST", dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))

    def _ordered(self, said: dict[str, Any]) -> dict[str, Any]:
        for name in ("down", "full", "lose"):
            if name in said:
                setattr(self.exchange, name, bool(said[name]))
        if "call" in said:
            return self.exchange.ring(str(said["call"]), "a" if said.get("from") == "a" else "b", said.get("talk_s"))
        return {"ok": True}

    def _api(self, method: str, said: dict[str, str]) -> None:
        if self.exchange.down:
            return self._json(503, _code("ServiceUnavailable", "told to fail"))
        wrong = self.exchange.signed(method, said)
        if wrong:
            return self._json(400, _code(wrong, "The request is not signed as it should be."))
        if said.get("Version") != "2017-05-25":
            return self._json(400, _code("InvalidVersion", "Specified parameter Version is not valid."))
        acts = {"BindAxb": self.exchange.bind, "UnbindSubscription": self.exchange.unbind}
        act = acts.get(said.get("Action", ""))
        if act is None:
            return self._json(404, _code("InvalidAction.NotFound", "Specified api is not found."))
        told = act(said)
        if self.exchange.lose:  # done, but its answer never arrives
            self.exchange.lose = False
            self.close_connection = True
            return None
        return self._json(200, told)

    def _back(self, language: str) -> None:
        self.send_response(303)
        self.send_header("Location", f"/?lang={language}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, status: int, said: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(said, ensure_ascii=False).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep phones out of every log."""


WORDS = {
    "zh": {
        "lang": "zh-Hans", "title": "演示中间号码平台", "other": "English", "other_lang": "en",
        "note": "这里是演示环境：电话只在本页接通。平台知道双方号码，但从不显示；绑定结束就忘记。",
        "none": "还没有绑定。请车主挪车后会出现在这里。", "a": "甲方（请求人）", "b": "乙方（车主）",
        "ring_a": "甲方拨打", "ring_b": "乙方拨打", "until": "有效至",
        "bound": "有效", "unbound": "已解除", "expired": "已过期", "ringing": "振铃", "connected": "通话中",
        "ended": "已结束", "not in service": "号码已失效", "again": "刷新",
    },
    "en": {
        "lang": "en", "title": "Demo relay of private numbers", "other": "中文", "other_lang": "zh",
        "note": "This is a demo: calls connect on this page only. The relay knows both numbers, shows neither, "
        "and forgets them when a binding ends.",
        "none": "No bindings yet. Ask an owner to move a car and one appears.", "a": "A (who asks)",
        "b": "B (the owner)", "ring_a": "A calls", "ring_b": "B calls", "until": "until",
        "bound": "in force", "unbound": "ended", "expired": "expired", "ringing": "ringing",
        "connected": "connected", "ended": "ended", "not in service": "number not in service", "again": "Reload",
    },
}  # fmt: skip
STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:0 auto;padding:1rem;color:#16202c}"
    "article{border:1px solid #d5dbe3;border-radius:10px;padding:1rem;margin:1rem 0}"
    ".x{font-size:1.3rem;font-variant-numeric:tabular-nums}.line{display:flex;gap:.5rem;align-items:center;"
    "flex-wrap:wrap}.on{color:#0b6b3a;font-weight:600}.off{color:#5b6675}button{font:inherit;min-height:44px;"
    "padding:0 1rem;border-radius:8px;border:1px solid #1c4f9c;background:#fff;color:#1c4f9c}"
)


def page(record: list[dict[str, Any]], language: str) -> str:
    """Return the page of bindings and calls."""
    said = WORDS[language]
    rows = "".join(_row(one, said, language) for one in record[:20]) or f"<p>{said['none']}</p>"
    live = any(c["state"] in ("ringing", "connected") for one in record for c in one["calls"])
    again = '<meta http-equiv="refresh" content="1">' if live else ""
    return (
        f'<!doctype html><html lang="{said["lang"]}"><head><meta charset="utf-8">{again}'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{said["title"]}</title>'
        f"<style>{STYLE}</style></head><body><main><h1>{said['title']}</h1>"
        f'<p>{said["note"]}</p><p><a href="/?lang={language}">{said["again"]}</a> '
        f'<a href="/?lang={said["other_lang"]}" lang="{WORDS[said["other_lang"]]["lang"]}">{said["other"]}</a></p>'
        f"{rows}</main></body></html>"
    )


def _row(one: dict[str, Any], said: dict[str, str], language: str) -> str:
    on = one["state"] == "bound"
    buttons = "".join(
        f'<form method="post" action="/ring"><input type="hidden" name="lang" value="{language}">'
        f'<input type="hidden" name="subs" value="{escape(one["subs"])}">'
        f'<button name="from" value="{side}">{said["ring_" + side]}</button></form>'
        for side in ("a", "b")
    )
    calls = "".join(
        f"<li>{escape(c['at'][11:19])} {said['ring_' + c['from']]}: "
        f"<span class={'on' if c['state'] == 'connected' else 'off'}>{said[c['state']]}</span>"
        f"{' ' + escape(c['s']) + ' s' if 's' in c else ''}</li>"
        for c in one["calls"]
    )
    return (
        f'<article><p class="line"><span>{said["a"]}</span> ⇄ <strong class="x">{escape(one["x"])}</strong> ⇄ '
        f'<span>{said["b"]}</span></p><p><span class="{"on" if on else "off"}">{said[one["state"]]}</span> '
        f"{said['until']} {escape(one['until'])}</p><div class=line>{buttons}</div><ul>{calls}</ul></article>"
    )


def server(
    port: int,
    host: str = "127.0.0.1",
    *,
    key: str = "",
    key_id: str = "",
    pool: str = "",
    report_url: str | None = None,
) -> ThreadingHTTPServer:
    """Return a stand-in listening on the port (0: any free one), not yet serving."""
    if report_url is None:
        pages = f"http://127.0.0.1:{os.environ['PORT']}/traffic/relay/reports/" if os.environ.get("PORT") else ""
        report_url = os.environ.get("RELAY_REPORT_URL") or pages
    exchange = Exchange(
        key or os.environ.get("RELAY_KEY") or "demo",
        key_id or os.environ.get("RELAY_KEY_ID") or "demo-key-id",
        pool or os.environ.get("RELAY_POOL") or "FC100000000000001",
        report_url,
    )
    ThreadingHTTPServer.daemon_threads = True
    return ThreadingHTTPServer((host, port), type("BoundHandler", (Handler,), {"exchange": exchange}))
