"""A browser in which a resident has signed in."""

from uuid import uuid4

from django.http import HttpRequest
from django.test import Client

from minjing.base.clock import now
from minjing.kernel.identity import sessions
from minjing.kernel.identity.models import Account


def browser(person_id, level=2):
    """Return a client signed in as the account of this person; None: one who has not said who they are."""
    account = Account.objects.filter(person_id=person_id, kind="resident").first() if person_id else None
    if account is None:
        account = Account.objects.create(
            login=uuid4().hex, kind="resident", person_id=person_id, level=level if person_id else 1, created_at=now()
        )
    request = HttpRequest()
    request.session = sessions.SessionStore()
    request.session[sessions.ACCOUNT] = str(account.pk)
    request.session["_auth_user_id"] = str(account.pk)
    request.session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    request.session["_auth_user_hash"] = account.get_session_auth_hash()
    sessions.begin(request, account, "test", now(), second=False)
    request.session.save()
    client = Client()
    client.cookies["session"] = request.session.session_key
    return client
