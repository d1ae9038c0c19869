"""Plug board of files: it rewrites pictures for identity; whoever keeps the matters registers a guard in `plugs`."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "minjing.kernel.files"
    label = "files"

    def ready(self) -> None:
        """Hang the cleaning of pictures into identity, which lies below and keeps those of its checks itself."""
        from minjing.kernel.files.actions import clean_picture
        from minjing.kernel.identity import plugs as identity

        identity.picture_cleaner(clean_picture)
