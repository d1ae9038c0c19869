"""Is this paper genuine? By its code, by its QR code, or by the file itself. Nothing of the person is said."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from minjing.base import clock
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.papers import queries, rules, signing
from minjing.kernel.papers.queries import Check
from minjing.portals.open.rate import limited

MAX_FILE = 2_000_000  # bytes; papers are about 70 KB


@never_cache
@require_http_methods(["GET", "POST"])
@limited
def form(request: HttpRequest) -> HttpResponse:
    """Ask for a code or the file; answer both."""
    # Who pastes the whole address of a QR code means the code at its end.
    typed = (request.GET.get("code") or "").strip().rstrip("/").rpartition("/")[2][:80]
    if typed:
        code = rules.parse_code(typed)
        if code:
            return HttpResponseRedirect(reverse("open:check_code", args=[rules.grouped(code)]))
        return render(request, "open/check.html", {"tab": "check", "typed": typed, "malformed": True}, status=400)
    if request.method == "POST":
        return _by_file(request)
    return render(request, "open/check.html", {"tab": "check", "typed": request.GET.get("again", "")[:80]})


@never_cache
@require_GET
@limited
def by_code(request: HttpRequest, code: str) -> HttpResponse:
    """Say what the paper with this code is worth."""
    found = queries.check(code, now=clock.now())
    return _answer(request, found, rules.parse_code(code) or rules.bare(code[:80]))


@require_GET
def authority(request: HttpRequest) -> HttpResponse:
    """Hand out the certificate under which papers are signed, for checking them offline."""
    response = HttpResponse(signing.authority_pem(), content_type="application/x-pem-file")
    response["Content-Disposition"] = 'attachment; filename="minjing-papers-authority.pem"'
    return response


def _by_file(request: HttpRequest) -> HttpResponse:
    file = request.FILES.get("file")
    if file is None:
        return render(request, "open/check.html", {"tab": "check", "no_file": True}, status=400)
    if (file.size or 0) > MAX_FILE:
        return render(request, "open/check.html", {"tab": "check", "too_large": True}, status=413)
    content = file.read()  # hashed and forgotten: what people check here is not kept
    if not content.startswith(b"%PDF"):
        return render(request, "open/check.html", {"tab": "check", "no_pdf": True}, status=400)
    return _answer(request, queries.check_file(content, now=clock.now()), None, by_file=True)


def _answer(request: HttpRequest, found: Check, code: str | None, *, by_file: bool = False) -> HttpResponse:
    status = 404 if found.state == "unknown" else 200
    shown = {
        "tab": "check",
        "found": found,
        "by_file": by_file,
        "code": rules.grouped(found.code or code or ""),
        "length": len(code or ""),
        "full_length": rules.CODE_CHARACTERS,
        "published": found.entry_id is not None and ledger.index_of(found.entry_id) is not None,
        "fingerprint": signing.fingerprint() if found.state != "unknown" else "",
    }
    return render(request, "open/checked.html", shown, status=status)
