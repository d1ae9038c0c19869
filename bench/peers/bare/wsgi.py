"""The entry that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.peers.bare.settings"
application = get_wsgi_application()
