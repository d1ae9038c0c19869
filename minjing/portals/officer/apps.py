"""Plug board of the officer portal."""

from django.apps import AppConfig


class OfficerConfig(AppConfig):
    name = "minjing.portals.officer"
    label = "officer"
