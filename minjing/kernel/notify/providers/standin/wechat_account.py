"""A stand-in for WeChat: the official account's API, the page that says whose WeChat it is, and a few phones.

At /phone a made-up person follows the account, taps its menu, writes to it and gets its template messages. What they
do is pushed to the platform as WeChat does it: signed, sealed in AES mode, with a MsgId, and again when no answer
comes within five seconds. The sealing is wechatpy's own, not ours. POST /admin {"down": bool} | {"fail": errcode,
"times": n} | {"delay_s": s} | {"lose": true} | {"report": "failed"} | {"reset": true}.
"""

import html
import json
import os
import secrets
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from minjing.kernel.notify.providers.standin.wechat_people import PEOPLE, openid_of
from minjing.kernel.notify.providers.standin.wechat_phones import page_of, phone

LOCAL = ("127.0.0.1", "localhost", "::1")
# The templates that this account has had approved: their fields, by WeChat's own kinds.
TEMPLATES = {"demo-progress": ("thing1", "character_string2", "thing3", "time4")}
LONGEST = {"thing": 20, "character_string": 32, "phrase": 5}
PUSH_TRIES = 3
ANSWER_WITHIN_S = 5.0


@dataclass
class Line:
    """One line of a chat."""

    mine: bool
    text: str
    at: datetime
    url: str = ""
    card: tuple[tuple[str, str], ...] = ()


@dataclass
class World:
    """What WeChat knows: who follows, what was said, tokens and codes, the menu; and how to misbehave."""

    app_id: str
    secret: str
    token: str
    aes_key: str
    callback: str
    follows: set[str] = field(default_factory=set)
    chats: dict[str, list[Line]] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    menu: dict[str, Any] = field(default_factory=dict)
    next_id: int = 20_000_000_000
    down: bool = False
    trouble: dict[str, Any] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def number(self) -> int:
        """Return a fresh message number."""
        with self.lock:
            self.next_id += 1
            return self.next_id

    def misbehave(self) -> dict[str, Any]:
        """Return the trouble of this request, counting it down."""
        with self.lock:
            if not self.trouble.get("times"):
                return {}
            self.trouble["times"] -= 1
            return dict(self.trouble)

    def say(self, name: str, line: Line) -> None:
        """Add a line to somebody's chat."""
        with self.lock:
            self.chats.setdefault(name, []).append(line)
            del self.chats[name][:-60]

    def push(self, name: str, fields: dict[str, str]) -> str:
        """Push what somebody did to the platform and return its words, "" for none."""
        from wechatpy.crypto import WeChatCrypto  # loads `requests`: only once somebody uses the phone
        from wechatpy.utils import WeChatSigner

        everything = {
            "ToUserName": "gh_demo", "FromUserName": openid_of(name), "CreateTime": str(int(time.time())), **fields,
        }  # fmt: skip
        plain = "<xml>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in everything.items()) + "</xml>"
        crypto = WeChatCrypto(self.token, self.aes_key, self.app_id)
        nonce, stamp = secrets.token_hex(8), str(int(time.time()))
        body = crypto.encrypt_message(plain, nonce, stamp)
        mark = body.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
        signer = WeChatSigner()
        signer.add_data(self.token, stamp, nonce)
        query = {
            "signature": signer.signature, "timestamp": stamp, "nonce": nonce, "openid": openid_of(name),
            "encrypt_type": "aes", "msg_signature": mark,
        }  # fmt: skip
        for _ in range(PUSH_TRIES):
            try:
                request = urllib.request.Request(  # noqa: S310 - the platform's own address
                    f"{self.callback}?{urlencode(query)}", body.encode(), {"Content-Type": "text/xml"}
                )
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with opener.open(request, timeout=ANSWER_WITHIN_S) as answer:
                    said = answer.read().decode()
                break
            except urllib.error.HTTPError:
                return ""
            except OSError:
                continue
        else:
            return ""
        if said in ("", "success"):
            return ""
        sealed = {
            tag: said.split(f"<{tag}>")[1].split(f"</{tag}>")[0] for tag in ("MsgSignature", "TimeStamp", "Nonce")
        }
        opened = crypto.decrypt_message(said, sealed["MsgSignature"], sealed["TimeStamp"], sealed["Nonce"])
        return html.unescape(opened.split("<Content>")[1].split("</Content>")[0])


