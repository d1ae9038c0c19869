"""Plug board of matters."""

from django.apps import AppConfig


class MattersConfig(AppConfig):
    name = "minjing.kernel.matters"
    label = "matters"
