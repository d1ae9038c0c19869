"""Plug board of the api portal."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "minjing.portals.api"
    label = "api"
