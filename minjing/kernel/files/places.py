"""Where a blob lies on the disk: its name, in a folder of its first two letters."""

from pathlib import Path

from django.conf import settings


def blob_path(index: bytes, part: str = "") -> Path:
    """Return the path of the blob that `index` names."""
    name = bytes(index).hex()
    return Path(settings.FILES_DIR) / name[:2] / f"{name}{part}"
