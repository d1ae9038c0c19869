"""Addresses of notify."""

from django.urls import path

from minjing.kernel.notify.views import doors, reading, reports, wechat

app_name = "notify"
urlpatterns = [
    path("notices/read/", reading.read, name="read"),
    path("notify/reports/house", reports.house, name="report_house"),
    path("notify/reports/aliyun/<slug:token>", reports.aliyun, name="report_aliyun"),
    path("wechat/callback", wechat.callback, name="wechat_callback"),
    path("door/<slug:kind>", doors.door, name="door"),
    path("door/<slug:kind>/back", doors.back, name="door_back"),
    path("door/<slug:kind>/bind", doors.bind, name="door_bind"),
]
