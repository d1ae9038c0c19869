"""Addresses of the JSON API; its names are under `api:`."""

from django.urls import path

from minjing.portals.api.views import api

urlpatterns = [path("", api.urls)]
