"""Plug board of the open portal."""

from django.apps import AppConfig


class OpenConfig(AppConfig):
    name = "minjing.portals.open"
    label = "open"
