"""Who acts: puts `request.actor` on each request (None: nobody has signed in); officers need their second factor."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

from minjing.base import clock
from minjing.kernel.identity import clients, sessions
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Account

ENROL = "/officer/second-factor/"
# What an officer without a second factor may reach beside enrolling it.
OPEN_TO_NEWCOMERS = (ENROL, "/sign-out/", "/language/", "/static/", "/healthz")

GetResponse = Callable[[HttpRequest], HttpResponse]


class ActorMiddleware:
    """Reads the actor when a session cookie is there: by one query with the session."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Find the actor and go on, or send a newcomer to the enrolment page."""
        request.actor = None  # type: ignore[attr-defined]
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not request.path.startswith("/static/"):
            actor = self._actor(request)
            if actor is not None and actor.is_officer and not request.session.get(sessions.SECOND):
                if not request.path.startswith(OPEN_TO_NEWCOMERS):
                    return _enrol_first(request)
            else:
                request.actor = actor  # type: ignore[attr-defined]
        return self.get_response(request)

    def _actor(self, request: HttpRequest) -> Actor | None:
        account_id = request.session.get(sessions.ACCOUNT)
        if not account_id:
            return None
        assert isinstance(request.session, sessions.SessionStore)
        now, seat = clock.now(), request.session.seat
        actor = seat.actor(now, sessions.ref_of(request), clients.browser(request)) if seat else None
        if actor is None or str(actor.account_id) != account_id:  # the account was shut a moment ago
            request.session.flush()
            return None
        request.session.touch(now)
        return actor


def _enrol_first(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"error": "second_factor", "message": "Enrol a second factor first."}, status=403)
    return HttpResponseRedirect(ENROL)


def newcomer(request: HttpRequest) -> Account | None:
    """Return the officer who has given a password but has no second factor yet."""
    account_id = request.session.get(sessions.ACCOUNT)
    if not account_id or request.session.get(sessions.KIND) != Account.OFFICER:
        return None
    return Account.objects.filter(pk=account_id, kind=Account.OFFICER, is_active=True).first()
