"""The page of ours that a form was sent from."""

from urllib.parse import urlsplit

from django.http import HttpRequest


def came_from(request: HttpRequest) -> str:
    """Return its path and query as the browser names them; "" if it names none, or one of another house."""
    named = urlsplit(request.headers.get("Referer", ""))
    if named.netloc != request.get_host():
        return ""
    return f"{named.path}?{named.query}" if named.query else named.path
