"""What is noticed about a message before it is taken: order, jumps, the clock, the system of coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from minjing.base.coordinates import GCJ02, WGS84, Plane, to_wgs84
from minjing.modules.traffic.models import Mission
from minjing.modules.traffic.queries.yielding.limits import limits
from minjing.modules.traffic.queries.yielding.tracks import Position, ground_near, track_of
from minjing.modules.traffic.rules.yielding import systems
from minjing.modules.traffic.rules.yielding.messages import Message
from minjing.modules.traffic.rules.yielding.reference import Fix
from minjing.modules.traffic.rules.yielding.tracks import clean, clock_off_s

CLOCK = "clock"
Track = Sequence[Position]
Finding = Mapping[str, Any]


def tracks_of(message: Message, system: str, shift_s: float = 0) -> tuple[Mapping[str, Track], list[Finding]]:
    """Return the tracks of a message in WGS-84, ordered and without jumps, and what was found in doing so.

    `system` is what its coordinates are in, `shift_s` is taken from its clock: both as sent, or as a person decided.
    """
    cleaned: dict[str, Track] = {}
    findings: list[Finding] = []
    for number, sent in message.tracks.items():
        if not sent:
            continue
        turned = [(at - shift_s, *to_wgs84(lat, lon, system)) for at, lat, lon in sent]
        plane = Plane(turned[0][1], turned[0][2])
        laid = [Fix(at, *plane.metres(lat, lon)) for at, lat, lon in turned]
        found = clean(laid, limits())
        position = dict(zip(laid, turned, strict=True))
        cleaned[number] = [position[fix] for fix in found.fixes]
        counts = {name: getattr(found, name) for name in ("repeated", "contradicting", "jumps", "breaks")}
        codes = {name: count for name, count in counts.items() if count} | (
            {"unordered": 1} if found.unordered else {}
        )
        findings += [{"code": code, "mission": number, "count": count} for code, count in codes.items()]
    return cleaned, findings


def doubts(
    message: Message, tracks: Mapping[str, Track], missions: Mapping[str, Mission], now: datetime
) -> tuple[str, list[Finding]]:
    """Return why a message is held, "" when it is not, and the findings that say so; a late one is not held."""
    sent_at, came_at = message.sent_at.timestamp(), now.timestamp()
    last = max((track[-1][0] for track in tracks.values() if track), default=sent_at)
    off = clock_off_s(sent_at, last, came_at, limits())
    findings: list[Finding] = []
    if off is not None:
        findings.append({"code": CLOCK, "off_s": off})
    elif tracks and came_at - last > limits().late_s:
        findings.append({"code": "late", "late_s": round(came_at - last)})
    if message.system == WGS84:
        for number, track in tracks.items():
            # With what came before, so that a few fixes a minute add up to something that can be judged.
            whole = [*track_of(missions[number].pk), *track]
            verdict = systems.judge(whole, ground_near([*whole, *_as_gcj02(whole)]))
            if verdict.system == GCJ02:
                counts = {"as_sent": verdict.as_sent, "as_gcj02": verdict.as_gcj02}
                findings.append({"code": GCJ02, "mission": number, **counts})
    doubt = next((finding["code"] for finding in findings if finding["code"] in (CLOCK, GCJ02)), "")
    return doubt, findings


def _as_gcj02(track: Track) -> list[Position]:
    return [(at, *to_wgs84(lat, lon, GCJ02)) for at, lat, lon in (track[0], track[-1])] if track else []
