"""Plug board of the help desk."""

from django.apps import AppConfig


class HelpDeskConfig(AppConfig):
    name = "minjing.modules.help_desk"
    label = "help_desk"
