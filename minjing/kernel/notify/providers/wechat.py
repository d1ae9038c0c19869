"""The WeChat official account: its API, and the page that says whose WeChat it is (OAuth2, snsapi_base)."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any
from urllib.parse import urlencode

import httpx
from django.conf import settings

from minjing.kernel.notify.providers.sms import Refused, Unavailable, Unclear, called, client_of, said_in

OK = 0
TOKEN_STALE = {40001, 40014, 42001}
# The person cannot be reached there: not following, blocked us, unknown to this account.
GONE = {40003, 43004, 43019}
SENT_BEFORE = 45065  # the client_msg_id has been taken already
BUSY = {-1, 45009, 45011}


class NotFollowing(Refused):
    """The person does not follow the account (any more)."""


@dataclass(frozen=True, slots=True)
class Follower:
    """What the account knows of somebody."""

    openid: str
    follows: bool


class Account:
    """One official account."""

    def __init__(self, api: str, open_url: str, app_id: str, secret: str) -> None:
        self._api, self._open, self.app_id, self._secret = api.rstrip("/"), open_url.rstrip("/"), app_id, secret
        self._client = client_of(api, httpx.Timeout(5.0, connect=3.0))
        self._token, self._until, self._lock = "", 0.0, threading.Lock()

    def send_template(
        self, openid: str, template_id: str, data: Mapping[str, str], *, url: str, message_id: str
    ) -> str:
        """Send a template message and return WeChat's msgid. Raises NotFollowing, Refused, Unavailable, Unclear.

        `message_id` is WeChat's client_msg_id: for ten minutes the same one is sent once.
        """
        said = self._post(
            "/cgi-bin/message/template/send",
            {
                "touser": openid,
                "template_id": template_id,
                "url": url,
                "client_msg_id": message_id,
                "data": {name: {"value": value} for name, value in data.items()},
            },
        )
        code = int(said.get("errcode", -2))
        if code == OK:
            return str(said.get("msgid", ""))
        if code == SENT_BEFORE:
            return "before"
        if code in GONE:
            raise NotFollowing(f"wechat_{code}")
        if code in BUSY:
            raise Unavailable(f"wechat_{code}", timedelta(minutes=1))
        raise Refused(f"wechat_{code}")

    def follower(self, openid: str) -> Follower:
        """Return whether somebody follows the account. Raises Unavailable."""
        said = self._get("/cgi-bin/user/info", {"openid": openid, "lang": "zh_CN"})
        return Follower(openid, said.get("subscribe") == 1)

    def menu(self) -> Mapping[str, Any]:
        """Return the menu as it stands, {} for none. Raises Unavailable."""
        return dict(self._get("/cgi-bin/menu/get", {}).get("menu") or {})

    def put_menu(self, menu: Mapping[str, Any]) -> None:
        """Replace the menu. Raises Refused, Unavailable."""
        said = self._post("/cgi-bin/menu/create", menu)
        if said.get("errcode") != OK:
            raise Refused(f"wechat_{said.get('errcode')}")

    def address(self, *, state: str, back: str) -> str:
        """Return the page of WeChat that says silently whose it is and comes back."""
        query = urlencode(
            {
                "appid": self.app_id,
                "redirect_uri": back,
                "response_type": "code",
                "scope": "snsapi_base",
                "state": state,
            }
        )
        return f"{self._open}/connect/oauth2/authorize?{query}#wechat_redirect"

    def subject(self, code: str) -> str:
        """Return the openid behind a code that came back. Raises ValueError for none, Unavailable."""
        query = {"appid": self.app_id, "secret": self._secret, "code": code, "grant_type": "authorization_code"}
        said = said_in(called(lambda: self._client.get(f"{self._api}/sns/oauth2/access_token", params=query)))
        openid = said.get("openid")
        if not isinstance(openid, str) or not openid:
            raise ValueError(f"wechat_{said.get('errcode')}")
        return openid

    def _post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._with_token(
            lambda token: self._client.post(f"{self._api}{path}", params={"access_token": token}, json=body)
        )

    def _get(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        return self._with_token(
            lambda token: self._client.get(f"{self._api}{path}", params={"access_token": token, **query})
        )

    def _with_token(self, call: Any) -> Mapping[str, Any]:
        for fresh in (False, True):
            token = self._access_token(fresh=fresh)
            answer = called(partial(call, token))
            if answer.status_code >= 500:
                raise (Unavailable if answer.status_code == 503 else Unclear)(f"http_{answer.status_code}")
            said = said_in(answer)
            if said.get("errcode") not in TOKEN_STALE:
                return said
        raise Unavailable("wechat_token")

    def _access_token(self, *, fresh: bool) -> str:
        """Return the token; all processes share one, because the stable endpoint gives each the same."""
        with self._lock:
            if not fresh and self._token and time.monotonic() < self._until:
                return self._token
            body = {"grant_type": "client_credential", "appid": self.app_id, "secret": self._secret}
            try:
                said = said_in(called(lambda: self._client.post(f"{self._api}/cgi-bin/stable_token", json=body)))
            except Unclear as unclear:  # a token that did not come: nothing has been sent yet
                raise Unavailable(unclear.fault) from None
            token = said.get("access_token")
            if not isinstance(token, str):
                raise Unavailable(f"wechat_{said.get('errcode', 'token')}")
            lasts = said.get("expires_in")
            self._token, self._until = token, time.monotonic() + max(60, int(str(lasts or 7200)) - 300)
            return token


class Door:
    """WeChat's own way to say whose it is, by the account of the settings."""

    def address(self, *, state: str, back: str) -> str:
        """Return the page to send the browser to."""
        return account().address(state=state, back=back)

    def subject(self, code: str) -> str:
        """Return the openid behind a code. Raises ValueError, Unavailable."""
        return account().subject(code)


def account() -> Account:
    """Return the account that the settings name."""
    return _account(settings.WECHAT_API_URL, settings.WECHAT_OPEN_URL, settings.WECHAT_APP_ID, settings.WECHAT_SECRET)


@cache
def _account(api: str, open_url: str, app_id: str, secret: str) -> Account:
    return Account(api, open_url, app_id, secret)
