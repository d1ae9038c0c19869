"""The settings of processes that need the ledger and nothing above it: a third of the memory of the whole house."""

from minjing.site.settings import *  # noqa: F403 - the same city, the same database, the same folders

INSTALLED_APPS = ["minjing.kernel.ledger"]
MIDDLEWARE = []
TEMPLATES = []
ROOT_URLCONF = ""
