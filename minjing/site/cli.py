"""The command `minjing`. Verbs it does not know itself are Django's management commands."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Run one verb of the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minjing.site.settings")
    from minjing.site import postgres

    root = Path(__file__).resolve().parents[2]
    data_dir = Path(os.environ.get("DATA_DIR") or root / "var").resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    postgres.ensure(data_dir)
    from django.core.management import execute_from_command_line

    execute_from_command_line(["minjing", *sys.argv[1:]])


if __name__ == "__main__":
    main()
