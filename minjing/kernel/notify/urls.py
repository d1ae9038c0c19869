"""Addresses of notify."""

from django.urls import path

from minjing.kernel.notify.views import reading, reports

app_name = "notify"
urlpatterns = [
    path("notices/read/", reading.read, name="read"),
    path("notify/reports/house", reports.house, name="report_house"),
    path("notify/reports/aliyun/<slug:token>", reports.aliyun, name="report_aliyun"),
]
