"""Places, what they offer and the city's terms: what hardly changes, kept in memory for half a minute."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from minjing.kernel.booking.errors import NotAllowed, Unknown
from minjing.kernel.booking.models import Place, TermsRow
from minjing.kernel.booking.rules import OfferFacts, PlaceFacts, Terms, km_between
from minjing.kernel.identity.actor import SYSTEM_KIND, Actor
from minjing.kernel.identity.models import Unit
from minjing.kernel.identity.rules import WORDS, may

KEPT_S = 30.0
SERVE, SUPERVISE = "serve", "supervise"  # acts: calling tickets at a counter; opening hours and capacity
_kept: dict[str, tuple[float, object]] = {}


def places(kind: str = "", services: Iterable[str] = ()) -> list[PlaceFacts]:
    """Return the places, of one kind and with all of these services if asked for, in the order of their codes."""
    wanted = set(services)
    return [p for p in _places().values() if (not kind or p.kind == kind) and wanted <= set(p.offers)]


def place(code: str) -> PlaceFacts:
    """Return the place with this code. Raises Unknown."""
    found = _places().get(code)
    if found is None:
        raise Unknown
    return found


def place_by_id(place_id: int) -> PlaceFacts:
    """Return a place by its id. Raises Unknown."""
    found = next((p for p in _places().values() if p.id == place_id), None)
    if found is None:
        raise Unknown
    return found


def nearest_first(listed: Iterable[PlaceFacts], lon: float, lat: float) -> list[tuple[PlaceFacts, float]]:
    """Return places with their distance in kilometres as the crow flies, the nearest first."""
    with_distance = [
        (p, km_between(lon, lat, p.lon, p.lat)) for p in listed if p.lon is not None and p.lat is not None
    ]
    return sorted(with_distance, key=lambda pair: pair[1])


def exit_of(unit_code: str) -> tuple[float, float] | None:
    """Return where a unit lies: a resident names the station near them instead of telling where they are."""
    found = Unit.objects.filter(code=unit_code, lon__isnull=False).values_list("lon", "lat").first()
    return None if found is None else (float(found[0] or 0), float(found[1] or 0))


def terms() -> Terms:
    """Return the city's terms in force."""
    kept = _kept.get("terms")
    if kept is None or kept[0] < time.monotonic():
        row = TermsRow.objects.order_by("-revision").first()
        kept = _kept["terms"] = (time.monotonic() + KEPT_S, Terms.of(row.body if row else {}))
    assert isinstance(kept[1], Terms)
    return kept[1]


def may_run(by: Actor, where: PlaceFacts, *acts: str) -> None:
    """Raise NotAllowed unless the actor may do one of `acts` (serve, supervise) at this place."""
    if by.kind == SYSTEM_KIND:
        return
    verdicts = [may(by, act, unit_path=where.unit_path) for act in acts]
    if not any(v.ok for v in verdicts):
        words = WORDS[verdicts[0].reason_key]
        raise NotAllowed(verdicts[0].reason_key, words["zh"], words["en"], needs=verdicts[0].needs)


def runs(by: Actor, act: str = SERVE) -> list[PlaceFacts]:
    """Return the places at which the actor may do `act`."""
    return [p for p in _places().values() if may(by, act, unit_path=p.unit_path).ok]


def forget_kept() -> None:
    """Read places and terms again at the next call."""
    _kept.clear()


def _places() -> dict[str, PlaceFacts]:
    kept = _kept.get("places")
    if kept is None or kept[0] < time.monotonic():
        rows = Place.objects.select_related("unit").prefetch_related("offers").order_by("code")
        kept = _kept["places"] = (time.monotonic() + KEPT_S, {row.code: facts_of(row) for row in rows})
    found = kept[1]
    assert isinstance(found, dict)
    return found


def facts_of(row: Place) -> PlaceFacts:
    """Return a row of the table as plain data."""
    offered = sorted(row.offers.all(), key=lambda o: (o.position, o.id))
    spans: Sequence[Sequence[str]] = row.hours
    return PlaceFacts(
        id=row.id,
        code=row.code,
        org_id=row.org_id,
        unit_id=row.unit_id,
        unit_path=row.unit.path,
        kind=row.kind,
        name=row.name,
        address=row.address,
        lon=row.lon,
        lat=row.lat,
        hours=tuple((start, end) for start, end in spans),
        slot_min=row.slot_min,
        counters=row.counters,
        demo=row.demo,
        offers={o.service: OfferFacts(o.service, o.title, o.minutes) for o in offered},
    )
