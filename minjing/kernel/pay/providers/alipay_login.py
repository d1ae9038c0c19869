"""Signing in through Alipay (OAuth 2): the address that asks the user, and what the code they bring back is worth."""

from urllib.parse import urlencode

from minjing.kernel.pay.providers import Refused, Unavailable
from minjing.kernel.pay.providers.alipay import open_wire
from minjing.kernel.pay.providers.alipay_wire import Wire

SCOPE = "auth_base"  # the user's id and nothing else: no page of consent, no name, no picture


class Door:
    """Alipay's own way to say who somebody is, as notify's doors want it."""

    def address(self, *, state: str, back: str) -> str:
        """Return where to send the browser."""
        return authorize_url(state, back)

    def subject(self, code: str) -> str:
        """Return the user id behind a code. Raises ValueError for a code that is not good, or when nobody answers."""
        try:
            return exchange(code)
        except (Refused, Unavailable) as fault:
            raise ValueError(str(fault)) from None


def authorize_url(state: str, redirect_uri: str) -> str:
    """Return where to send the browser of who wants to sign in."""
    from django.conf import settings

    asked = {"app_id": settings.ALIPAY_APP_ID, "scope": SCOPE, "redirect_uri": redirect_uri, "state": state}
    return f"{settings.ALIPAY_LOGIN_URL}?{urlencode(asked)}"


def exchange(auth_code: str) -> str:
    """Return the user id that an authorization code stands for; a code is good once. Raises Refused, Unavailable."""
    own = open_wire()
    if own is None:
        raise Refused("not_configured")
    return user_of(own, auth_code)


def user_of(own: Wire, auth_code: str) -> str:
    """Return the user id that a code stands for. Raises Refused for a code that is not good, Unavailable."""
    try:
        said = own.call("alipay.system.oauth.token", grant_type="authorization_code", code=auth_code).said
    except Unavailable as fault:
        if fault.fault == "isv.code-invalid":  # of the family of bad arguments, but about the code alone
            raise Refused(fault.fault) from None
        raise
    user = str(said.get("user_id") or said.get("open_id") or "")
    if not user:
        raise Unavailable("unreadable")
    return user
