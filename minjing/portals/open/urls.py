"""Addresses of the open portal. The QR code of a paper leads to check/<code>, so that one never changes."""

from django.urls import URLPattern, URLResolver, path

from minjing.portals.open.views import check, figures, halls, hidden, ledger, receipt, services

app_name = "open"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", figures.home, name="home"),
    path("services/", services.index, name="services"),
    path("services/<str:code>/", services.guide, name="service"),
    path("check/", check.form, name="check"),
    path("check/<str:code>", check.by_code, name="check_code"),
    path("check/<str:code>/", check.by_code),
    path("papers/authority.pem", check.authority, name="authority"),
    path("figures/", figures.table, name="figures"),
    path("city-wide/", figures.city_wide_counters, name="city_wide"),
    path("figures.csv", figures.raw, name="figures_csv"),
    path("hidden-looks/", hidden.table, name="hidden"),
    path("hidden-looks.json", hidden.raw, name="hidden_json"),
    path("halls/<slug:code>/", halls.screen, name="hall"),
    path("ledger/", ledger.head, name="ledger"),
    path("check-receipt/", receipt.form, name="check_receipt"),
    path("ledger/policy", receipt.policy, name="ledger_policy"),
    path("ledger/vkey", ledger.vkey, name="ledger_vkey"),
    path("ledger/checkpoint", ledger.checkpoint, name="ledger_checkpoint"),
    path("ledger/entry/<uuid:entry_id>.tlog-proof", ledger.entry_receipt, name="entry_receipt"),
    path("ledger/entry/<uuid:entry_id>", ledger.entry, name="ledger_entry"),
    path("ledger/entry/<uuid:entry_id>/", ledger.entry),
]
