"""Few examples by day, many by night: HYPOTHESIS_PROFILE=night."""

import os

from hypothesis import HealthCheck, settings

QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True, "database": None}
settings.register_profile("day", max_examples=60, stateful_step_count=24, derandomize=True, **QUIET)
settings.register_profile("night", max_examples=3000, stateful_step_count=40, **QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "day"))
