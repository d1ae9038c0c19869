"""Addresses of exit and entry."""

from django.urls import URLPattern, URLResolver, path

from minjing.modules.exit_entry.views import machine, outside, own

app_name = "exit_entry"
urlpatterns: list[URLPattern | URLResolver] = [
    path("me/documents/", own.mine, name="mine"),
    path("me/documents/<uuid:document_id>/lost/", own.lost, name="lost"),
    path("kiosk/endorse/", machine.permit, name="machine"),
    path("kiosk/endorse/leave/", machine.leave, name="machine_leave"),
    path("kiosk/endorse/kind/", machine.kind, name="machine_kind"),
    path("kiosk/endorse/<str:number>/pay/", machine.pay, name="machine_pay"),
    path("kiosk/endorse/<str:number>/paid/", machine.paid, name="machine_paid"),
    path("kiosk/endorse/<str:number>/write/", machine.write, name="machine_write"),
    path("hall/cabinet/", outside.cabinet, name="cabinet"),
    path("exit-entry/carrier/", outside.carrier, name="carrier"),
]
