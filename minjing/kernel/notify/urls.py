"""Addresses of notify."""

from django.urls import path

from minjing.kernel.notify import views

app_name = "notify"
urlpatterns = [path("notices/read/", views.read, name="read")]
