"""Plug board of papers."""

from django.apps import AppConfig


class PapersConfig(AppConfig):
    name = "minjing.kernel.papers"
    label = "papers"
