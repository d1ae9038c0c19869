"""What traffic adds to the JSON API: what drivers and owners do, and the desks."""

from minjing.modules.traffic.views.api import (
    accident_desk,
    accidents,
    bindings,
    consents,
    counter,
    desks,
    drafts,
    examining,
    links,
    made_way,
    own,
    plate_numbers,
    records,
    studies,
    tracks,
)
from minjing.modules.traffic.views.api.door import traffic

OWN = (own, bindings, accidents, consents, plate_numbers, studies, links, made_way)
DESKS = (desks, accident_desk, counter, examining, drafts, tracks, records)
for corner in (*OWN, *DESKS):
    traffic.add_router("", corner.router)

__all__ = ["traffic"]
