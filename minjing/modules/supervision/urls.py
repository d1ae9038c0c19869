"""Addresses of the supervision module."""

from django.urls import URLPattern, URLResolver, path

from minjing.modules.supervision import views

app_name = "supervision"
urlpatterns: list[URLPattern | URLResolver] = [
    path("me/looks/<uuid:entry_id>/ask/", views.ask, name="ask"),
]
