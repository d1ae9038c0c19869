"""Plug board of watch."""

from django.apps import AppConfig


class WatchConfig(AppConfig):
    name = "minjing.kernel.watch"
    label = "watch"
