"""Plug board of the citizen portal."""

from django.apps import AppConfig


class CitizenConfig(AppConfig):
    name = "minjing.portals.citizen"
    label = "citizen"
