"""The least that django-viewflow's workflow needs, on the benchmarks' PostgreSQL."""

import os

from minjing.site.settings import database

SECRET_KEY = "only for a benchmark"  # noqa: S105 - protects nothing
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "viewflow",
    "viewflow.workflow",
    "bench.peers.viewflow_app",
]
DATABASES = {"default": database(os.environ["DATABASE_URL"])}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
