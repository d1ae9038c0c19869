"""What a city gets that says nothing: no public passwords behind a real address."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from minjing.site import settings


def demo(**environment: str) -> bool:
    """Return whether the settings of a fresh process are those of the demo."""
    code = "from minjing.site import settings; print(settings.DEMO)"
    kept = {k: v for k, v in os.environ.items() if k not in ("BASE_URL", "MINJING_DEMO")}
    said = subprocess.run(
        [sys.executable, "-c", code], env=kept | environment, capture_output=True, text=True, check=True
    )
    return said.stdout.strip() == "True"


def test_a_secret_is_whole_for_whoever_reads_it_and_one_for_all(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    for n in range(20):
        with ThreadPoolExecutor(8) as pool:
            read = set(pool.map(lambda _, name=f"S{n}": settings.secret(name), range(16)))
        assert len(read) == 1
        assert re.fullmatch("[0-9a-f]{64}", read.pop())
    kept = sorted((tmp_path / "keys").iterdir())
    assert len(kept) == 20
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, True),
        ({"BASE_URL": "http://localhost:9000"}, True),
        ({"BASE_URL": "https://police.example"}, False),
        ({"BASE_URL": "https://police.example", "MINJING_DEMO": "1"}, True),
        ({"MINJING_DEMO": "0"}, False),
    ],
)
def test_the_demo_and_its_public_passwords_stay_off_behind_https_unless_asked_for(
    environment: dict[str, str], expected: bool
) -> None:
    assert demo(**environment) is expected
