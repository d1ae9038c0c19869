"""Plug board of booking."""

from django.apps import AppConfig


class BookingConfig(AppConfig):
    name = "minjing.kernel.booking"
    label = "booking"
