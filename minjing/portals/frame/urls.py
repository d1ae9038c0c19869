"""Addresses of the frame: language and elder mode."""

from django.urls import path

from minjing.portals.frame import views

app_name = "frame"
urlpatterns = [
    path("language/", views.language, name="language"),
    path("elder/", views.elder, name="elder"),
]
