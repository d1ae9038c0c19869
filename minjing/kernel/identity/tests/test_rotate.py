"""The ledger's key is replaced by two administrators with their own hands, and the log goes on under it."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp_auth
from django.core.management import call_command
from django.core.management.base import CommandError

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.management.commands import ledger_rotate
from minjing.kernel.identity.models import Account
from minjing.kernel.identity.tests.conftest import NOW, PASSWORD, City
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.ledger.providers import folder, keys
from minjing.kernel.ledger.rules.note import open_note, parse_claim

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rotate(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Callable[[str, Actor], str]:
    settings.DATA_DIR = tmp_path
    settings.LEDGER_POLICY = tmp_path / "keys" / "policy.txt"

    def run(which: str, who: Actor) -> str:
        monkeypatch.setattr(ledger_rotate, "_shown", lambda login: who)
        out = StringIO()
        call_command("ledger_rotate", f"--{which}", "login", stdout=out)
        return out.getvalue().splitlines()[0]

    return run


def test_one_proposes_another_confirms_and_the_log_goes_on(rotate: Callable[[str, Actor], str], city: City) -> None:
    first, second = city.hire("security", "security_admin", "bureau"), city.hire("audit", "audit_admin", "bureau")
    ledger.drain(NOW)
    old = keys.verifier()
    new = rotate("propose", first)
    assert keys.verifier() == old, "a proposal changes nothing"
    with pytest.raises(CommandError, match="second person"):
        rotate("confirm", first)
    assert rotate("confirm", second) == new
    assert str(keys.verifier()) == new
    assert [key for role, key in keys.history() if role == "log"] == [str(old), new]
    with pytest.raises(CommandError, match="Nobody has proposed"):
        rotate("confirm", second)
    assert [row.actor_id for row in Outbox.objects.filter(kind__startswith="ledger:key:").order_by("seq")] == [
        first.account_id,
        second.account_id,
    ]
    from minjing.base.clock import now

    ledger.drain(now())
    checkpoint = (folder.read("checkpoint") or b"").decode()
    assert parse_claim(open_note(checkpoint, keys.verifiers()[:1])).size == Outbox.objects.count()


def test_a_key_that_nobody_proposed_in_the_ledger_is_not_used(
    rotate: Callable[[str, Actor], str], city: City
) -> None:
    keys.signer()
    keys.keep_secret("ledger.key.next", keys.signer().secret_text())
    with pytest.raises(CommandError, match="does not stand in the ledger"):
        rotate("confirm", city.hire("audit", "audit_admin", "bureau"))


@pytest.mark.parametrize("typed", [("wrong", "000000"), (PASSWORD, "000000")])
def test_password_and_code_are_asked(typed: tuple[str, str], monkeypatch: pytest.MonkeyPatch, city: City) -> None:
    city.hire("security", "security_admin", "bureau")
    answers = iter(typed)
    monkeypatch.setattr(ledger_rotate, "getpass", lambda prompt: next(answers))
    with pytest.raises(CommandError, match=r"password|code"):
        call_command("ledger_rotate", "--propose", "security")
    assert not Outbox.objects.filter(kind="ledger:key:proposed").exists()


@pytest.mark.parametrize(("login", "post"), [("security", "security_admin"), ("clerk", "station_clerk")])
def test_with_password_and_code_only_the_two_administrators_get_through(
    login: str, post: str, monkeypatch: pytest.MonkeyPatch, city: City, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    who = city.hire(login, post, "bureau" if post == "security_admin" else "lianhua")
    account = Account.objects.get(pk=who.account_id)
    secret = totp_auth.generate_totp_secret()
    totp_auth.TOTP.activate(account, secret)
    code = totp_auth.format_hotp_value(totp_auth.hotp_value(secret, next(totp_auth.yield_hotp_counters_from_time())))
    answers = iter((PASSWORD, code))
    monkeypatch.setattr(ledger_rotate, "getpass", lambda prompt: next(answers))
    if post == "security_admin":
        call_command("ledger_rotate", "--propose", login, stdout=StringIO())
    else:
        with pytest.raises(CommandError, match="Only the security and the audit administrator"):
            call_command("ledger_rotate", "--propose", login)
    proposed = Outbox.objects.filter(kind="ledger:key:proposed", actor_id=who.account_id)
    assert proposed.count() == (post == "security_admin")
