"""Addresses of traffic: each corner of the module has its own block."""

from django.urls import URLPattern, URLResolver, path

from minjing.modules.traffic.views import checking, consents, own, plate_numbers, roads, studies
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
# My cars, my licence, and its check by anybody.
urlpatterns += [
    path("me/cars/", own.cars, name="cars"),
    path("me/cars/<uuid:binding_id>/answer/", own.answer, name="car_answer"),
    path("me/cars/<uuid:binding_id>/unbind/", own.unbind, name="unbind"),
    path("me/licence/", own.licence, name="licence"),
    path("me/licence/code/", own.licence_code, name="licence_code"),
    path("open/check-licence/", checking.check_licence, name="check_licence"),
    path("open/licence-key.txt", checking.licence_key, name="licence_key"),
]
