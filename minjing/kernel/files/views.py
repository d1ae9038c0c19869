"""Uploads in pieces, and files shown: each answer says in the asker's language what went wrong."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minjing.base.clock import now
from minjing.kernel.files import actions, queries
from minjing.kernel.files.errors import OutOfStep, Refused, Text, Unknown
from minjing.kernel.files.rules import CHUNK_MAX
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Erased

View = Callable[..., HttpResponse]

SIGN_IN: Text = {"zh": "请先登录。", "en": "Please sign in first."}
BAD_REQUEST: Text = {"zh": "请求不完整。", "en": "The request is incomplete."}
# What is shown runs nothing and loads nothing, even if something had slipped through the cleaning.
SHOWN_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; object-src 'self'; sandbox"


def signed_in(view: View) -> View:
    """Let only signed-in people in, and turn errors into answers."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        by: Actor | None = getattr(request, "actor", None)
        if by is None:
            return _problem(request, 401, "sign_in", SIGN_IN)
        try:
            return view(request, by, *args, **kwargs)
        except Refused as refusal:
            return _problem(request, 422, refusal.key, refusal.text)
        except OutOfStep as step:
            return _problem(request, 409, "out_of_step", step.text, offset=step.offset)
        except (Unknown, Erased):
            return _problem(request, 404, "unknown", Unknown.text)

    return guarded


@require_POST
@signed_in
def begin(request: HttpRequest, by: Actor) -> HttpResponse:
    """Open an upload: form fields name, size, purpose."""
    try:
        size = int(request.POST.get("size", ""))
    except ValueError:
        return _problem(request, 400, "bad_request", BAD_REQUEST)
    upload = actions.begin(
        by=by,
        owner_person=by.person_id,
        name=request.POST.get("name", ""),
        size=size,
        purpose=request.POST.get("purpose", ""),
        now=now(),
    )
    said = {
        "id": str(upload.id),
        "offset": 0,
        "chunk": CHUNK_MAX // 2,
        "url": reverse("files:upload", args=[upload.id]),
    }
    return JsonResponse(said, status=201)


@require_http_methods(["GET", "PATCH", "DELETE"])
@signed_in
def upload(request: HttpRequest, by: Actor, upload_id: UUID) -> HttpResponse:
    """Say how far the upload has come (GET), add a piece at ?offset= (PATCH), or drop it (DELETE)."""
    if request.method == "DELETE":
        actions.cancel(upload_id, by=by, now=now())
        return HttpResponse(status=204)
    if request.method == "GET":
        return JsonResponse({"offset": queries.upload_offset(upload_id, by=by, now=now())})
    offset = request.GET.get("offset", "")
    length = request.headers.get("Content-Length", "")
    if not all(said.isdecimal() and len(said) <= 12 for said in (offset, length)) or int(length) > CHUNK_MAX:
        return _problem(request, 400, "bad_request", BAD_REQUEST)
    return JsonResponse({"offset": actions.append(upload_id, int(offset), request.body, by=by, now=now())})


@require_POST
@signed_in
def finish(request: HttpRequest, by: Actor, upload_id: UUID) -> HttpResponse:
    """Check and keep what has come."""
    kept = actions.finish(upload_id, by=by, now=now())
    small = reverse("files:thumbnail", args=[kept.id]) if kept.kind == "image" else ""
    return JsonResponse(
        {
            "id": str(kept.id),
            "name": kept.name,
            "kind": kept.kind,
            "size": kept.size,
            "pages": kept.pages,
            "url": reverse("files:show", args=[kept.id]),
            "thumbnail": small,
        }
    )


@require_GET
@signed_in
def show(request: HttpRequest, by: Actor, file_id: UUID) -> HttpResponse:
    """Show a file to one who may see it; the look is on record before a byte leaves."""
    if not queries.may_see(file_id, by=by, now=now()):
        raise Unknown
    kept = queries.file(file_id)
    response = HttpResponse(queries.read(file_id), content_type=kept.media_type)
    ending = "pdf" if kept.kind == "pdf" else "jpg"
    stem = kept.name.rpartition(".")[0] or kept.name
    how = "attachment" if "download" in request.GET else "inline"
    response["Content-Disposition"] = (
        f"{how}; filename=\"file.{ending}\"; filename*=UTF-8''{quote(f'{stem}.{ending}')}"
    )
    return _sealed_off(response)


@require_GET
@signed_in
def thumbnail(request: HttpRequest, by: Actor, file_id: UUID) -> HttpResponse:
    """Show a small picture of a file to one who may see it."""
    if not queries.may_see(file_id, by=by, now=now()):
        raise Unknown
    small = queries.thumbnail(file_id)
    if small is None:
        raise Unknown
    response = HttpResponse(small, content_type="image/jpeg")
    response["Content-Disposition"] = "inline"
    return _sealed_off(response)


def _sealed_off(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store, private"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SHOWN_CSP
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["X-Frame-Options"] = "SAMEORIGIN"  # the officer's page shows a PDF beside the form
    response["Referrer-Policy"] = "no-referrer"
    return response


def _problem(request: HttpRequest, status: int, key: str, text: Mapping[str, str], **more: Any) -> JsonResponse:
    language = "en" if getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE).startswith("en") else "zh"
    said = {"error": key, "message": text[language], "text": dict(text), **more}
    return JsonResponse(said, status=status, json_dumps_params={"ensure_ascii": False})
