"""Addresses of exit and entry."""

from django.urls import URLPattern, URLResolver, path

from minjing.modules.exit_entry.views import outside, own

app_name = "exit_entry"
urlpatterns: list[URLPattern | URLResolver] = [
    path("me/documents/", own.mine, name="mine"),
    path("me/documents/<uuid:document_id>/lost/", own.lost, name="lost"),
    path("hall/cabinet/", outside.cabinet, name="cabinet"),
    path("exit-entry/carrier/", outside.carrier, name="carrier"),
]
