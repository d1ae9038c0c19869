"""Addresses of traffic: each corner of the module has its own block."""

from django.urls import URLPattern, URLResolver, path

from minjing.modules.traffic.views.yielding import door

app_name = "traffic"
urlpatterns: list[URLPattern | URLResolver] = []
# The ambulance that clears the way.
urlpatterns += [
    path("traffic/yielding/batches/", door.batches, name="yielding_batches"),
]
