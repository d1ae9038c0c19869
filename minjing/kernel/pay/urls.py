"""Addresses that the world outside calls: gateways with their notifications, and browsers on their way back."""

from django.urls import path

from minjing.kernel.pay import views

app_name = "pay"
urlpatterns = [
    path("pay/notify/<slug:channel>", views.notify, name="notify"),
    path("pay/back/<slug:number>/", views.back, name="back"),
]
