"""What decided services of class E do: permits on record with roads, hours and terms; days without driving."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from minjing.modules.traffic.actions.case import Case, Facts, refused, text
from minjing.modules.traffic.actions.effects.permits import permit
from minjing.modules.traffic.models import FileEntry, Permit
from minjing.modules.traffic.queries import registers as found
from minjing.modules.traffic.queries.files import said

YEAR = timedelta(days=365)
DAYS = text("累计停驶天数", "Days without driving")


def issued(kind: str, days: int = 365) -> Callable[[Case], Facts]:
    """Return the effect that puts a permit on record: from and until the days asked for, else for `days`."""

    def run(case: Case) -> Facts:
        first = case.day("from_date") or case.today
        last = case.day("until_date") or first + timedelta(days=days - 1)
        plate = case.plate.text if case.text("plate") else ""
        vehicle = next(iter(found.vehicles_of_plate(plate)), None) if plate else None
        return permit(case, kind, plate, first, last, vehicle=vehicle)

    return run


def extended(case: Case) -> Facts:
    """Let a permit for road works run on, until the day asked for."""
    row = Permit.objects.select_for_update().filter(
        number=case.text("permit_ref"), kind="construction", holder_person_id=case.person, status=Permit.VALID
    ).first()  # fmt: skip
    until = case.day("until_date")
    if row is None or until is None or until <= row.valid_until_date:
        raise refused("没有查到可以延期的许可。", "There is no permit to extend.")
    before, row.valid_until_date, row.since_at = row.valid_until_date, until, case.now
    row.matter_id = case.matter.id
    row.save(update_fields=["valid_until_date", "since_at", "matter_id"])
    case.enter("extend_roadworks", subject=row.number, until=until)
    return [
        (text("许可编号", "Permit"), row.number),
        (text("有效期", "Valid until"), f"{before} → {until}"),
        *case.told(),
    ]


def visitor_day(case: Case) -> Facts:
    """Let a car from elsewhere in for one day."""
    day = case.day("travel_date") or case.today
    return permit(case, "visitor_day", case.plate.text, day, day, vehicle=None)


def no_drive(case: Case) -> Facts:
    """Put days without driving on the file, and count them."""
    first, last = case.day("quiet_from") or case.today, case.day("quiet_until") or case.today
    case.enter("no_drive", vehicle=case.vehicle, until=last)
    entries = FileEntry.objects.filter(vehicle_id=case.vehicle.pk, kind="no_drive", ended_at__isnull=True)
    total = sum(_days(entry) for entry in entries)
    return [(text("本次", "This time"), f"{(last - first).days + 1} 天"), (DAYS, f"{total} 天"), *case.told("plate")]


def _days(entry: FileEntry) -> int:
    from datetime import date

    words = said(entry)
    return (date.fromisoformat(words["quiet_until"]) - date.fromisoformat(words["quiet_from"])).days + 1


RUNS: dict[str, Callable[[Case], Facts]] = {
    "lorry_pass": issued("truck"), "lorry_day_pass": issued("truck_short", 7), "dump_pass": issued("dump_truck"),
    "dangerous_pass": issued("dangerous"), "toxic_permit": issued("toxic", 30),
    "oversize_opinion": issued("oversize", 30), "roadworks_permit": issued("construction"),
    "event_control": issued("event"), "siren_permit": issued("siren"), "cross_border": issued("cross_border"),
    "project_opinion": issued("project"), "extend_roadworks": extended, "visitor_day": visitor_day,
    "no_drive": no_drive,
}  # fmt: skip
