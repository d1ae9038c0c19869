"""Settling a small accident by two phones: begin, join, photos, what happened, two signatures."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minjing.base.clock import now
from minjing.kernel.files.errors import Refused
from minjing.kernel.identity.errors import IdentityError, NotAllowed, Unknown, Wrong
from minjing.kernel.matters.schema import Text
from minjing.modules.traffic.actions import accidents as acts
from minjing.modules.traffic.queries import accident_desk, own
from minjing.modules.traffic.queries import accidents as found
from minjing.modules.traffic.rules.plates import shown
from minjing.modules.traffic.rules.settlement import digest
from minjing.portals.citizen.access import resident, who
from minjing.portals.frame.language import pick, t

CODE = "traffic_accident_code"  # in the session of the phone that began: the register has its hash alone
VIEWS = {
    "front": Text(zh="车头方向 45 度", en="From the front, at 45°"),
    "back": Text(zh="车尾方向 45 度", en="From the back, at 45°"),
    "contact": Text(zh="碰撞部位", en="Where they touched"),
    "whole": Text(zh="现场全景", en="The whole scene"),
}
STATES = {
    "open": Text(zh="等对方加入", en="Waiting for the other driver"),
    "joined": Text(zh="拍照，说明情形", en="Photos, and what happened"),
    "proposed": Text(zh="双方签字", en="Both sign"),
    "settled": Text(zh="已达成协议", en="Settled"),
    "with_officer": Text(zh="民警处理", en="With an officer"),
    "determined": Text(zh="民警已认定", en="Determined by an officer"),
    "withdrawn": Text(zh="已撤回", en="Withdrawn"),
    "lapsed": Text(zh="已过期", en="Lapsed"),
}
WHY = {
    "injured": Text(zh="有人受伤", en="somebody is hurt"),
    "drunk": Text(zh="怀疑酒后驾驶", en="drink driving is suspected"),
    "no_licence": Text(zh="有驾驶人没有有效驾驶证", en="a driver has no licence in force"),
    "disagree": Text(zh="双方意见不一", en="the two do not agree"),
}


@require_http_methods(["GET", "POST"])
@resident
def begin(request: HttpRequest) -> HttpResponse:
    """Ask whether this may be settled by phone, and open it."""
    at, by = now(), who(request)
    errors: dict[str, Any] = {}
    if request.method == "POST":
        said = request.POST
        try:
            row, code = acts.begin(
                said.get("place", ""), said.get("plate", ""), injured=said.get("injured") == "yes",
                drunk=said.get("drunk") == "yes", by=by, now=at, org_id=_district(said.get("district", "")),
                spot=_spot(said.get("lat", ""), said.get("lon", "")),
            )  # fmt: skip
        except Wrong as wrong:
            errors = {wrong.field: wrong.text}
        except NotAllowed as refused:
            errors = {"": refused.text}
        else:
            request.session[CODE] = {str(row.pk): code}
            return HttpResponseRedirect(reverse("traffic:accident", args=[row.pk]))
    mine, _ = own.cars(by, at)
    context = {
        "tab": "me", "errors": errors, "typed": request.POST, "cars": mine,
        "before": [(row, STATES[row.state]) for row in found.mine(by)], "districts": found.districts(),
    }  # fmt: skip
    return render(request, "traffic/registers/accident_new.html", context, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
@resident
def join(request: HttpRequest) -> HttpResponse:
    """Join by the code that the other phone shows."""
    at, by = now(), who(request)
    errors: dict[str, Any] = {}
    code = (request.POST.get("code") or request.GET.get("code", ""))[:12]
    if request.method == "POST":
        try:
            row = acts.join(
                code, request.POST.get("plate", ""), drunk=request.POST.get("drunk") == "yes", by=by, now=at
            )
        except Wrong as wrong:
            errors = {wrong.field: wrong.text}
        except IdentityError as refused:
            errors = {"code": refused.text}
        else:
            return HttpResponseRedirect(reverse("traffic:accident", args=[row.pk]))
    mine, _ = own.cars(by, at)
    context = {"tab": "me", "errors": errors, "typed": request.POST, "cars": mine, "code": code}
    return render(request, "traffic/registers/accident_join.html", context, status=422 if errors else 200)


@require_safe
@resident
def scene(request: HttpRequest, accident_id: UUID) -> HttpResponse:
    """Show where it stands and what this phone does next."""
    by = who(request)
    view = found.scene(accident_id, by)
    row, mine, other = view.row, view.mine, view.other
    parties = {p.side: p for p in (mine, other) if p is not None}
    code = (request.session.get(CODE) or {}).get(str(row.pk), "") if row.state == row.OPEN else ""
    said, told = accident_desk.own_words(mine, by)
    address = f"{settings.BASE_URL}{reverse('traffic:accident_join')}?code={code}"
    context = {
        "tab": "me", "row": row, "mine": mine, "other": other, "state": STATES[row.state],
        "mine_shown": shown(mine.plate), "other_shown": shown(other.plate) if other else "",
        "my_photos": accident_desk.pictures(mine), "other_photos": len(view.photos[other.side]) if other else 0,
        "their_photos": acts.show_theirs(view, by=by, now=now()),
        "said": said, "found": told,
        "least": found.photos_least(), "views": VIEWS, "situations": found.situations().values(),
        "situation": found.situations()[row.situation].title if row.situation in found.situations() else None,
        "digest": digest(view.words).hex() if view.words else "", "code": code, "qr": _qr(address) if code else "",
        "liability": acts.LIABILITY, "why": WHY.get(row.why),
        "sides": [(p, shown(p.plate), acts.LIABILITY.get(p.liability)) for _, p in sorted(parties.items())],
        "waits": row.state == row.OPEN or (row.state == row.PROPOSED and mine.signed_at is not None),
    }  # fmt: skip
    return render(request, "traffic/registers/accident.html", context)


@require_safe
@resident
def photo(request: HttpRequest, accident_id: UUID, photo_id: UUID) -> HttpResponse:
    """Show a photo whole: an own one, or the other side's once both have sent."""
    one = acts.show_photo(accident_id, photo_id, by=who(request), now=now())
    return HttpResponse(accident_desk.content(one), content_type="image/jpeg")


