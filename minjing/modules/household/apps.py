"""Plug board of the household module."""

from django.apps import AppConfig


class HouseholdConfig(AppConfig):
    name = "minjing.modules.household"
    label = "household"
