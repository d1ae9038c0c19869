"""SECURITY.md names code and tests that exist: a promise without its test is found here."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHORT = {"k/": "minjing/kernel/", "m/": "minjing/"}


def test_every_file_and_test_that_security_md_names_is_there() -> None:
    named, last = 0, ROOT
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for file, test, same in re.findall(r"`((?:k|m|tests)/[\w/.]+\.py)(?:::(\w+))?`|`…::(\w+)`", text):
        if file:
            start = next((s for s in SHORT if file.startswith(s)), "")
            last = ROOT / (SHORT.get(start, "") + file.removeprefix(start))
            assert last.is_file(), file
        if test or same:
            named += 1
            assert f"def {test or same}(" in last.read_text(encoding="utf-8"), f"{last.name}: {test or same}"
    assert named > 30
