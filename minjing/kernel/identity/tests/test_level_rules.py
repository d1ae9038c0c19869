"""Levels, pure: what proofs make of a sign-in and a browser."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from minjing.base.ids import new_id
from minjing.kernel.identity.rules import Proof, standing

NOW = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
HERE, THERE = new_id(), new_id()


def level(base: int, *proofs: Proof, session: UUID | None = HERE, device: str = "aa") -> int:
    return standing(base, proofs, session_ref=session, device=device, now=NOW).level


def proof(number: int, hours: float, session: UUID | None = HERE, device: str = "aa") -> Proof:
    return Proof(new_id(), number, NOW - timedelta(hours=hours), session, device)


def test_without_proof_the_level_is_that_of_the_account() -> None:
    assert [level(1), level(2)] == [1, 2]


def test_a_check_of_today_is_level_4_where_it_was_given_and_level_3_elsewhere() -> None:
    given = proof(3, 2)
    assert level(2, given) == 4
    assert level(2, given, session=THERE) == 4  # the same browser, another sign-in: an officer took his time
    assert level(2, given, session=THERE, device="bb") == 3  # a stolen phone number elsewhere
    assert level(2, given, session=None, device="") == 3  # a token of the API


def test_after_24_hours_level_3_remains() -> None:
    assert level(2, proof(3, 23.9)) == 4
    assert level(2, proof(3, 24)) == 3


def test_a_passkey_makes_4_of_a_3_that_stands_and_nothing_of_a_2() -> None:
    assert level(2, proof(4, 0.1)) == 2
    assert level(2, proof(3, 1_000), proof(4, 0.1)) == 4
    assert level(2, proof(3, 1_000), proof(4, 0.1), session=THERE) == 3  # the same browser, signed in anew


def test_a_phone_alone_gains_nothing_by_proofs_of_before() -> None:
    assert level(1, proof(3, 1)) == 1


def test_a_check_at_the_counter_is_level_3_and_no_browser_inherits_it_as_4() -> None:
    assert level(2, proof(3, 1, session=None, device=""), session=None, device="") == 3


def test_the_standing_names_the_evidence_that_carries_it() -> None:
    old, fresh = proof(3, 100), proof(3, 1)
    found = standing(2, [old, fresh], session_ref=HERE, device="aa", now=NOW)
    assert (found.level, found.evidence) == (4, fresh.id)
    found = standing(2, [old], session_ref=THERE, device="bb", now=NOW)
    assert (found.level, found.evidence) == (3, old.id)
