"""May this person do this, here, now, for this matter? The table is the specification."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from minjing.kernel.identity.actor import OFFICER, RESIDENT, SYSTEM, Actor, Holding
from minjing.kernel.identity.rules import (
    ADMIN_ACTS,
    ADMINISTRATORS,
    DEPUTY_MAX,
    WORDS,
    may,
    may_deputise,
    may_hold,
    may_look,
)

WANG, ZHAO, LI = UUID(int=11), UUID(int=12), UUID(int=13)
STATION, BRANCH, OTHER, LONGER = "1.4.27.", "1.4.", "1.5.31.", "1.4.270."


def held(post: str, path: str, *acts: str, deputy_for: UUID | None = None, scope: tuple[str, ...] = ()) -> Holding:
    return Holding(post, 27, path, "station", 4, frozenset(acts), deputy_for, scope)


def officer(*holdings: Holding, account: UUID = WANG) -> Actor:
    return Actor(account, OFFICER, holdings=holdings)


CLERK = held("station_clerk", STATION, "handle", "look")
APPROVER = held("branch_approver", BRANCH, "decide", "look")
FOR_ZHAO = held("station_clerk", STATION, "handle", deputy_for=ZHAO, scope=("HZ0301",))

# ruff: noqa: E501 - a table is read in lines
# who, act, unit of the matter, post asked for, service, who must not do it → the answer
TABLE = [
    ("the clerk of the station claims", officer(CLERK), STATION, "station_clerk", "HZ0101", (), ""),
    ("the act alone is enough where no post is named", officer(CLERK), STATION, "", "", (), ""),
    ("a clerk decides", officer(CLERK), STATION, "branch_approver", "", (), "no_post"),
    ("a clerk of another station", officer(CLERK), OTHER, "station_clerk", "", (), "other_unit"),
    ("a clerk of a station whose path begins alike", officer(CLERK), LONGER, "station_clerk", "", (), "other_unit"),
    ("a clerk acts in the branch above", officer(CLERK), BRANCH, "station_clerk", "", (), "other_unit"),
    ("an approver decides for a station below", officer(APPROVER), STATION, "branch_approver", "", (), ""),
    ("an approver decides in the branch itself", officer(APPROVER), BRANCH, "branch_approver", "", (), ""),
    ("an approver's act does not replace the post named", officer(APPROVER), STATION, "station_clerk", "", (), "no_post"),
    ("nobody whose post has ended", officer(), STATION, "station_clerk", "", (), "no_post"),
    ("a resident", Actor(WANG, RESIDENT), STATION, "station_clerk", "", (), "not_officer"),
    ("the clock", SYSTEM, STATION, "station_clerk", "", (), "not_officer"),
    ("a deputy within scope", officer(FOR_ZHAO), STATION, "station_clerk", "HZ0301", (), ""),
    ("a deputy out of scope", officer(FOR_ZHAO), STATION, "station_clerk", "HZ0101", (), "out_of_scope"),
    ("the one who recommended", officer(APPROVER), STATION, "branch_approver", "", (WANG,), "same_person"),
    ("somebody else recommended", officer(APPROVER), STATION, "branch_approver", "", (LI,), ""),
    ("the deputy of the one who recommended", officer(FOR_ZHAO), STATION, "station_clerk", "HZ0301", (ZHAO,), "same_person"),
    ("an own post beside the excluded deputyship", officer(FOR_ZHAO, CLERK), STATION, "station_clerk", "HZ0301", (ZHAO,), ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "who", "unit", "post", "code", "not_by", "answer"), TABLE, ids=[t[0] for t in TABLE]
)
def test_may(title: str, who: Actor, unit: str, post: str, code: str, not_by: tuple[UUID, ...], answer: str) -> None:
    verdict = may(who, "handle", unit_path=unit, post=post, code=code, not_by=not_by)
    assert verdict.reason_key == answer
    assert verdict.ok is (answer == "")


def test_the_own_post_is_used_before_a_deputyship() -> None:
    verdict = may(officer(FOR_ZHAO, CLERK), "handle", unit_path=STATION, post="station_clerk", code="HZ0301")
    assert verdict.holding == CLERK


def test_every_refusal_has_words_in_both_languages() -> None:
    keys = {row[-1] for row in TABLE} - {""}
    for key in keys | {"administrators_apart", "not_held", "too_long", "ends_before_start"}:
        assert WORDS[key]["zh"]
        assert WORDS[key]["en"]


@pytest.mark.parametrize("post", sorted(ADMINISTRATORS))
def test_administrators_hold_nothing_else(post: str) -> None:
    assert may_hold([], post).ok
    assert may_hold([post], post).ok
    for other in (ADMINISTRATORS - {post}) | {"station_clerk"}:
        assert may_hold([other], post).reason_key == "administrators_apart"
        assert may_hold([post], other).reason_key == "administrators_apart"


def test_no_administrator_reads_and_no_two_share_an_act() -> None:
    acts = list(ADMIN_ACTS.values())
    assert sum(len(a) for a in acts) == len(frozenset().union(*acts))
    for post, its_acts in ADMIN_ACTS.items():
        admin = officer(held(post, "1.", *its_acts, "look"))  # even a city that wrote look into its file
        assert not may_look(admin).ok


def test_a_look_needs_the_act() -> None:
    supervisor = officer(held("supervisor", "1.", "supervise"))
    assert may_look(officer(CLERK)).ok
    assert not may_look(supervisor).ok
    assert not may_look(Actor(WANG, RESIDENT)).ok


SINCE = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("holdings", "post", "path", "lasts", "answer"),
    [
        ((CLERK,), "station_clerk", STATION, timedelta(days=5), ""),
        ((CLERK,), "station_clerk", OTHER, timedelta(days=5), "not_held"),
        ((CLERK,), "branch_approver", STATION, timedelta(days=5), "not_held"),
        ((FOR_ZHAO,), "station_clerk", STATION, timedelta(days=5), "not_held"),
        ((CLERK,), "station_clerk", STATION, timedelta(0), "ends_before_start"),
        ((CLERK,), "station_clerk", STATION, DEPUTY_MAX + timedelta(seconds=1), "too_long"),
        ((held("audit_admin", "1."),), "audit_admin", "1.", timedelta(days=5), "administrators_apart"),
    ],
)
def test_may_deputise(holdings: tuple[Holding, ...], post: str, path: str, lasts: timedelta, answer: str) -> None:
    assert may_deputise(holdings, (CLERK,), post, path, SINCE, SINCE + lasts).reason_key == answer


HEAD_ACTS = ("decide", "look", "supervise")


@pytest.mark.parametrize(
    ("deputy", "answer"),
    [
        ((), "deputy_not_near"),
        ((CLERK,), ""),
        ((held("station_clerk", "1.4.28.", *CLERK.acts),), ""),
        ((held("station_clerk", "1.5.31.", *CLERK.acts),), "deputy_not_near"),
        ((held("hall_clerk", "1.4.", *CLERK.acts, "serve"),), ""),
        ((held("hall_clerk", "1.4.28.", *CLERK.acts),), "deputy_not_near"),
        ((held("desk", "1.", *CLERK.acts),), "deputy_not_near"),
        ((held("hall_clerk", STATION, "look"),), "deputy_not_near"),
        ((FOR_ZHAO,), "deputy_not_near"),
        ((held("supervisor", "1.", "supervise", "watch"),), "deputy_not_near"),
        ((CLERK, held("branch_supervisor", "1.4.", "supervise", "watch")), "deputy_joins"),
        ((CLERK, held("fee_clerk", "1.", "reconcile")), "deputy_joins"),
        ((CLERK, held("audit_admin", "1.", "audit")), "administrators_apart"),
    ],
)
def test_who_may_stand_in_for_a_clerk(deputy: tuple[Holding, ...], answer: str) -> None:
    until = SINCE + timedelta(days=5)
    assert may_deputise((CLERK,), deputy, CLERK.post, CLERK.unit_path, SINCE, until).reason_key == answer


@pytest.mark.parametrize(
    ("lent", "deputy", "answer"),
    [
        (held("station_approver", STATION, *HEAD_ACTS), held("station_approver", "1.4.28.", *HEAD_ACTS), ""),
        (held("station_approver", STATION, *HEAD_ACTS), held("branch_approver", "1.4.", "decide", "look"), "near"),
        (held("branch_supervisor", "1.4.", "supervise"), held("branch_approver", "1.4.", "decide", "look"), "near"),
        (held("fee_approver", "1.", "approve_fee"), held("fee_approver", "1.", "approve_fee"), ""),
    ],
    ids=["heads", "head by approver", "supervisor by approver", "fees"],
)
def test_who_looks_over_others_has_deputies_of_the_same_kind(lent: Holding, deputy: Holding, answer: str) -> None:
    verdict = may_deputise((lent,), (deputy,), lent.post, lent.unit_path, SINCE, SINCE + timedelta(days=5))
    assert verdict.reason_key.rpartition("_")[2] == answer
