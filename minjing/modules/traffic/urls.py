"""Addresses of traffic: each corner of the module has its own block."""

from django.urls import URLPattern, URLResolver

app_name = "traffic"
urlpatterns: list[URLPattern | URLResolver] = []
