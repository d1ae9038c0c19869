"""The settings of the monitor: the ledger and its watch; of the parts above it knows the records by name alone."""

from minjing.site.ledger_settings import *  # noqa: F403 - the same light process as the sequencer

INSTALLED_APPS = ["minjing.kernel.watch", "minjing.kernel.ledger"]
