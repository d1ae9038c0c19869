"""The WSGI entry that granian serves."""

import gc
import os
from collections.abc import Callable, Iterable
from typing import Any, cast

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from minjing.base.sounds import sounds_of
from minjing.site.processes import GC_THRESHOLDS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minjing.site.settings")
_pages = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request; what is whole already is handed over whole, as the server sends it with less ado."""
    response: Any = _pages(environ, start_response)
    if response.streaming:
        return cast(Iterable[bytes], response)
    response.close()  # what follows an answer (connections are looked after) needs no reader
    return [response.content]


# What the first page and the first search would load, before the processes are forked: they share it.
get_resolver().url_patterns  # noqa: B018 - a property that imports every page
sounds_of("民警")

# The catalogue and the framework are half a million objects that live as long as the process. To look through all of
# them for cycles stops every thread for a fifth of a second and took a tenth of the time of serving pages; what a
# request leaves behind is found among the young. https://docs.python.org/3/library/gc.html#gc.freeze
gc.collect()
gc.freeze()
gc.set_threshold(*GC_THRESHOLDS)
