"""Where a request comes from: the network address, a coarse name of the device, and the browser known by a cookie."""

import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from minjing.kernel.identity.sealing import blind_index

# Given to a browser when somebody proves there who they are, and never before: a check counts as fresh there alone.
BROWSER_COOKIE = "__Host-browser" if settings.SECURE else "browser"
BROWSER_LASTS_S = 180 * 24 * 3600
TOKEN_CHARS = 43

BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


def address(request: HttpRequest) -> str:
    """Return the client's network address, as the nearest proxy that we trust saw it."""
    proxies: int = settings.TRUSTED_PROXIES
    said = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if proxies and len(said) >= proxies:
        return said[-proxies]
    return str(request.META.get("REMOTE_ADDR", ""))


def device(request: HttpRequest) -> str:
    """Return "Chrome · Android" and the like: enough to recognise one's own, too little to recognise a person."""
    agent = request.headers.get("User-Agent", "")
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return " · ".join(part for part in (browser, system) if part)


def browser(request: HttpRequest) -> str:
    """Return the index of this browser in hex, "" for one that nobody has proved anything in."""
    token = request.COOKIES.get(BROWSER_COOKIE, "")
    return blind_index("browser", token).hex() if len(token) == TOKEN_CHARS else ""


def known_browser(request: HttpRequest) -> tuple[str, str]:
    """Return the token of this browser, a new one where it has none, and its index in hex."""
    token = request.COOKIES.get(BROWSER_COOKIE, "")
    if len(token) != TOKEN_CHARS:
        token = secrets.token_urlsafe(32)
    return token, blind_index("browser", token).hex()


def keep_browser(response: HttpResponse, token: str) -> None:
    """Let the browser keep its token: a check counts as fresh there for a day."""
    response.set_cookie(
        BROWSER_COOKIE, token, max_age=BROWSER_LASTS_S, secure=settings.SECURE, httponly=True, samesite="Lax"
    )