@require_POST
@resident
def act(request: HttpRequest, accident_id: UUID, act: str) -> HttpResponse:
    """Do what this phone does next: photo, propose, sign, officer."""
    at, by = now(), who(request)
    said = request.POST
    back = HttpResponseRedirect(reverse("traffic:accident", args=[accident_id]))
    try:
        if act == "photo":
            sent = request.FILES.get("photo")
            if sent is None:
                messages.warning(request, t("请选择一张照片。", "Choose a photo."))
                return back
            acts.add_photo(accident_id, said.get("view", ""), sent.read(), by=by, now=at)
        elif act == "say":
            acts.say(accident_id, said.get("said", ""), by=by, now=at)
        elif act == "propose":
            acts.propose(accident_id, said.get("situation", ""), said.get("at_fault", ""), by=by, now=at)
        elif act == "sign":
            acts.sign(accident_id, said.get("digest", ""), by=by, now=at)
        elif act == "officer":
            acts.to_officer(accident_id, said.get("why", ""), by=by, now=at)
        else:
            raise Unknown
    except (Wrong, NotAllowed) as refused:
        messages.warning(request, pick(refused.text))
    except Refused:
        messages.warning(request, t("这不是能用的照片，请重拍。", "This is no usable photo; take it again."))
    return back


def _qr(text: str) -> str:
    import segno  # only pages with a code draw one

    return str(segno.make(text, error="m", micro=False).svg_data_uri(scale=5, border=2, dark="#14213A", light="#fff"))


def _district(text: str) -> int:
    return found.district(int(text[:9])) if text.isdecimal() else 0


def _spot(lat: str, lon: str) -> tuple[float, float] | None:
    """Return what the browser says of the place (WGS-84); None for nothing, and for what is no place."""
    try:
        spot = float(lat), float(lon)
    except ValueError:
        return None
    return spot if -90 <= spot[0] <= 90 and -180 <= spot[1] <= 180 else None
