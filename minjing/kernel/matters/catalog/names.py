"""The names in a service file that something outside it must know: proved before the file is used."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from minjing.kernel.matters import plugs
from minjing.kernel.matters.schema import RULES_OF, FormField, Service
from minjing.kernel.papers import queries as papers

Place = tuple[str | int, ...]  # where in the file
Fault = tuple[Place, str]
# A newborn has no ID number yet: the number of the birth certificate names them.
NAMES_SOMEBODY = ("resident_id", "document_no")


def faults(service: Service, posts: Collection[str] | None = None) -> Iterable[Fault]:
    """Return each name that nobody knows: where it stands and why it will not do; posts only where they are given."""
    for n, page in enumerate(service.form):
        for m, field in enumerate(page.fields):
            yield from _of_field(("form", n, "fields", m), field, service)
    for n, material in enumerate(service.materials):
        if material.held_by and material.held_by not in plugs.HOLDERS:
            yield ("materials", n, "held_by"), f"nobody is called {material.held_by!r} who might have it already"
    concerned = service.fields.get(service.about)
    if concerned and concerned.type not in NAMES_SOMEBODY:
        yield ("about",), f"{service.about!r} is no number of a person or of their paper: it names nobody"
    yield from _of_papers(service)
    for n, post in enumerate(service.seen_by):
        if posts is not None and post not in posts:
            yield ("seen_by", n), f"no city post is called {post!r}"


def _of_field(place: Place, field: FormField, service: Service) -> Iterable[Fault]:
    for rule in sorted(field.rule.given & RULES_OF.keys()):
        if field.type not in RULES_OF[rule]:
            yield (*place, "rule", rule), f"{rule} cannot be asked of a field of the type {field.type}"
    other = field.rule.not_same_as
    if other is not None and other not in service.fields:
        yield (*place, "rule", "not_same_as"), f"there is no field {other!r}"
    for n, source in enumerate(field.sources):
        plug, _, path = source.of.partition(".")
        if path not in plugs.PATHS.get(plug, ()):
            where = (*place, "prefill") if isinstance(field.prefill, str) else (*place, "prefill", n, "of")
            yield where, f"nobody answers the prefill {source.of!r}"


def _of_papers(service: Service) -> Iterable[Fault]:
    if service.grants is None:
        return
    kinds = papers.kinds()
    if service.grants.certificate not in kinds:
        yield ("grants", "certificate"), f"no paper is of the kind {service.grants.certificate!r}"
    for n, paper in enumerate(service.grants.instead):
        if paper.certificate not in kinds:
            yield ("grants", "instead", n, "certificate"), f"no paper is of the kind {paper.certificate!r}"
