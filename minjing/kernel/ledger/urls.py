"""The address of the log: its name without the host is this prefix."""

from django.urls import path

from minjing.kernel.ledger import views

app_name = "ledger"
urlpatterns = [path("ledger/<path:name>", views.file, name="file")]
