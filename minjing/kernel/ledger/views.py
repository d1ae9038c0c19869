"""The public folder over HTTP, for places without a static server in front (docs/ledger.md has one for nginx)."""

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from minjing.kernel.ledger.providers import folder

# tlog-tiles, "APIs": what may be asked for; nothing else in the folder is served.
TILE = re.compile(r"tile/(?:entries|[0-9]|[1-5][0-9]|6[0-3])/(?:x[0-9]{3}/)*[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?")
TEXT = {"checkpoint", "keys/history", "keys/policy.txt"}
FOREVER = "public, max-age=31536000, immutable"
SHORT = "public, max-age=1"  # tlog-checkpoint: a few seconds at most


@require_safe
def file(request: HttpRequest, name: str) -> HttpResponse:
    """Hand out a file of the log; everybody may read it from any page of any site."""
    is_tile = TILE.fullmatch(name) is not None
    data = folder.read(name) if is_tile or name in TEXT else None
    if data is None:
        raise Http404
    response = HttpResponse(data, content_type="application/octet-stream" if is_tile else "text/plain; charset=utf-8")
    response["Cache-Control"] = FOREVER if is_tile else SHORT
    response["Access-Control-Allow-Origin"] = "*"
    return response
