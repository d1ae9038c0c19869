"""My cars, my licence, and the electronic licence whose code is new each minute."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minjing.base.clock import now
from minjing.kernel.identity.errors import IdentityError, NotAllowed, TooMany, Wrong
from minjing.modules.traffic import signing
from minjing.modules.traffic.actions import bindings as acts
from minjing.modules.traffic.queries import bindings, own, stars
from minjing.modules.traffic.rules import licence_codes
from minjing.portals.citizen.access import resident, who
from minjing.portals.frame.language import pick, t


@require_http_methods(["GET", "POST"])
@resident
def cars(request: HttpRequest) -> HttpResponse:
    """Show one's vehicles and those bound; bind another one."""
    at, by = now(), who(request)
    typed, errors, status = {"plate": "", "vin": ""}, {}, 200
    if request.method == "POST":
        typed = {name: request.POST.get(name, "")[:20] for name in typed}
        try:
            row = acts.bind(typed["plate"], typed["vin"], by=by, now=at)
        except Wrong as wrong:
            errors, status = {wrong.field: wrong.text}, 422
        except (NotAllowed, TooMany) as refused:
            errors, status = {"": refused.text}, 422
        else:
            messages.success(
                request,
                t("已绑定。", "Bound.")
                if row.state == row.BOUND
                else t("已请车主确认，结果会通知您。", "The owner has been asked; you will be told."),
            )
            return HttpResponseRedirect(reverse("traffic:cars"))
    mine, others = own.cars(by, at)
    context = {
        "tab": "me", "mine": mine, "others": others, "uses": bindings.uses(by, at), "typed": typed,
        "errors": errors, "standing": stars.standing(by, at), "loans": acts.LOANS, "states": own.STATUS,
        "verified": by.person_id is not None,
    }  # fmt: skip
    return render(request, "traffic/registers/cars.html", context, status=status)


@require_POST
@resident
def answer(request: HttpRequest, binding_id: UUID) -> HttpResponse:
    """Agree to an ask for one's vehicle, or decline."""
    days = request.POST.get("days", "")
    accept = request.POST.get("answer") == "agree"
    lent = int(days[:4]) if days[:4].isdecimal() else 0 if days else None  # 0: no such loan
    try:
        acts.answer(binding_id, accept, by=who(request), now=now(), days=lent)
    except (NotAllowed, Wrong) as refused:
        messages.warning(request, pick(refused.text))
    else:
        messages.success(request, t("已同意。", "Agreed.") if accept else t("已拒绝。", "Declined."))
    return HttpResponseRedirect(reverse("traffic:cars"))


@require_POST
@resident
def unbind(request: HttpRequest, binding_id: UUID) -> HttpResponse:
    """End a binding: one's own, or of one's own vehicle."""
    ended = acts.end(binding_id, by=who(request), now=now())
    said = t("已解绑。", "Unbound.") if ended else t("这项绑定此前已经结束。", "It had ended already.")
    messages.success(request, said)
    back = "traffic:licence" if request.POST.get("back") == "licence" else "traffic:cars"
    return HttpResponseRedirect(reverse(back))


@require_http_methods(["GET", "POST"])
@resident
def licence(request: HttpRequest) -> HttpResponse:
    """Show one's licence, what it was before; bind it for a star."""
    at, by = now(), who(request)
    error, status = None, 200
    if request.method == "POST":
        try:
            acts.bind_licence(request.POST.get("file_number", "")[:20], by=by, now=at)
        except IdentityError as refused:
            error, status = refused.text, 422
        else:
            messages.success(request, t("驾驶证已绑定，加一星。", "Your licence is bound: one star more."))
            return HttpResponseRedirect(reverse("traffic:licence"))
    found = own.licence(by, at)
    context = {
        "tab": "me", "found": found, "pasts": own.pasts(found.row) if found else [], "error": error,
        "bound": bindings.licence_bound(by.account_id), "standing": stars.standing(by, at),
        "verified": by.person_id is not None, "typed": request.POST.get("file_number", "")[:20],
    }  # fmt: skip
    return render(request, "traffic/registers/licence.html", context, status=status)


@require_safe
@resident
def licence_code(request: HttpRequest) -> HttpResponse:
    """Show the electronic licence: the page comes anew with each minute's code."""
    at, by = now(), who(request)
    found = own.licence(by, at)
    context: dict[str, object] = {"tab": "me", "found": found, "name": by.name}
    if found is not None:
        code = licence_codes.made(own.shown_code(found, by, at), signing.sign)
        address = f"{settings.BASE_URL}{reverse('traffic:check_licence')}#{code}"
        context |= {"code": code, "qr": _qr(address), "left_s": licence_codes.left_s(at), "made_at": at}
    return render(request, "traffic/registers/licence_code.html", context)


def _qr(text: str) -> str:
    import segno  # only this page draws one

    return str(segno.make(text, error="l", micro=False).svg_data_uri(scale=4, border=2, dark="#14213A", light="#fff"))
