"""Addresses of the open portal."""

from django.urls import URLPattern, URLResolver

app_name = "open"
urlpatterns: list[URLPattern | URLResolver] = []
