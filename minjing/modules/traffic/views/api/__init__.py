"""What traffic adds to the JSON API: one's own violations, cars and licence; the desks; making way."""

from minjing.modules.traffic.views.api import (
    accident_desk,
    counter,
    desks,
    drafts,
    examining,
    made_way,
    own,
    records,
    tracks,
)
from minjing.modules.traffic.views.api.door import traffic

for corner in (own, desks, made_way, accident_desk, counter, examining, drafts, tracks, records):
    traffic.add_router("", corner.router)

__all__ = ["traffic"]
