"""`minjing ledger rotate`: two administrators, each with password and second factor, replace the ledger's key."""

from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import HttpRequest

from minjing.base.clock import now
from minjing.kernel.identity import actions, queries
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.identity.rules import AUDIT_ADMIN, SECURITY_ADMIN
from minjing.kernel.ledger import actions as ledger

HOLDERS = frozenset({SECURITY_ADMIN, AUDIT_ADMIN})
HERE = "server"  # attempts at the terminal are counted under this name, as others are under their address


class Command(BaseCommand):
    """One proposes, another confirms; both stand in the ledger."""

    help = (
        "Replace the ledger's key: --propose by one of the security and audit administrators, --confirm by another."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take which of the two steps, and who does it."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--propose", metavar="LOGIN")
        which.add_argument("--confirm", metavar="LOGIN")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for password and code, then do the step."""
        try:
            by = _shown(options["propose"] or options["confirm"])
            if options["propose"]:
                key = ledger.propose_key(by.account_id, now())
                self.stdout.write(f"{key}\nGive this key to the witnesses; then a second person runs --confirm.")
            else:
                key = ledger.confirm_key(by.account_id, now())
                self.stdout.write(f"{key}\nThis key signs from now on; the old one stays in the public list.")
        except IdentityError as error:
            raise CommandError(f"{error.text['zh']} {error.text['en']}") from None
        except ledger.CannotRotate as error:
            raise CommandError(str(error)) from None


def _shown(login: str) -> Actor:
    """Return who sits at the terminal, by password and second factor; raises IdentityError, CommandError."""
    at = now()
    account = actions.check_password(HttpRequest(), login=login, password=getpass("Password: "), address=HERE, now=at)
    actions.check_second_factor(account, getpass("Code: "), now=at)
    by = queries.actor_of(account.pk, at)
    if not HOLDERS & {holding.post for holding in by.holdings}:
        raise CommandError("Only the security and the audit administrator can replace the ledger's key.")
    return by
