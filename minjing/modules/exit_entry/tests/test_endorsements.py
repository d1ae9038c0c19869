"""Endorsements again, online: what data alone decides, and what it sends to the counter."""

import pytest

from minjing.kernel.matters.errors import Wrong
from minjing.modules.exit_entry.models import Endorsement
from minjing.modules.exit_entry.tests.world import (
    CLERK,
    HOUR,
    LIN,
    MAKER,
    NOW,
    OLD,
    SU,
    TODAY,
    WANG,
    act,
    apply,
    document,
)  # fmt: skip

pytestmark = pytest.mark.django_db
ONLINE = {
    "permit_no": "CZ****001",
    "endorsement_kind": "HK-G-1Y2",
    "destination": "hongkong",
    "delivery_mode": "hall",
}


def refused(by, **answers) -> dict[str, str]:
    with pytest.raises(Wrong) as wrong:
        apply("EX0008", by, **{**ONLINE, **answers})
    return {name: text.zh for name, text in wrong.value.errors.items()}


def test_an_endorsement_is_issued_at_once_where_the_records_bear_it_out(office):
    matter = apply("EX0008", LIN, **ONLINE)
    from minjing.kernel.matters.models import Matter

    stored = Matter.objects.get(id=matter.id)
    assert stored.state == "making"
    one = Endorsement.objects.get(matter_id=matter.id)
    assert (one.code, one.destination, one.state, one.issued_date) == ("HK-G-1Y2", "hongkong", "being_made", TODAY)


def test_when_it_is_written_to_the_card_the_one_before_is_over(office):
    before = Endorsement.objects.get(document=document(LIN, "hk_macao"))
    matter = apply("EX0008", LIN, **ONLINE)
    matter = act(act(matter, "claim", MAKER), "make", MAKER)
    before.refresh_from_db()
    assert before.state == "cancelled"
    assert Endorsement.objects.get(matter_id=matter.id).state == "valid"
    matter = act(act(matter, "to_hall", MAKER), "hand_over", CLERK, now=NOW + 2 * HOUR)
    assert matter.outcome == "approved"


def test_who_has_no_card_no_fingerprints_or_no_registration_here_is_told_all_of_it(office):
    assert "请先申请通行证" in refused(SU)["endorsement_kind"]
    assert "本市户籍" in refused(WANG)["endorsement_kind"]
    assert "电子" in refused(OLD)["endorsement_kind"]
    assert "单位意见" in refused(LIN, on_record_list=True)["on_record_list"]


def test_another_kind_than_one_held_goes_to_the_counter(office):
    assert "再次申请同类" in refused(LIN, endorsement_kind="HK-L-1Y1")["endorsement_kind"]


def test_taiwan_is_refused_without_a_permit_to_taiwan(office):
    with pytest.raises(Wrong) as wrong:
        apply("EX0010", LIN, permit_no="LZ****001", endorsement_kind="TW-G-6M1", delivery_mode="hall")
    assert "通行证" in wrong.value.errors["endorsement_kind"].zh
