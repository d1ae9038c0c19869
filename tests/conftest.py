"""What the journeys and the faults share: one house of real processes; the killing comes last."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.house import House


def pytest_collection_modifyitems(items) -> None:
    """Mark journeys and faults by their folder, and let the faults, which kill what the others need, come last."""
    for item in items:
        if "/tests/journeys/" in str(item.path):
            item.add_marker(pytest.mark.journey)
        if "/tests/faults/" in str(item.path):
            item.add_marker(pytest.mark.fault)
    # Full disks leave a house that nothing else can run in.
    items.sort(key=lambda item: ("/tests/faults/" in str(item.path)) + ("test_disk_full" in str(item.path)))


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """Start the house once; stop it at the end. JOURNEY_HOUSE=folder:port takes one that is running."""
    running = os.environ.get("JOURNEY_HOUSE")
    if running:
        yield House.running(*running.rsplit(":", 1))
        return
    house = House()
    try:
        house.start()
        yield house
    finally:
        house.stop()
        shutil.rmtree(house.data_dir, ignore_errors=True)
