"""Officers sign in by password and second factor, and look after their factors."""

import json
from datetime import datetime, timedelta
from typing import Any

import segno
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.mfa.webauthn.internal import auth as webauthn
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from minjing.base import clock
from minjing.kernel.identity import actions, clients, sealing, sessions
from minjing.kernel.identity.actions.second_factors import has_second_factor
from minjing.kernel.identity.errors import IdentityError, Wrong
from minjing.kernel.identity.middleware import newcomer
from minjing.kernel.identity.models import Account
from minjing.kernel.identity.views.entry import let_in, next_of, page, with_next

PENDING, PENDING_SINCE = "pending", "pending_since"
PENDING_LASTS = timedelta(minutes=10)
SECRET, CONCEALED = "totp_secret", "session.totp"
# Factors are changed only by someone who has just proved both of them.
FRESH = timedelta(minutes=15)
HOME = "/officer/"


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for login and password; the second factor follows, or its enrolment at the first time."""
    wanted = next_of(request, HOME)
    if request.method == "GET":
        return page(request, "officer_sign_in", next=wanted)
    now = clock.now()
    login = request.POST.get("login", "").strip()
    try:
        account = actions.check_password(
            request,
            login=login,
            password=request.POST.get("password", ""),
            address=clients.address(request),
            now=now,
        )
    except IdentityError as error:
        return page(request, "officer_sign_in", error, next=wanted, login=login)
    if not has_second_factor(account.pk):
        let_in(request, account, now, second=False)
        return HttpResponseRedirect(reverse("identity:second_factor"))
    request.session[PENDING], request.session[PENDING_SINCE] = str(account.pk), now.isoformat()
    return HttpResponseRedirect(with_next(reverse("identity:second"), wanted))


@require_http_methods(["GET", "POST"])
def second(request: HttpRequest) -> HttpResponse:
    """Ask for the second factor: a time code, a recovery code or a passkey."""
    wanted, now = next_of(request, HOME), clock.now()
    account = _pending(request, now)
    if account is None:
        return HttpResponseRedirect(with_next(reverse("identity:officer_sign_in"), wanted))
    if request.method == "GET":
        return _second_page(request, account, wanted)
    try:
        credential = request.POST.get("credential", "")
        if credential:
            actions.check_passkey(account, credential_of(credential), now=now)
        else:
            actions.check_second_factor(account, request.POST.get("code", ""), now=now)
    except IdentityError as error:
        return _second_page(request, account, wanted, error)
    actions.signed_in(account, now)
    let_in(request, account, now, second=True)
    return HttpResponseRedirect(wanted)


def _pending(request: HttpRequest, now: datetime) -> Account | None:
    since = request.session.get(PENDING_SINCE)
    if not since or now - datetime.fromisoformat(since) > PENDING_LASTS:
        return None
    return Account.objects.filter(pk=request.session[PENDING], kind=Account.OFFICER, is_active=True).first()


def _second_page(
    request: HttpRequest, account: Account, wanted: str, error: IdentityError | None = None
) -> HttpResponse:
    options = None
    if Authenticator.objects.filter(user=account, type=Authenticator.Type.WEBAUTHN).exists():
        options = webauthn.begin_authentication(account)
    return page(request, "second", error, next=wanted, options=options)


@require_http_methods(["GET", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Enrol the time code at the first sign-in; later, show the factors and their changes."""
    now = clock.now()
    account = newcomer(request)
    if account is None:
        return HttpResponseRedirect(reverse("identity:officer_sign_in"))
    if request.session.get(sessions.SECOND):
        return _factors_page(request, account, now)
    if has_second_factor(account.pk):  # enrolled in another window meanwhile
        request.session.flush()
        return HttpResponseRedirect(reverse("identity:officer_sign_in"))
    secret = _secret(request)
    if request.method == "GET":
        return _enrol_page(request, account, secret)
    try:
        codes = actions.confirm_totp(account, secret, request.POST.get("code", ""), now=now)
    except IdentityError as error:
        return _enrol_page(request, account, secret, error)
    del request.session[SECRET]
    actions.signed_in(account, now)
    let_in(request, account, now, second=True)
    return page(request, "recovery_codes", codes=codes, next=HOME)


def _secret(request: HttpRequest) -> str:
    concealed = request.session.get(SECRET)
    if concealed:
        try:
            return sealing.reveal(CONCEALED, concealed)
        except sealing.Tampered:  # the keys of the house changed
            pass
    secret: str = generate_totp_secret()
    request.session[SECRET] = sealing.conceal(CONCEALED, secret)
    return secret


def _enrol_page(
    request: HttpRequest, account: Account, secret: str, error: IdentityError | None = None
) -> HttpResponse:
    address = get_adapter().build_totp_url(account, secret)
    image = segno.make(address, error="m").svg_data_uri(scale=4, dark="#14213A")
    spaced = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    return page(request, "enrol", error, image=image, secret=spaced)


def _factors_page(
    request: HttpRequest, account: Account, now: datetime, error: IdentityError | None = None
) -> HttpResponse:
    factors = Authenticator.objects.filter(user=account).order_by("created_at")
    passkeys = [
        {"id": f.pk, "name": f.data["name"], "created_at": f.created_at, "used_at": f.last_used_at}
        for f in factors
        if f.type == Authenticator.Type.WEBAUTHN
    ]
    fresh = _is_fresh(request, now)
    options = webauthn.begin_registration(account, False) if fresh else None
    return page(request, "factors", error, passkeys=passkeys, options=options, fresh=fresh)


def _is_fresh(request: HttpRequest, now: datetime) -> bool:
    started = request.session.get(sessions.STARTED)
    return started is not None and now - datetime.fromisoformat(started) <= FRESH


@require_POST
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Make fresh recovery codes and show them once."""
    now = clock.now()
    account = _with_both(request)
    if account is None or not _is_fresh(request, now):
        return HttpResponseRedirect(reverse("identity:second_factor"))
    return page(request, "recovery_codes", codes=actions.new_recovery_codes(account, now=now), next=HOME)


@require_POST
def passkey(request: HttpRequest) -> HttpResponse:
    """Add the passkey that the browser has just made, or take one away."""
    now = clock.now()
    account = _with_both(request)
    if account is None or not _is_fresh(request, now):
        return HttpResponseRedirect(reverse("identity:second_factor"))
    try:
        if "remove" in request.POST:
            factor = request.POST["remove"]
            actions.remove_passkey(account, int(factor) if factor.isdecimal() and len(factor) < 10 else 0, now=now)
        else:
            credential = credential_of(request.POST.get("credential", ""))
            actions.add_passkey(account, credential, request.POST.get("name", ""), now=now)
    except IdentityError as error:
        return _factors_page(request, account, now, error)
    return HttpResponseRedirect(reverse("identity:second_factor"))


def _with_both(request: HttpRequest) -> Account | None:
    return newcomer(request) if request.session.get(sessions.SECOND) else None


def credential_of(text: str) -> dict[str, Any]:
    """Return the browser's answer as data. Raises Wrong."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Wrong(
            "passkey",
            {"zh": "通行密钥验证失败，请重试。", "en": "The passkey was not accepted. Try again."},
            "passkey",
        )
    return value
