"""Addresses of the citizen portal."""

from django.urls import URLPattern, URLResolver, path, register_converter
from django.urls.converters import StringConverter

from minjing.portals.citizen.views import apply, choosing, home, matters, oneself, paying, receipts, visits, wards


class ReceiptFile(StringConverter):
    """The endings of the files of a receipt."""

    regex = "tlog-proof|promise|json"


register_converter(ReceiptFile, "receipt")

app_name = "citizen"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("find/", home.find, name="find"),
    path("apply/<str:code>/", apply.start, name="apply"),
    path("drafts/<uuid:draft_id>/", apply.draft, name="draft"),
    path("drafts/<uuid:draft_id>/materials/", apply.materials, name="materials"),
    path("drafts/<uuid:draft_id>/visit/", choosing.visit_step, name="visit_step"),
    path("drafts/<uuid:draft_id>/check/", apply.check, name="check"),
    path("drafts/<uuid:draft_id>/discard/", apply.discard, name="discard"),
    path("drafts/<uuid:draft_id>/<slug:name>/", apply.page, name="page"),
    path("matters/", matters.index, name="matters"),
    path("matters/<str:number>/", matters.one, name="matter"),
    path("matters/<str:number>/done/", matters.done, name="done"),
    path("matters/<str:number>/receipt/<uuid:entry_id>/", receipts.of_matter, name="receipt"),
    path("matters/<str:number>/receipt/<uuid:entry_id>.<receipt:kind>", receipts.file_of_matter, name="receipt_file"),
    path("matters/<str:number>/form/", matters.form, name="form"),
    path("matters/<str:number>/supplement/", matters.supplement, name="supplement"),
    path("matters/<str:number>/withdraw/", matters.withdraw, name="withdraw"),
    path("matters/<str:number>/rate/", matters.rate, name="rate"),
    path("matters/<str:number>/papers/<uuid:paper_id>.pdf", matters.paper, name="paper"),
    path("visits/", visits.index, name="visits"),
    path("visits/new/", visits.new, name="visit_new"),
    path("visits/places/", visits.places, name="visit_places"),
    path("visits/places/<slug:code>/", visits.days, name="visit_days"),
    path("visits/places/<slug:code>/<str:day>/", visits.times, name="visit_times"),
    path("visits/places/<slug:code>/<str:day>/wait/", visits.wait, name="visit_wait"),
    path("visits/waits/<uuid:wait_id>/leave/", visits.leave, name="visit_leave"),
    path("visits/<uuid:visit_id>/", visits.one, name="visit"),
    path("visits/<uuid:visit_id>.ics", visits.calendar_file, name="visit_file"),
    path("visits/<uuid:visit_id>/confirm/", visits.confirm, name="visit_confirm"),
    path("visits/<uuid:visit_id>/cancel/", visits.cancel, name="visit_cancel"),
    path("visits/<uuid:visit_id>/challenge/", visits.challenge, name="visit_challenge"),
    path("pay/", paying.mine, name="payments"),
    path("pay/<uuid:order_id>/", paying.order, name="pay"),
    path("pay/<uuid:order_id>/begin/", paying.begin, name="pay_begin"),
    path("pay/<uuid:order_id>/receipt.pdf", paying.receipt, name="pay_receipt"),
    path("pay/go/<slug:number>/", paying.go, name="pay_go"),
    path("pay/wait/<slug:number>/", paying.wait, name="pay_wait"),
    path("pay/wait/<slug:number>/ask/", paying.ask, name="pay_ask"),
    path("messages/", oneself.messages, name="messages"),
    path("me/", oneself.me, name="me"),
    path("me/papers/<uuid:paper_id>.pdf", oneself.paper, name="own_paper"),
    path("me/wards/<uuid:mandate_id>/", wards.ward, name="ward"),
    path("me/wards/<uuid:mandate_id>/<uuid:paper_id>.pdf", wards.paper, name="ward_paper"),
    path("me/looks/", oneself.looks, name="looks"),
    path("me/looks/<uuid:entry_id>/", receipts.of_look, name="look"),
    path("me/looks/<uuid:entry_id>.<receipt:kind>", receipts.file_of_look, name="look_file"),
]
