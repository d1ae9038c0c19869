"""Plug board of files: whoever keeps the matters registers a guard in `plugs`; nothing else hangs here."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "minjing.kernel.files"
    label = "files"
