"""Everything that changes the register. `register` has the single steps, `effects` what services do with them."""

from minjing.modules.household.actions.effects import CORRECTIONS, EFFECTS

__all__ = ["CORRECTIONS", "EFFECTS"]
