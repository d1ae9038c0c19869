"""Plug board of pay."""

from django.apps import AppConfig


class PayConfig(AppConfig):
    name = "minjing.kernel.pay"
    label = "pay"
