"""Plug board of the machine in the hall."""

from django.apps import AppConfig


class KioskConfig(AppConfig):
    name = "minjing.portals.kiosk"
    label = "kiosk"
