"""Settings of the bare view."""

import os

from minjing.site.settings import database

SECRET_KEY = "only for a benchmark"  # noqa: S105 - protects nothing
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "bench.peers.bare.urls"
DATABASES = {"default": {**database(os.environ["DATABASE_URL"]), "CONN_HEALTH_CHECKS": False}}
USE_TZ = True
