"""The catalogue, open to all."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from minjing.kernel.matters import bpmn, diagram, queries
from minjing.portals.api.shapes import ServiceOut

catalogue = Router(tags=["services"], auth=None)


@catalogue.get("", response=list[ServiceOut])
def services(request: HttpRequest, q: str = "") -> list[ServiceOut]:
    """Return the services in force, or those that `q` may mean: Chinese, pinyin, initials, English."""
    return [ServiceOut.of(body) for body in (queries.find(q) if q else queries.current())]


@catalogue.get("/{code}")
def service(request: HttpRequest, code: str) -> dict[str, Any]:
    """Return one service whole: guide, form, materials, basis, limit."""
    return queries.service(code)[1].service.model_dump(mode="json")


@catalogue.get("/{code}/diagram.svg")
def service_diagram(request: HttpRequest, code: str, language: str = "zh") -> HttpResponse:
    """Return the procedure as a picture."""
    return HttpResponse(diagram.svg(queries.service(code)[1], language), content_type="image/svg+xml")


@catalogue.get("/{code}/procedure.bpmn")
def service_bpmn(request: HttpRequest, code: str, language: str = "zh") -> HttpResponse:
    """Return the procedure as BPMN 2.0."""
    return HttpResponse(bpmn.bpmn(queries.service(code)[1], language), content_type="application/xml")
