"""The WSGI entry that granian serves."""

import gc
import os
from threading import Thread

from django.core.wsgi import get_wsgi_application

from minjing.base.sounds import sounds_of

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minjing.site.settings")
application = get_wsgi_application()

# The catalogue and the framework are half a million objects that live as long as the process. To look through all of
# them for cycles stops every thread for a fifth of a second and took a tenth of the time of serving pages; what a
# request leaves behind is found among the young. https://docs.python.org/3/library/gc.html#gc.freeze
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 100)

# The first page does not wait for the dictionary of sounds, and neither does the first search.
Thread(target=sounds_of, args=("民警",), daemon=True).start()
