"""The data files say what the facts say."""

import csv
from datetime import date
from pathlib import Path

import pytest

from minjing.modules.exit_entry import rules, tariff

FACTS = Path(__file__).resolve().parents[5] / "shared" / "facts" / "endorsement_kinds.csv"
TODAY = date(2026, 11, 27)


def test_there_are_the_36_kinds_each_with_a_source_and_a_confidence():
    kinds = tariff.kinds().values()
    assert len(kinds) == 36
    assert all(kind.source and kind.confidence in "ABC" and kind.fees for kind in kinds)
    assert {kind.document for kind in kinds} == {"hk_macao", "taiwan"}
    assert {kind.letter for kind in kinds if kind.document == "taiwan"} == set("LGTYFXDJQC")
    assert {kind.letter for kind in kinds if kind.document == "hk_macao"} == set("GLTSQDR")


@pytest.mark.skipif(not FACTS.exists(), reason="the facts lie beside the repository only where it is built")
def test_each_kind_has_the_fees_and_days_of_the_facts():
    for row in csv.DictReader(FACTS.open(encoding="utf-8")):
        kind = tariff.kinds()[row["code"]]
        assert kind.stay_days == int(row["stay_days_each"])
        for column, day in (
            ("fee_before_201707", date(2017, 6, 30)),
            ("fee_201707", date(2018, 1, 1)),
            ("fee_now", TODAY),
        ):
            said = rules.price(kind.fees, day)
            assert said == (None if row[column] == "-" else int(row[column]) * 100), (row["code"], column)


def test_the_rules_of_validity_are_those_of_the_law():
    years = tariff.read("limits.yaml")["validity_years"]
    assert (years["under_16"], years["from_16"]) == (rules.YEARS_CHILD, rules.YEARS_ADULT)
