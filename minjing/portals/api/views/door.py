"""The door of the API: who asks, and how a refusal is said."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from django.conf import settings
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from ninja import NinjaAPI, UploadedFile
from ninja.errors import ValidationError
from ninja.renderers import BaseRenderer
from ninja.security import APIKeyCookie, HttpBearer
from pydantic_core import PydanticSerializationError, to_json

from minjing.base.clock import now
from minjing.kernel.booking import errors as booking
from minjing.kernel.files import errors as files
from minjing.kernel.files.rules import SIZE_MAX as PICTURE_MAX
from minjing.kernel.identity import errors as people
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity import sessions
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.matters import actions, plugs
from minjing.kernel.matters.errors import MatterError, NotAllowed, Stale, Unknown, Wrong
from minjing.kernel.notify.errors import WrongAddress
from minjing.kernel.pay import errors as pay
from minjing.kernel.watch.errors import WatchError
from minjing.portals.api import rate
from minjing.portals.api.shapes import MatterOut, TextOut


class Bearer(HttpBearer):
    """A token of an account: `Authorization: Bearer …`."""

    def __call__(self, request: HttpRequest) -> Actor | None:
        """Read the one header; ninja's own makes a mapping of all of them first."""
        token = token_of(request)
        return self.authenticate(request, token) if token else None

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """Return whom the token stands for; raise AskedTooOften before anything is looked up."""
        rate.requests.count(token, settings.API_PER_MINUTE, time.monotonic())
        return identity.actor_by_token(token, now())


class SignedIn(APIKeyCookie):
    """A session of the pages: writes need the CSRF token as well."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        """Return who is signed in."""
        actor: Actor | None = request.actor  # type: ignore[attr-defined]
        return actor


class Json(BaseRenderer):
    """Answers written by pydantic's serialiser: a sixth of the time of ninja's own, and Chinese stays as it is."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """Return the answer's bytes; what JSON does not know is said as text, half a character as its escape."""
        try:
            return to_json(data, fallback=str)
        except PydanticSerializationError:
            return json.dumps(data, default=str).encode()


class Api(NinjaAPI):
    """An API whose answers no cache keeps: they are about the one who asked."""

    def create_response(self, request: HttpRequest, data: Any, **more: Any) -> HttpResponse:
        """Return the answer as JSON, marked so."""
        answer = super().create_response(request, data, **more)
        answer["Cache-Control"] = "no-store, private"
        return answer


api = Api(
    title="Minjing",
    version="1",
    description="Everything a resident, an officer or a supervisor does on the pages.",
    auth=[Bearer(), SignedIn()],
    urls_namespace="api",
    renderer=Json(),
    docs_url="/docs",
    openapi_url="/openapi.json",
)
STATUS = {Unknown: 404, NotAllowed: 403, Stale: 409, Wrong: 422}
# What is not named here is no right of the asker's: 403.
IDENTITY_STATUS = {people.Unknown: 404, people.Stale: 409, people.Erased: 410, people.Wrong: 422, people.TooMany: 429}
# What is not named here is a visit or a fee that stands otherwise than the asker thought: 409.
BOOKING_STATUS = {booking.Unknown: 404, booking.NotAllowed: 403, booking.Paused: 403, booking.Wrong: 422}
PAY_STATUS = {
    pay.Unknown: 404,
    pay.NotAllowed: 403,
    pay.NoSuchChannel: 422,
    pay.Wrong: 422,
    pay.TooManyAttempts: 429,
}
WATCH_STATUS = {"no_post": 403, "same_person": 403, "reason": 422}  # the rest no longer stands: 409


REASON = "Look-Reason"


def reason_of(request: HttpRequest) -> str:
    """Return why the asker looks: a key of `/reasons`, or "other:…", percent-encoded, in the header Look-Reason.

    A header, since addresses are kept in logs and what is said in one's own words may hold a name.
    """
    return unquote(request.headers.get(REASON, ""))[:200]


def asker(request: HttpRequest) -> Actor:
    """Return who asks."""
    actor: Actor = request.auth  # type: ignore[attr-defined]
    return actor


def seat_of(request: HttpRequest) -> UUID | None:
    """Return the sign-in of the pages from which is asked; None for a token, which sits nowhere."""
    return sessions.ref_of(request) if request.actor is asker(request) else None  # type: ignore[attr-defined]


def token_of(request: HttpRequest) -> str:
    """Return the token by which is asked, "" for a session of the pages."""
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token if scheme.lower() == Bearer.openapi_scheme else ""


def picture(sent: UploadedFile | None) -> bytes:
    """Return the photo that was sent, b"" for none; of one too large as much as shows that it is."""
    return sent.read(PICTURE_MAX + 1) if sent else b""


def resident(request: HttpRequest) -> Actor:
    """Return the resident who asks. Raises NotAllowed for others: visits and fees are residents' own affairs."""
    by = asker(request)
    if not by.is_resident:
        raise NotAllowed(
            "not_resident",
            "这里只供居民办理自己的事项，请使用居民账号。",
            "This is for residents’ own affairs; use a resident’s account.",
        )
    return by


@api.exception_handler(RawPostDataException)
def not_json(request: HttpRequest, error: RawPostDataException) -> HttpResponse:
    """Answer a form that was sent where JSON is taken: its body was read as a form before it came here."""
    said = {"zh": "请以 JSON 发送（application/json）。", "en": "Send this as JSON (application/json)."}
    return api.create_response(request, {"key": "not_json", "message": said}, status=415)


