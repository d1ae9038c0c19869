"""The guide to every service, readable without an account."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe

from minjing.base.clock import now
from minjing.kernel.matters import diagram, fees, queries, rules
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.matters.schema import Body, MaterialSpec, Text
from minjing.portals.frame.language import is_english
from minjing.portals.open import words


@dataclass(frozen=True, slots=True)
class Line:
    """A service in the list."""

    code: str
    title: Text
    summary: Text
    is_online: bool
    limit: Text
    decides: Text


@dataclass(frozen=True, slots=True)
class Needed:
    """A material in the guide, with when it is needed and who has it already."""

    spec: MaterialSpec
    when: Text | None
    held: Text | None


def index(request: HttpRequest) -> HttpResponse:
    """Show all services in groups, or those that `q` may mean."""
    asked = request.GET.get("q", "").strip()[:60]
    found = queries.find(asked) if asked else queries.current()
    return render(
        request,
        "open/services.html",
        {
            "tab": "services",
            "asked": asked,
            "count": len(found),
            "total": len(queries.current()),
            "groups": [("", [line(b) for b in found])] if asked else grouped(found),
        },
    )


def guide(request: HttpRequest, code: str) -> HttpResponse:
    """Show one service: the answer first, then the way it takes, then the law."""
    try:
        _, body = queries.service(code.upper())
    except Unknown:
        raise Http404 from None
    service = body.service
    language = "en" if is_english() else "zh"
    online = is_online(body)
    always = [m for m in service.materials if m.required and not m.when]
    return render(
        request,
        "open/guide.html",
        {
            "tab": "services",
            "service": service,
            "flow": body.flow,
            "online": online,
            "start_url": reverse("citizen:apply", args=[service.code]),
            "checks_originals": bool(body.city.get("originals_check")),
            "limit": words.limit(service.limit),
            "fee": words.fee(service.fee_fen) if service.fee is None else words.TO_PAY,
            "prices": fees.prices(body, now()),
            "decides": words.DECIDES[service.decides],
            "materials": [
                Needed(m, words.condition(m.when, body), words.held_by(m.held_by)) for m in service.materials
            ],
            "always_needed": len(always),
            "maybe_held": sum(1 for m in always if m.held_by),
            "stations": rules.stations(body, None),
            # Built by ElementTree from the catalogue, which escapes every text.
            "picture": mark_safe(diagram.svg(body, language)),  # noqa: S308
            "basis": [(b, words.SURENESS[b.confidence]) for b in service.basis],
            "limit_sureness": words.SURENESS[service.limit.confidence],
        },
    )


def line(body: Body) -> Line:
    """Return a service as the list shows it."""
    service = body.service
    return Line(
        code=service.code,
        title=service.title,
        summary=service.guide.summary,
        is_online=is_online(body),
        limit=words.limit(service.limit),
        decides=words.DECIDES[service.decides],
    )


def grouped(bodies: Iterable[Body]) -> list[tuple[Text | str, list[Line]]]:
    """Return the services under the headings of the catalogue, in its order; those of no station come last."""
    groups: dict[str, tuple[Text | str, list[Line]]] = {}
    for body in sorted(bodies, key=lambda body: body.service.received_by != "station"):
        groups.setdefault(body.service.group.zh, (body.service.group, []))[1].append(line(body))
    return list(groups.values())


def is_online(body: Body) -> bool:
    """Say whether the service can be applied for here; the others say what to bring and where."""
    return bool(body.service.form)
