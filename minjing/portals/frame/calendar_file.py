"""A visit as a file for one's own calendar (RFC 5545)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from minjing.base.clock import CHINA
from minjing.kernel.booking.models import Visit
from minjing.kernel.booking.rules import PlaceFacts, grouped
from minjing.kernel.booking.words import titles
from minjing.portals.frame.language import pick, t


def calendar(visit: Visit, place: PlaceFacts, now: datetime) -> bytes:
    """Return a calendar file of one event, with a reminder an hour before."""
    from icalendar import Alarm, Calendar, Event

    event = Event()
    event.add("uid", f"{visit.pk}@{settings.BASE_URL.split('//')[-1]}")
    event.add("sequence", visit.ver)
    event.add("dtstamp", now)
    event.add("dtstart", visit.starts_at.astimezone(CHINA))
    event.add("dtend", visit.ends_at.astimezone(CHINA))
    event.add("summary", pick(place.name) + t("：", ": ") + pick(titles(place, visit.services)))
    event.add("location", pick(place.address))
    event.add("description", t("预约码 ", "Code ") + grouped(visit.code))
    event.add("url", settings.BASE_URL + reverse("citizen:visit", args=[visit.pk]))
    event.add("status", "CANCELLED" if visit.state == "cancelled" else "CONFIRMED")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", t("预约提醒", "Visit"))
    alarm.add("trigger", timedelta(hours=-1))
    event.add_component(alarm)
    file = Calendar()
    file.add("prodid", "-//Minjing//Visits//ZH")
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add_component(event)
    return bytes(file.to_ical())
