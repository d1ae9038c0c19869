"""What an application costs, and that nothing is done before it is paid."""

from datetime import date

import pytest

from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.matters.models import Matter
from minjing.kernel.pay.models import Order
from minjing.modules.exit_entry import charges
from minjing.modules.exit_entry.tests.world import CLERK, LIN, NOW, act, apply, paid

DAY = date(2026, 11, 27)
ONLINE = {"permit_no": "CZ****001", "endorsement_kind": "HK-G-1Y2", "destination": "both", "delivery_mode": "hall"}


@pytest.mark.parametrize(
    ("table", "answers", "fen"),
    [
        ("passport", {}, [12000]),
        ("annotation", {}, [2000]),
        ("hk_macao", {}, [6000]),
        ("hk_macao_first", {}, [6000]),
        ("hk_macao_first", {"endorsement_kind": "HK-G-1YM", "destination": "hongkong"}, [6000, 8000]),
        ("hk_macao_first", {"endorsement_kind": "HK-D-LTM", "destination": "macao"}, [6000, 24000]),
        ("hk_macao_endorsement", {"endorsement_kind": "HK-G-1Y1", "destination": "both"}, [1500, 1500]),
        ("taiwan", {"permit_form": "electronic", "endorsement_kind": "TW-G-6M1"}, [8000, 1500]),
        ("taiwan", {"permit_form": "single"}, [1500]),
        ("taiwan_endorsement", {"endorsement_kind": "TW-Y-YM"}, [8000]),
    ],
)
def test_a_bill_has_a_line_for_the_document_and_one_for_each_place(table, answers, fen):
    items, waivers = charges.charged(table, answers, NOW)
    assert [item.fen for item in items] == fen
    assert all(item.basis["confidence"] in "ABC" for item in items)
    assert waivers == []


def test_every_table_has_prices_for_the_guide_and_they_are_those_of_the_bill():
    for table in charges.TABLES:
        assert charges.prices(table, NOW), table
    assert ({t.zh: f for t, f in charges.prices("passport", NOW)}) == {"普通护照工本费": 12000}


@pytest.mark.django_db
def test_a_renewal_waits_for_its_fee_and_then_lies_before_the_officer(office):
    matter = apply("EX0003", LIN, reason="expiring", unpaid=True)
    assert matter.state == "paying"
    assert Order.objects.get(subject_id=matter.id).total_fen == 12000
    with pytest.raises(NotAllowed):
        act(matter, "claim", CLERK)
    assert paid(matter, LIN.actor).state == "submitted"


@pytest.mark.django_db
def test_an_endorsement_online_is_issued_the_moment_it_is_paid(office):
    matter = apply("EX0008", LIN, unpaid=True, **ONLINE)
    assert Matter.objects.get(id=matter.id).state == "paying"
    assert paid(matter, LIN.actor).state == "making"
    assert Order.objects.get(subject_id=matter.id).total_fen == 6000


@pytest.mark.django_db
def test_asking_for_ones_own_records_costs_nothing(office):
    apply("EX0011", LIN, date_from="2020-01-01", date_to="2026-11-26", purpose="own")
    assert not Order.objects.exists()
