"""Plug board of notify."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "minjing.kernel.notify"
    label = "notify"
