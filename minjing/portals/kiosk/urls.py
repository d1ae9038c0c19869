"""Addresses of the machine in the hall."""

from django.urls import URLPattern, URLResolver, path

from minjing.portals.kiosk.views import coming, facing, inside

app_name = "kiosk"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", coming.start, name="start"),
    path("pair/", coming.pair, name="pair"),
    path("identify/", coming.identify, name="identify"),
    path("code/", coming.code, name="code"),
    path("ticket/", coming.ticket, name="ticket"),
    path("help/", coming.help_call, name="help"),
    path("end/", coming.end, name="end"),
    path("alive/", coming.alive, name="alive"),
    path("home/", inside.home, name="home"),
    path("face/", facing.face, name="face"),
    path("device-ticket/", facing.device_ticket, name="device_ticket"),
    path("matters/", inside.my_matters, name="matters"),
    path("matters/<str:number>/", inside.matter, name="matter"),
    path("papers/", inside.my_papers, name="papers"),
    path("offer/", inside.offer, name="offer"),
    path("offer/<str:code>/", inside.offer, name="offer_of"),
    path("print/", inside.send_to_printer, name="send_to_printer"),
    path("print/<uuid:job_id>/", inside.print_page, name="print"),
    path("print/<uuid:job_id>.pdf", inside.print_file, name="print_file"),
]
