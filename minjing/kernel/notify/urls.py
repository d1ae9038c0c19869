"""Addresses of notify."""

from django.urls import path

from minjing.kernel.notify.views import doors, reading, reports, ways, wechat

app_name = "notify"
urlpatterns = [
    path("notices/read/", reading.read, name="read"),
    path("notify/reports/house", reports.house, name="report_house"),
    path("notify/reports/aliyun/<slug:token>", reports.aliyun, name="report_aliyun"),
    path("notify/reports/tencent/<slug:token>", reports.tencent, name="report_tencent"),
    path("messages/ways/", ways.ways, name="ways"),
    path("messages/ways/topics", ways.topics, name="ways_topics"),
    path("messages/ways/email", ways.email, name="ways_email"),
    path("messages/ways/email/confirm", ways.confirm, name="ways_confirm"),
    path("messages/ways/wechat", ways.wechat_code, name="ways_wechat"),
    path("messages/ways/push", ways.push, name="ways_push"),
    path("messages/ways/letter", ways.letter, name="ways_letter"),
    path("messages/ways/end", ways.end, name="ways_end"),
    path("push-worker.js", ways.push_worker, name="push_worker"),
    path("wechat/callback", wechat.callback, name="wechat_callback"),
    path("door/<slug:kind>", doors.door, name="door"),
    path("door/<slug:kind>/back", doors.back, name="door_back"),
    path("door/<slug:kind>/bind", doors.bind, name="door_bind"),
]
