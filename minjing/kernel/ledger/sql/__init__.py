"""SQL by file name: the schema and its guards, read by the migrations."""

from pathlib import Path

FOLDER = Path(__file__).parent


def script(name: str) -> str:
    """Return the text of one .sql file of this folder."""
    return (FOLDER / f"{name}.sql").read_text()
