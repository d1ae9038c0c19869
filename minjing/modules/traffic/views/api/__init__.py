"""What traffic adds to the JSON API: one's own violations, cars and licence; the desks; making way."""

from minjing.modules.traffic.views.api import desks, made_way, own
from minjing.modules.traffic.views.api.door import traffic

for corner in (own, desks, made_way):
    traffic.add_router("", corner.router)

__all__ = ["traffic"]
