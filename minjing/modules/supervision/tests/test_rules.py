"""Who has a conflict of interests in a question about a look."""

from uuid import UUID

import pytest

from minjing.kernel.identity.actor import Actor, Holding
from minjing.modules.supervision.rules import LookAsked, is_concerned

CHEN, QIN, OTHER = UUID(int=11), UUID(int=31), UUID(int=99)


def actor(account: UUID, *held: tuple[str, int], deputy_for: UUID | None = None) -> Actor:
    holdings = (Holding(post, unit, f"{unit}.", "bureau", 0, deputy_for=deputy_for) for post, unit in held)
    return Actor(account, "officer", holdings=tuple(holdings))


@pytest.mark.parametrize(
    ("look", "by", "concerned"),
    [
        # the officer asked about, whatever post they hold now
        (LookAsked(QIN, 27, "station_clerk"), actor(QIN, ("inspector", 1)), True),
        # whom the officer stood in for
        (LookAsked(CHEN, 27, "station_clerk", deputy_for=QIN), actor(QIN, ("inspector", 1)), True),
        # a deputy of the officer asked about
        (LookAsked(CHEN, 27, "station_clerk"), actor(OTHER, ("inspector", 1), deputy_for=CHEN), True),
        # the same office
        (LookAsked(CHEN, 27, "station_clerk"), actor(OTHER, ("station_approver", 27), ("inspector", 1)), True),
        (LookAsked(CHEN, 1, "inspector"), actor(OTHER, ("inspector", 1)), True),
        (LookAsked(CHEN, 1, "inspector"), actor(OTHER, ("supervisor", 1)), True),
        (LookAsked(CHEN, 1, "bureau_approver"), actor(OTHER, ("bureau_approver", 1), ("inspector", 1)), True),
        # another office: another unit, or the inspectorate beside the other offices of the bureau
        (LookAsked(CHEN, 27, "station_clerk"), actor(OTHER, ("inspector", 1)), False),
        (LookAsked(CHEN, 1, "bureau_approver"), actor(OTHER, ("inspector", 1)), False),
        (LookAsked(CHEN, 4, "branch_supervisor"), actor(OTHER, ("inspector", 1)), False),
        # the system looked: nobody is of its office
        (LookAsked(UUID(int=0), None, ""), actor(OTHER, ("inspector", 1)), False),
    ],
)
def test_the_one_asked_about_and_their_office_keep_out(look: LookAsked, by: Actor, concerned: bool) -> None:
    assert is_concerned(look, by) is concerned
