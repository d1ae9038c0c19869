"""Plug board of files."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "minjing.kernel.files"
    label = "files"
