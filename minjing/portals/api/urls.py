"""Addresses of the JSON API."""

from django.urls import path

from minjing.portals.api.views import api

app_name = "api"
urlpatterns = [path("", api.urls)]
