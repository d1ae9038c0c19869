"""What a city gets that says nothing: no public passwords behind a real address."""

import os
import subprocess
import sys

import pytest


def demo(**environment: str) -> bool:
    """Return whether the settings of a fresh process are those of the demo."""
    code = "from minjing.site import settings; print(settings.DEMO)"
    kept = {k: v for k, v in os.environ.items() if k not in ("BASE_URL", "MINJING_DEMO")}
    said = subprocess.run(
        [sys.executable, "-c", code], env=kept | environment, capture_output=True, text=True, check=True
    )
    return said.stdout.strip() == "True"


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
