"""Browsers of the people in the engine's small world."""

from collections.abc import Callable
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import Client
from PIL import Image

from minjing.base.clock import now
from minjing.kernel.identity import sessions
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Account
from minjing.kernel.matters.tests.conftest import city  # noqa: F401 - a fixture
from minjing.kernel.matters.tests.world import LIN, STRANGER

Browser = Callable[[Actor], Client]


def signed_in(actor: Actor, **options: bool) -> Client:
    """Return a browser in which `actor` has signed in."""
    request = HttpRequest()
    request.session = sessions.SessionStore()
    account = Account.objects.get(pk=actor.account_id)
    request.session[sessions.ACCOUNT] = str(account.pk)
    request.session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    request.session["_auth_user_hash"] = account.get_session_auth_hash()
    sessions.begin(request, account, "test", now(), second=account.kind == Account.OFFICER)
    request.session.save()
    client = Client(**options)
    client.cookies["session"] = request.session.session_key
    return client


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path) -> None:
    """Keep each test's files apart: it seals under new keys."""
    settings.FILES_DIR = tmp_path / "files"


@pytest.fixture
def lin(city) -> Client:  # noqa: F811
    """Lin's browser."""
    return signed_in(LIN)


@pytest.fixture
def stranger(city) -> Client:  # noqa: F811
    """The browser of somebody who has nothing to do with it."""
    return signed_in(STRANGER)


def photo(name: str = "scan.jpg", tint: int = 120) -> SimpleUploadedFile:
    """Return a photo as a phone sends it."""
    out = BytesIO()
    Image.new("RGB", (400, 300), (tint, 90, 60)).save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")
