"""Plug board of identity."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "minjing.kernel.identity"
    label = "identity"
