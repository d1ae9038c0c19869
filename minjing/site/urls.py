"""The addresses of the whole house: each portal and module keeps its own."""

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path

from minjing.site.health import healthz

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("minjing.portals.api.urls")),  # before the many addresses of the pages
    path("healthz", healthz),
    path("", include("minjing.kernel.ledger.urls")),
    path("", include("minjing.portals.frame.urls")),
    path("", include("minjing.portals.citizen.urls")),
    path("", include("minjing.modules.supervision.urls")),
    path("open/", include("minjing.portals.open.urls")),
    path("kiosk/", include("minjing.portals.kiosk.urls")),
    path("officer/", include("minjing.portals.officer.urls")),
    path("", include("minjing.kernel.identity.urls")),
    path("", include("minjing.kernel.files.urls")),
    path("", include("minjing.kernel.notify.urls")),
    path("", include("minjing.kernel.pay.urls")),
]

# A module with tables of its own may be left out of a city's house: then its addresses are too.
urlpatterns += [
    path("", include(f"{name}.urls"))
    for name in (
        "minjing.modules.household",
        "minjing.modules.help_desk",
        "minjing.modules.exit_entry",
        "minjing.modules.traffic",
    )
    if apps.is_installed(name)
]

handler400 = "minjing.portals.frame.views.malformed"
handler500 = "minjing.portals.frame.views.server_error"
