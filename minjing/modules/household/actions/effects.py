"""What a decided service does to the register: the effects by the names that service files use.

Each runs in the transaction of the decision: `EffectRefused` undoes all of it, and no decision is taken.
"""

from collections.abc import Mapping

from minjing.kernel.matters.plugs import Effect
from minjing.modules.household.actions.arrivals import move_in
from minjing.modules.household.actions.births import add_birth, add_late
from minjing.modules.household.actions.case import decision, effect
from minjing.modules.household.actions.corrections import (
    correct_arrival,
    correct_birth,
    correct_entry,
    correct_household,
    correct_leaving,
)
from minjing.modules.household.actions.endings import cancel
from minjing.modules.household.actions.entries import change_entry
from minjing.modules.household.actions.households import change_head, merge, set_up, split
from minjing.modules.household.actions.moves import move_out, move_within
from minjing.modules.household.actions.papers import certify, reissue

EFFECTS: Mapping[str, Effect] = {
    "household.add_birth": decision(add_birth),
    "household.add_late": decision(add_late),
    "household.cancel": decision(cancel),
    "household.move_in": decision(move_in),
    "household.move_out": decision(move_out),
    "household.move_within": decision(move_within),
    "household.set_up": decision(set_up),
    "household.split": decision(split),
    "household.merge": decision(merge),
    "household.change_head": decision(change_head),
    "household.change_entry": decision(change_entry),
    "household.reissue": decision(reissue),
    "household.certify": decision(certify),
}
CORRECTIONS: Mapping[str, Effect] = {
    "household.add_birth": effect(correct_birth),
    "household.add_late": effect(correct_birth),
    "household.cancel": effect(correct_leaving),
    "household.move_in": effect(correct_arrival),
    "household.move_out": effect(correct_leaving),
    "household.move_within": effect(correct_arrival),
    "household.set_up": effect(correct_household),
    "household.split": effect(correct_household),
    "household.merge": effect(correct_household),
    "household.change_head": effect(correct_household),
    "household.change_entry": effect(correct_entry),
    "household.reissue": effect(reissue),
    "household.certify": effect(certify),
}
