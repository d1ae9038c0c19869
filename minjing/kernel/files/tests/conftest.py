"""Two residents with files of their own, and folders that are emptied afterwards."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from minjing.base import idnumber
from minjing.kernel.files.plugs import plugs
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries
from minjing.kernel.identity.actor import Actor

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR, settings.FILES_DIR, settings.CLAMD_SOCKET = tmp_path, tmp_path / "files", ""
    return tmp_path


@pytest.fixture(autouse=True)
def no_guard() -> Iterator[None]:
    kept, plugs.guard, plugs.holders = (plugs.guard, plugs.holders), None, None
    yield
    plugs.guard, plugs.holders = kept


def resident(phone: str, name: str, id_number: str) -> Actor:
    person = identity.ensure_person(name=name, id_number=id_number, now=NOW)
    return queries.actor_of(identity.open_account(phone=phone, person_id=person, level=2, now=NOW).pk, NOW)


@pytest.fixture
def lin(db: None) -> Actor:
    return resident("13800000001", "林小雨", idnumber.compose("440304", date(1990, 1, 1), 2))


@pytest.fixture
def chen(db: None) -> Actor:
    return resident("13800000002", "陈大海", idnumber.compose("440304", date(1985, 5, 5), 3))
