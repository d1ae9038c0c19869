"""`minjing matter show | migrate | undo | recompute`."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from minjing.base.clock import CHINA, now
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.matters import publishing, queries, rules
from minjing.kernel.matters.errors import MatterError


class Command(BaseCommand):
    """Look at one matter (nothing personal), or move running matters to another version."""

    help = "Matters: show, migrate, undo, recompute."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        show = verbs.add_parser("show", help="state, clock and history of one matter, without personal data")
        show.add_argument("number", help="number or id")
        move = verbs.add_parser("migrate", help="move running matters of one version to another")
        move.add_argument("code")
        move.add_argument("source", type=int, help="version they run under")
        move.add_argument("target", type=int, help="version they shall run under")
        move.add_argument("--map", action="append", default=[], metavar="OLD=NEW", help="state of the old version")
        move.add_argument("--apply", action="store_true", help="without it, only say what would happen")
        back = verbs.add_parser("undo", help="move the matters of a migration back")
        back.add_argument("migration", type=UUID)
        verbs.add_parser("recompute", help="compute provisional due dates anew under the newest calendar")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(options)
        except MatterError as error:
            raise CommandError(f"{error.text.zh} {error.text.en}") from None

    def _show(self, options: dict[str, Any]) -> None:
        matter = queries.matter(options["number"], SYSTEM, now())
        body = queries.body_of(matter)
        self.stdout.write(f"{matter.number}  {body.service.title.zh}  {body.service.title.en}")
        self.stdout.write(f"state {matter.state} ver {matter.ver} light {rules.light(matter, now())}")
        provisional = " provisional" if matter.due_provisional else ""
        self.stdout.write(f"due {matter.due_at.astimezone(CHINA):%Y-%m-%d %H:%M}{provisional}")
        for event in queries.events(matter):
            at = event.at.astimezone(CHINA)
            self.stdout.write(f"{event.seq:>4} {at:%Y-%m-%d %H:%M:%S} {event.action:<20} {event.to_state}")
        faults = queries.refold(matter)
        self.stdout.write("history and state agree" if not faults else f"DISAGREE: {', '.join(faults)}")

    def _migrate(self, options: dict[str, Any]) -> None:
        mapping = dict(_pair(said) for said in options["map"])
        report = publishing.migrate(
            options["code"],
            options["source"],
            options["target"],
            mapping,
            by=SYSTEM,
            now=now(),
            dry_run=not options["apply"],
            progress=self._progress,
        )
        for (old, new), count in sorted(report.moves.items()):
            self.stdout.write(f"{count:>8}  {old} → {new}")
        for state, count in sorted(report.unmapped.items()):
            self.stdout.write(f"{count:>8}  {state} → ? (map it with --map {state}=…)")
        if report.refusal is not None:
            raise report.refusal
        if options["apply"]:
            self.stdout.write(f"migration {report.migration_id}: {report.total} moved")
        else:
            self.stdout.write(f"{report.total} would be moved; nothing was written. Add --apply.")

    def _undo(self, options: dict[str, Any]) -> None:
        report = publishing.undo(options["migration"], by=SYSTEM, now=now(), progress=self._progress)
        self.stdout.write(f"{report.total} moved back, {report.moved_meanwhile} had moved on and stay.")

    def _recompute(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"{publishing.recompute_provisional(by=SYSTEM, now=now())} due dates moved.")

    def _progress(self, done: int, total: int) -> None:
        self.stderr.write(f"\r{done} / {total}", ending="")
        if done >= total:
            self.stderr.write("")


def _pair(said: str) -> tuple[str, str]:
    old, sign, new = (part.strip() for part in said.partition("="))
    if not old or not sign or not new:
        raise CommandError(f"--map 须写成 原状态=新状态：{said} Write --map as OLD=NEW: {said}")
    return old, new
