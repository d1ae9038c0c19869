"""What traffic adds to the JSON API: what drivers and owners do, and the desks."""

from minjing.modules.traffic.views.api import (
    accidents,
    bindings,
    consents,
    desks,
    links,
    made_way,
    own,
    plate_numbers,
    studies,
)
from minjing.modules.traffic.views.api.door import traffic

for corner in (own, bindings, accidents, consents, plate_numbers, studies, links, made_way, desks):
    traffic.add_router("", corner.router)

__all__ = ["traffic"]
