"""The JSON API: everything the pages do, through the same actions and queries."""

from importlib import import_module

from minjing.portals.api import plugs
from minjing.portals.api.views import (
    accounts,
    auditing,
    books,
    checks,
    drafts,
    fees,
    files,
    halls,
    identity_desk,
    letters,
    looks,
    mandates,
    matters,
    officers,
    oneself,
    receptions,
    services,
    sessions,
    system,
    visits,
    watch,
    ways,
)
from minjing.portals.api.views.door import api

api.add_router("/services", services.catalogue)
api.add_router("/drafts", drafts.drafts)
api.add_router("/matters", matters.matters)
api.add_router("/visits", visits.visits)
api.add_router("/fees", fees.fees)
api.add_router("/books", books.books)
api.add_router("/letters", letters.letters)
api.add_router("/receptions", receptions.receptions)
api.add_router("/halls", halls.halls)
api.add_router("/work", officers.work)
api.add_router("/looks", looks.looks)
api.add_router("/watch", watch.watch)
api.add_router("/work/checks", identity_desk.desk)
api.add_router("/admin/accounts", accounts.accounts)
api.add_router("/admin/erasures", accounts.erasures)
api.add_router("/admin/audit", auditing.auditing)
api.add_router("/admin", system.system)
api.add_router("/mandates", mandates.mandates)
api.add_router("/files", files.files)
api.add_router("/me/check", checks.checks)
api.add_router("/me/sessions", sessions.sessions)
api.add_router("/me/tokens", sessions.tokens)
api.add_router("/me/ways", ways.ways)
api.add_router("/me", oneself.me)
api.add_router("/open", oneself.public)
for prefix, where in plugs.ROUTERS.items():
    module, _, name = where.partition(":")
    api.add_router(prefix, getattr(import_module(module), name))

__all__ = ["api"]
