"""Plug board of exit and entry."""

from django.apps import AppConfig


class ExitEntryConfig(AppConfig):
    name = "minjing.modules.exit_entry"
    label = "exit_entry"
