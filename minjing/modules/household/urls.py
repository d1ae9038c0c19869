"""Addresses of the household module."""

from django.urls import URLPattern, URLResolver, path

from minjing.modules.household.views import households, own

app_name = "household"
urlpatterns: list[URLPattern | URLResolver] = [
    path("me/households/", own.mine, name="mine"),
    path("officer/households/", households.by_number, name="by_number"),
    path("officer/people/<uuid:person_id>/households/", households.of_person, name="of_person"),
]
