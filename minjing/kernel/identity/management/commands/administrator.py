"""`minjing administrator`: the three administrators are appointed and let in again on the server, not from a page."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from minjing.base.clock import now
from minjing.kernel.identity import actions
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.identity.models import Account, Unit
from minjing.kernel.identity.rules import ADMINISTRATORS


class Command(BaseCommand):
    """Appoints an administrator, or gives one who has lost password or phone a fresh start."""

    help = "Appoint an administrator, or reset one's password and second factor. Prints a password to be changed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `appoint LOGIN POST --name --number` or `reset LOGIN`."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        new = verbs.add_parser("appoint")
        new.add_argument("login")
        new.add_argument("post", choices=sorted(ADMINISTRATORS))
        new.add_argument("--name", default="")
        new.add_argument("--number", default="", help="police number")
        again = verbs.add_parser("reset")
        again.add_argument("login")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it in one transaction, and print the password once."""
        password = secrets.token_urlsafe(15)
        try:
            with transaction.atomic():
                _appoint(options, password) if options["verb"] == "appoint" else _reset(options["login"], password)
        except IdentityError as error:
            raise CommandError(f"{error.text['zh']} {error.text['en']}") from None
        self.stdout.write(f"{options['login']}  {password}")


def _appoint(options: dict[str, Any], password: str) -> None:
    bureau = Unit.objects.filter(level=Unit.BUREAU).first()
    if bureau is None:
        raise CommandError("There is no bureau yet: start the house once, so that the city is loaded.")
    at = now()
    account = actions.create_officer(
        login=options["login"],
        password=password,
        name=options["name"] or options["login"][:30],
        police_number=options["number"],
        by=SYSTEM,
        now=at,
    )
    actions.appoint(by=SYSTEM, account_id=account.pk, unit_id=bureau.pk, post=options["post"], since=at, now=at)


def _reset(login: str, password: str) -> None:
    account = Account.objects.filter(login=login, kind=Account.OFFICER).first()
    if account is None:
        raise CommandError(f"There is no officer with the login {login!r}.")
    actions.set_password(account_id=account.pk, password=password, by=SYSTEM, now=now())
    actions.reset_factors(account_id=account.pk, by=SYSTEM, now=now())
