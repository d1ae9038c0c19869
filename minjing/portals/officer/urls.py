"""Addresses of the officer portal."""

from django.urls import URLPattern, URLResolver, path

from minjing.portals.officer.views import (
    approvals,
    audit_admin,
    deputies,
    erasures,
    matter,
    promise,
    search,
    security_admin,
    supervision,
    system_admin,
    workbench,
)

app_name = "officer"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", workbench.workbench, name="workbench"),
    path("bulk/", workbench.bulk, name="bulk"),
    path("search/", search.search, name="search"),
    path("matters/<slug:number>/", matter.matter_page, name="matter"),
    path("matters/<slug:number>/reveal/", matter.reveal, name="reveal"),
    path("matters/<slug:number>/steps/<slug:action>/", matter.take_step, name="step"),
    path("matters/<slug:number>/tasks/<uuid:task_id>/", matter.finish_task, name="finish_task"),
    path("matters/<slug:number>/sheets/<uuid:material_id>/", matter.sheet_file, name="sheet"),
    path("matters/<slug:number>/promises/<uuid:entry_id>.promise", promise.promise_file, name="promise"),
    path("matters/<slug:number>/papers/<uuid:paper_id>/", matter.paper_file, name="paper"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("deputies/", deputies.deputies, name="deputies"),
    path("deputies/<uuid:appointment_id>/end/", deputies.end_deputy, name="end_deputy"),
    path("supervision/", supervision.supervision, name="supervision"),
    path("supervision/matters/", supervision.drill, name="drill"),
    path("admin/units/", system_admin.units, name="units"),
    path("admin/posts/", system_admin.posts, name="posts"),
    path("admin/calendars/", system_admin.calendars, name="calendars"),
    path("admin/catalogue/", system_admin.catalogue, name="catalogue"),
    path("admin/catalogue/publish/", system_admin.publish, name="publish"),
    path("admin/catalogue/<slug:code>/", system_admin.versions, name="versions"),
    path("admin/accounts/", security_admin.accounts, name="accounts"),
    path("admin/accounts/<uuid:account_id>/", security_admin.account, name="account"),
    path("admin/accounts/<uuid:account_id>/appoint/", security_admin.appoint, name="appoint"),
    path("admin/accounts/<uuid:account_id>/factors/", security_admin.reset_factors, name="reset_factors"),
    path("admin/accounts/<uuid:account_id>/active/", security_admin.set_active, name="set_active"),
    path(
        "admin/accounts/<uuid:account_id>/posts/<uuid:appointment_id>/end/",
        security_admin.end_appointment,
        name="end_appointment",
    ),
    path("admin/accounts/<uuid:account_id>/sessions/<uuid:ref>/end/", security_admin.end_session, name="cut_session"),
    path("admin/erasures/", erasures.erasures, name="erasures"),
    path("admin/erasures/<uuid:erasure_id>/confirm/", erasures.confirm, name="confirm_erasure"),
    path("admin/ledger/", audit_admin.entries, name="entries"),
    path("admin/ledger/verify/", audit_admin.verification, name="verification"),
    path("admin/looks/", audit_admin.looks, name="looks"),
]
