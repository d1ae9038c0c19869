"""`minjing sender`: systems outside that may send to a door of traffic are admitted and ended on the server."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from minjing.base.clock import now
from minjing.modules.traffic.actions import senders
from minjing.modules.traffic.models import CameraSystem, DispatchSystem
from minjing.modules.traffic.models.senders import SYSTEMS

KINDS: Mapping[str, type[CameraSystem] | type[DispatchSystem]] = {"camera": CameraSystem, "dispatch": DispatchSystem}


class Command(BaseCommand):
    """Admits a camera or dispatch system, ends one, lists them."""

    help = "Admit a system that sends violations or missions, or end one. Prints the token of an admitted one, once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `admit KIND CODE --zh --en --system`, `end KIND CODE`, or `list`."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        new = verbs.add_parser("admit")
        new.add_argument("kind", choices=KINDS)
        new.add_argument("code")
        new.add_argument("--zh", required=True, help="its name in Chinese")
        new.add_argument("--en", required=True, help="its name in English")
        new.add_argument("--system", choices=SYSTEMS, default=SYSTEMS[0], help="what its coordinates are in")
        old = verbs.add_parser("end")
        old.add_argument("kind", choices=KINDS)
        old.add_argument("code")
        verbs.add_parser("list")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and print what is asked."""
        if options["verb"] == "list":
            for kind, model in KINDS.items():
                for one in model._default_manager.order_by("code"):
                    self.stdout.write(
                        f"{kind}  {one.code}  {one.name_zh}  {one.system}{'' if one.active else '  ended'}"
                    )
            return
        model, code = KINDS[options["kind"]], options["code"]
        if options["verb"] == "end":
            if not senders.end(model, code, now=now()):
                raise CommandError(f"No {options['kind']} system with the code {code!r} may send.")
            return
        token = senders.admit(model, code, options["zh"], options["en"], system=options["system"], now=now())
        self.stdout.write(f"{code}  {token}")