@api.exception_handler(ValidationError)
def malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Answer what has not the shape that the description gives, with each place and what is wrong there."""
    said = {"zh": "发送的内容不符合接口说明。", "en": "What was sent has not the shape that the description gives."}
    places = [{"where": ".".join(map(str, one["loc"][1:])), "why": one["msg"]} for one in error.errors]
    return api.create_response(request, {"key": "malformed", "message": said, "places": places}, status=422)


@api.exception_handler(MatterError)
def refused(request: HttpRequest, error: MatterError) -> HttpResponse:
    """Answer a refusal with its sentence, and a stale one with the matter as it is."""
    body: dict[str, Any] = {"key": error.key, "message": error.text.model_dump()}
    if error.key in actions.ACTING_REFUSED:
        actions.note_refused(asker(request), error.key, now())
    if isinstance(error, Wrong):
        body["errors"] = {name: text.model_dump() for name, text in error.errors.items()}
    if isinstance(error, Stale):
        body["matter"] = MatterOut.of(error.snapshot, now()).model_dump(mode="json")
    return api.create_response(request, body, status=STATUS.get(type(error), 400))


@api.exception_handler(plugs.EffectRefused)
def effect_refused(request: HttpRequest, error: plugs.EffectRefused) -> HttpResponse:
    """Answer a decision that the register does not allow."""
    body = {"key": "register", "message": error.text.model_dump()}
    return api.create_response(request, body, status=409)


@api.exception_handler(IdentityError)
def identity_refused(request: HttpRequest, error: IdentityError) -> HttpResponse:
    """Answer a refusal of the identity part."""
    body: dict[str, Any] = {"key": error.key, "message": dict(error.text)}
    if isinstance(error, people.Wrong):
        body["errors"] = {error.field: dict(error.text)}
    status = next((status for kind, status in IDENTITY_STATUS.items() if isinstance(error, kind)), 403)
    answer = api.create_response(request, body, status=status)
    if isinstance(error, people.TooMany):
        answer["Retry-After"] = str(error.wait_s)
    return answer


@api.exception_handler(booking.BookingError)
def booking_refused(request: HttpRequest, error: booking.BookingError) -> HttpResponse:
    """Answer a refusal of booking with its sentence; what is wrong comes per field."""
    body: dict[str, Any] = {"key": error.key, "message": dict(error.text)}
    if isinstance(error, booking.Wrong):
        body["errors"] = {name: dict(text) for name, text in error.errors.items()}
    return api.create_response(request, body, status=BOOKING_STATUS.get(type(error), 409))


@api.exception_handler(pay.PayError)
def pay_refused(request: HttpRequest, error: pay.PayError) -> HttpResponse:
    """Answer a refusal of paying with its sentence; what is wrong comes per field."""
    body: dict[str, Any] = {"key": error.key, "message": dict(error.text)}
    if isinstance(error, pay.Wrong):
        body["errors"] = {error.field: dict(error.text)}
    if isinstance(error, pay.NoSuchChannel):
        body["errors"] = {"channel": dict(error.text)}
    return api.create_response(request, body, status=PAY_STATUS.get(type(error), 409))


@api.exception_handler(WatchError)
def watch_refused(request: HttpRequest, error: WatchError) -> HttpResponse:
    """Answer a refusal of the watch: without the right 403, what no longer stands 409."""
    body: dict[str, Any] = {"key": error.key, "message": dict(error.text)}
    status = WATCH_STATUS.get(error.key, 409)
    if status == 422:
        body["errors"] = {error.key: dict(error.text)}
    return api.create_response(request, body, status=status)


@api.exception_handler(WrongAddress)
def address_refused(request: HttpRequest, error: WrongAddress) -> HttpResponse:
    """Answer an address, or quiet hours, that can be none."""
    said = dict(error.text)
    body = {"key": error.field, "message": said, "errors": {error.field: said}}
    return api.create_response(request, body, status=422)


@api.exception_handler(files.Unknown)
def file_unknown(request: HttpRequest, error: files.Unknown) -> HttpResponse:
    """Answer that there is no such file or upload, or that it is another's."""
    return api.create_response(request, {"key": "unknown", "message": dict(error.text)}, status=404)


@api.exception_handler(files.OutOfStep)
def out_of_step(request: HttpRequest, error: files.OutOfStep) -> HttpResponse:
    """Answer a piece that does not follow on what has come, with where to go on."""
    body = {"key": "out_of_step", "message": dict(error.text), "offset": error.offset}
    return api.create_response(request, body, status=409)


@api.exception_handler(files.Refused)
def file_refused(request: HttpRequest, error: files.Refused) -> HttpResponse:
    """Answer a file that cannot be taken."""
    text = TextOut.model_validate(error.text, from_attributes=True)
    return api.create_response(request, {"key": error.key, "message": text.model_dump()}, status=422)


@api.exception_handler(DataError)
def unstorable(request: HttpRequest, error: DataError) -> HttpResponse:
    """Answer what no column can hold and no shape had refused, such as a NUL in a word: the transaction is undone."""
    text = TextOut(
        zh="填写的内容含有不能保存的字符或数字。", en="What was sent holds a sign or a number that cannot be kept."
    )
    return api.create_response(request, {"key": "unstorable", "message": text.model_dump()}, status=422)
