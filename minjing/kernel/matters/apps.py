"""Plug board of matters."""

from django.apps import AppConfig


class MattersConfig(AppConfig):
    name = "minjing.kernel.matters"
    label = "matters"

    def ready(self) -> None:
        """Name matters for the page "who looked", and guard the files that belong to matters."""
        from minjing.kernel.files import plugs as files
        from minjing.kernel.identity import plugs as identity
        from minjing.kernel.matters import queries

        identity.matter_numbers(queries.numbers)
        files.guard(queries.may_open_file)