class Handler(BaseHTTPRequestHandler):
    """Speaks WeChat's HTTP, and shows the phones."""

    world: World
    server_version = "wechat-standin"
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Answer a read of the API, the page that says whose WeChat it is, or a phone."""
        parts = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        if parts.path == "/connect/oauth2/authorize":
            return self._authorize(query)
        if parts.path == "/sns/oauth2/access_token":
            return self._exchange(query)
        if parts.path.startswith("/cgi-bin/"):
            return self._api(parts.path, query, {})
        if parts.path == "/phone.json":
            return self._chat_json(query)
        if parts.path in ("/", "/phone"):
            return self._phone(query)
        return self._json(404, {"errcode": 404})

    def do_POST(self) -> None:
        """Answer a write of the API, a tap on a phone, or an order how to misbehave."""
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(min(int(length), 100_000)) if length.isdigit() else b""
        parts = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        if parts.path.startswith("/cgi-bin/"):
            try:
                return self._api(parts.path, query, json.loads(body or b"{}"))
            except ValueError:
                return self._json(200, {"errcode": 47001, "errmsg": "data format error"})
        if parts.path == "/admin" and self.client_address[0] in LOCAL:
            return self._admin(json.loads(body or b"{}"))
        if parts.path == "/phone/act":
            return self._act({k: v[0] for k, v in parse_qs(body.decode()).items()})
        return self._json(404, {"errcode": 404})

    # ---- the API ----------------------------------------------------------------------------------------------

    def _api(self, path: str, query: dict[str, str], said: dict[str, Any]) -> None:
        world = self.world
        if world.down:
            return self._json(503, {"errcode": -1, "errmsg": "system error"})
        if path == "/cgi-bin/stable_token":
            return self._stable_token(said)
        with world.lock:
            if world.tokens.get(query.get("access_token", ""), 0) < time.time():
                return self._json(200, {"errcode": 40001, "errmsg": "invalid credential, access_token is invalid"})
        if path == "/cgi-bin/message/template/send":
            return self._send(said)
        if path == "/cgi-bin/user/info":
            name = self._person(query.get("openid", ""))
            return self._json(200, {"subscribe": int(name in world.follows), "openid": query.get("openid", "")})
        if path == "/cgi-bin/menu/get":
            return self._json(200, {"menu": world.menu} if world.menu else {"errcode": 46003, "errmsg": "no menu"})
        if path == "/cgi-bin/menu/create":
            if not 1 <= len(said.get("button", [])) <= 3:
                return self._json(200, {"errcode": 40016, "errmsg": "invalid button size"})
            world.menu = said
            return self._json(200, {"errcode": 0, "errmsg": "ok"})
        return self._json(200, {"errcode": 43002, "errmsg": "unknown"})

    def _stable_token(self, said: dict[str, Any]) -> None:
        world = self.world
        if (said.get("appid"), said.get("secret")) != (world.app_id, world.secret):
            return self._json(200, {"errcode": 40125, "errmsg": "invalid appsecret"})
        with world.lock:
            left = {t: until for t, until in world.tokens.items() if until > time.time() + 300}
            token = next(iter(left), "") or secrets.token_urlsafe(60)
            world.tokens = {token: left.get(token, time.time() + 7200)}
        return self._json(200, {"access_token": token, "expires_in": int(world.tokens[token] - time.time())})

    def _send(self, said: dict[str, Any]) -> None:
        world, trouble = self.world, self.world.misbehave()
        if trouble.get("delay_s"):
            time.sleep(float(trouble["delay_s"]))
        if trouble.get("fail"):
            return self._json(200, {"errcode": int(trouble["fail"]), "errmsg": "told to fail"})
        name = self._person(str(said.get("touser", "")))
        if not name:
            return self._json(200, {"errcode": 40003, "errmsg": "invalid openid"})
        if name not in world.follows:
            return self._json(200, {"errcode": 43004, "errmsg": "require subscribe"})
        fields = TEMPLATES.get(str(said.get("template_id", "")))
        if fields is None:
            return self._json(200, {"errcode": 40037, "errmsg": "invalid template_id"})
        data = {k: str(v.get("value", "")) for k, v in said.get("data", {}).items()}
        for one in fields:
            kind = one.rstrip("0123456789")
            if not data.get(one) or len(data[one]) > LONGEST.get(kind, 64):
                return self._json(200, {"errcode": 47003, "errmsg": f"argument invalid! data.{one}.value invalid"})
        key = f"{name}|{said.get('client_msg_id') or secrets.token_hex(8)}"
        with world.lock:
            if key in world.sent:
                return self._json(200, {"errcode": 45065, "errmsg": "client_msg_id exists"})
            number = world.sent[key] = world.number()
        card = tuple(zip(("事项", "编号", "进展", "时间"), (data[f] for f in fields), strict=True))
        world.say(name, Line(False, "办件进度通知", datetime.now(UTC), str(said.get("url", "")), card))
        status = "failed:user block" if trouble.get("report") == "failed" else "success"
        event = {"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH", "MsgID": str(number), "Status": status}
        timer = threading.Timer(1.0, world.push, (name, event))
        timer.daemon = True
        timer.start()
        if trouble.get("lose"):
            self.close_connection = True
            return None
        return self._json(200, {"errcode": 0, "errmsg": "ok", "msgid": number})

    # ---- whose WeChat it is -----------------------------------------------------------------------------------

    def _authorize(self, query: dict[str, str]) -> None:
        name = query.get("as", "") or self._cookie()
        if query.get("appid") != self.world.app_id or not query.get("redirect_uri", "").startswith("http"):
            return self._page(page_of("参数错误 · Wrong parameters", "<p>redirect_uri / appid</p>"), status=400)
        if name not in PEOPLE:
            links = "".join(
                f"<li><a class='b' href='/connect/oauth2/authorize?{html.escape(urlencode({**query, 'as': n}))}'>"
                f"{zh} · {en}</a></li>"
                for n, (zh, en) in PEOPLE.items()
            )
            return self._page(page_of("您是哪位微信用户？· Whose WeChat is this?", f"<ul class='who'>{links}</ul>"))
        code = secrets.token_urlsafe(16)
        with self.world.lock:
            self.world.codes[code] = name
        back = query["redirect_uri"]
        more = urlencode({"code": code, "state": query.get("state", "")})
        return self._redirect(f"{back}{'&' if '?' in back else '?'}{more}", name)

    def _exchange(self, query: dict[str, str]) -> None:
        world = self.world
        if world.down:
            return self._json(503, {"errcode": -1})
        if (query.get("appid"), query.get("secret")) != (world.app_id, world.secret):
            return self._json(200, {"errcode": 40125, "errmsg": "invalid appsecret"})
        with world.lock:
            name = world.codes.pop(query.get("code", ""), "")
        if not name:
            return self._json(200, {"errcode": 40029, "errmsg": "invalid code"})
        return self._json(
            200,
            {
                "access_token": secrets.token_hex(16),
                "expires_in": 7200,
                "openid": openid_of(name),
                "scope": "snsapi_base",
            },
        )

    # ---- the phones -------------------------------------------------------------------------------------------

    def _phone(self, query: dict[str, str]) -> None:
        name = query.get("as", "") if query.get("as") in PEOPLE else self._cookie()
        name = name if name in PEOPLE else "lin"
        return self._page(phone(self.world, name), name)

    def _chat_json(self, query: dict[str, str]) -> None:
        name = query.get("as", "lin")
        lines = [
            {"mine": one.mine, "text": one.text, "url": one.url, "card": dict(one.card), "at": one.at.isoformat()}
            for one in self.world.chats.get(name, [])
        ]
        return self._json(200, {"openid": openid_of(name), "follows": name in self.world.follows, "lines": lines})

    def _act(self, said: dict[str, str]) -> None:
        name, what = said.get("as", ""), said.get("what", "")
        if name not in PEOPLE:
            return self._json(400, {"errcode": 40003})
        now, world = datetime.now(UTC), self.world
        fields: dict[str, str] = {}
        if what == "follow":
            world.follows.add(name)
            fields = {"MsgType": "event", "Event": "subscribe", "EventKey": ""}
        elif what == "unfollow":
            world.follows.discard(name)
            fields = {"MsgType": "event", "Event": "unsubscribe", "EventKey": ""}
        elif what == "tap" and name in world.follows:
            fields = {"MsgType": "event", "Event": "CLICK", "EventKey": said.get("key", "")}
        elif what == "say" and name in world.follows and said.get("text", "").strip():
            world.say(name, Line(True, said["text"].strip()[:600], now))
            fields = {"MsgType": "text", "Content": said["text"].strip()[:600], "MsgId": str(world.number())}
        if fields:
            answer = world.push(name, fields)
            if answer:
                world.say(name, Line(False, answer, datetime.now(UTC)))
        return self._redirect(f"/phone?as={name}#end", name)

    # ---- beside -----------------------------------------------------------------------------------------------

    def _admin(self, order: dict[str, Any]) -> None:
        world = self.world
        with world.lock:
            if order.get("reset"):
                world.chats.clear()
                world.follows.clear()
                world.sent.clear()
                world.down = False
            if "down" in order:
                world.down = bool(order["down"])
            if order.get("expire_tokens"):
                world.tokens.clear()
            kinds = {"fail", "delay_s", "lose", "report"}
            world.trouble = {"times": 1, **order} if set(order) & kinds else {}
        return self._json(200, {"ok": True})

    def _person(self, openid: str) -> str:
        return next((name for name in PEOPLE if openid_of(name) == openid), "")

    def _cookie(self) -> str:
        jar: SimpleCookie = SimpleCookie(self.headers.get("Cookie", ""))
        return jar["wx_phone"].value if "wx_phone" in jar else ""

    def _redirect(self, address: str, name: str) -> None:
        self.send_response(303)
        self.send_header("Location", address)
        self.send_header("Set-Cookie", f"wx_phone={name}; Path=/; SameSite=Lax; HttpOnly")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, status: int, said: dict[str, Any]) -> None:
        self._answer(status, "application/json", json.dumps(said, ensure_ascii=False).encode(), "")

    def _page(self, text: str, name: str = "", status: int = 200) -> None:
        self._answer(status, "text/html; charset=utf-8", text.encode(), name)

    def _answer(self, status: int, media_type: str, body: bytes, name: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if media_type.startswith("text/html"):
            self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        if name:
            self.send_header("Set-Cookie", f"wx_phone={name}; Path=/; SameSite=Lax; HttpOnly")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep codes and words out of every log."""


def server(port: int, host: str = "127.0.0.1", *, callback: str = "", key: str = "") -> ThreadingHTTPServer:
    """Return a stand-in listening on the port (0: any free one), not yet serving."""
    given = os.environ.get
    world = World(
        app_id=given("WECHAT_APP_ID") or "wx0000demo00000000",
        secret=key or given("WECHAT_SECRET") or "demo",
        token=given("WECHAT_TOKEN") or "demo-token",
        aes_key=given("WECHAT_AES_KEY") or "ZGVtby1kZW1vLWRlbW8tZGVtby1kZW1vLWRlbW8tISE",
        callback=callback
        or given("WECHAT_CALLBACK_URL")
        or f"http://127.0.0.1:{given('PORT') or 8000}/wechat/callback",
    )
    ThreadingHTTPServer.daemon_threads = True
    return ThreadingHTTPServer((host, port), type("BoundHandler", (Handler,), {"world": world}))
