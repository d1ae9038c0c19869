"""What a form knows already of who fills it in, and to whom it says that."""

import pytest

from minjing.kernel.matters import plugs, queries
from minjing.kernel.matters.tests.world import LIN, MONDAY

SAYS = {"name": "林小夫", "address": "深圳市福田区福田街道民安路88号"}


@pytest.fixture(autouse=True)
def registers(monkeypatch):
    """A register that says only the name to whoever has said name and number, and an account that says all."""
    for plug, open_paths in (("open_register", ("name",)), ("own_account", None)):
        monkeypatch.setitem(plugs.PREFILLS, plug, lambda person_id, path, now: SAYS[path])
        if open_paths is not None:
            monkeypatch.setitem(plugs.OPEN_PATHS, plug, open_paths)


@pytest.mark.parametrize(("level", "address"), [(2, None), (3, SAYS["address"]), (4, SAYS["address"])])
def test_who_knows_a_name_and_a_number_does_not_learn_an_address(level, address):
    known = queries.Known(LIN.person_id, MONDAY, level)
    assert known.of("open_register.name") == SAYS["name"]
    assert known.of("open_register.address") == address
    assert known.of("own_account.address") == SAYS["address"]
