"""One's own border records: at once, one's own, as far back as the rule says, and the days sealed."""

import pytest

from minjing.kernel.ledger import queries as ledger
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.errors import Wrong
from minjing.kernel.matters.models import Matter
from minjing.kernel.papers import queries as papers
from minjing.modules.exit_entry import events, queries
from minjing.modules.exit_entry.models import BorderRecord
from minjing.modules.exit_entry.tests.world import LIN, NOW, SU, WANG, apply

pytestmark = pytest.mark.django_db
PERIOD = {"date_from": "2020-01-01", "date_to": "2026-11-26", "purpose": "visa"}


def test_the_result_is_issued_at_once_with_the_seal(office):
    matter = apply("EX0011", LIN, **PERIOD)
    assert Matter.objects.get(id=matter.id).outcome == "approved"
    (paper,) = papers.of_matter(matter.id, now=NOW)
    assert paper.kind == "exit_entry_records"
    said = ledger.entry_of(Outbox.objects.get(kind=events.CERTIFIED).id)
    assert said.payload["crossings"] == 2
    assert papers.check(paper.code, now=NOW).state == "valid"


def test_only_ones_own_crossings_of_the_period_are_found(office):
    from datetime import date

    mine = queries.crossings(LIN.person_id, date(2025, 10, 4), date(2026, 1, 1), LIN.actor, NOW)
    assert [(c.outward, c.port) for c in mine] == [(False, "福田口岸")]
    assert queries.crossings(SU.person_id, date(2000, 1, 1), date(2026, 1, 1), SU.actor, NOW) == []


def test_nothing_of_a_crossing_lies_in_the_clear(office):
    for blob in BorderRecord.objects.values_list("crossing_sealed", flat=True):
        assert b"2025" not in bytes(blob)
        assert "口岸".encode() not in bytes(blob)


def test_too_far_back_or_the_wrong_way_round_is_refused_beside_the_field(office):
    for answers, field in (({"date_from": "2016-01-01"}, "date_from"), ({"date_to": "2019-01-01"}, "date_to")):
        with pytest.raises(Wrong) as wrong:
            apply("EX0011", WANG, **{**PERIOD, **answers})
        assert set(wrong.value.errors) == {field}
