"""Addresses of traffic: each corner of the module has its own block."""

from django.urls import URLPattern, URLResolver, path

from minjing.modules.traffic.views import consents, plate_numbers, roads, studies
from minjing.modules.traffic.views.yielding import door

app_name = "traffic"
urlpatterns: list[URLPattern | URLResolver] = []
# The ambulance that clears the way.
urlpatterns += [
    path("traffic/yielding/batches/", door.batches, name="yielding_batches"),
]
# Pages of the services: numbers, consents, study, passes.
urlpatterns += [
    path("me/plates/", plate_numbers.choose, name="plates"),
    path("me/consents/", consents.mine, name="consents"),
    path("me/studies/", studies.study, name="studies"),
    path("me/studies/<uuid:study_id>/", studies.lesson, name="lesson"),
    path("traffic/roads/", roads.roads, name="roads"),
]
