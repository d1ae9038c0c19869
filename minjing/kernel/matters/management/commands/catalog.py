"""`minjing catalog lint | list | publish | diff | diagram`."""

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from minjing.base.clock import now
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.matters import administering, bpmn, catalog, diagram, publishing, queries
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.matters.models import Procedure
from minjing.kernel.matters.schema import Body


def city_facts() -> dict[str, Any]:
    """Return city.yaml of the city being served."""
    path = settings.CITY_DIR / "city.yaml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8"))) if path.exists() else {}


def city_posts() -> set[str]:
    """Return the codes of the city's posts."""
    path = settings.CITY_DIR / "posts.yaml"
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    rows = listed["posts"] if isinstance(listed, dict) and "posts" in listed else listed
    return {row["code"] for row in rows} if isinstance(rows, list) else set(rows)


def load_proved() -> list[Body]:
    """Return the catalogue of this city, proved; raise CommandError with every problem."""
    posts = city_posts()
    try:
        bodies = catalog.load(city=city_facts(), posts=posts)
    except catalog.WrongFile as wrong:
        raise CommandError(str(wrong)) from None
    problems = catalog.lint(bodies, posts)
    if problems:
        raise CommandError("\n".join(problems))
    return bodies


class Command(BaseCommand):
    """Look at, prove, publish, compare and draw the procedures."""

    help = "The catalogue of services: lint, list, publish, diff, diagram."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("lint", help="prove every file; exit 1 with path, line and reason if one is wrong")
        listing = verbs.add_parser("list", help="list the services in force")
        listing.add_argument("--json", action="store_true")
        verbs.add_parser("publish", help="publish what differs from the versions in force")
        compare = verbs.add_parser("diff", help="say in words how two versions of a service differ")
        compare.add_argument("code")
        compare.add_argument("old", type=int)
        compare.add_argument("new", type=int)
        draw = verbs.add_parser("diagram", help="draw a procedure")
        draw.add_argument("code")
        draw.add_argument("--format", choices=["svg", "bpmn"], default="svg")
        draw.add_argument("--language", choices=["zh", "en"], default="zh")
        draw.add_argument("--output", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['verb']}")(options)

    def _lint(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"{len(load_proved())} services, no problem found.")

    def _list(self, options: dict[str, Any]) -> None:
        rows = Procedure.objects.filter(valid_to__isnull=True).order_by("code")
        services = [(row, queries.body(row.id).service) for row in rows.defer("body")]
        if options["json"]:
            listed = [
                {
                    "code": s.code,
                    "version": row.version,
                    "title": s.title.model_dump(),
                    "group": s.group.model_dump(),
                    "flow": s.flow,
                    "decides": s.decides,
                    "limit": s.limit.model_dump(),
                    "channel": s.channel,
                    "online": bool(s.form),
                    "confidence": s.confidence,
                }
                for row, s in services
            ]
            json.dump(listed, sys.stdout, ensure_ascii=False, indent=1)
            self.stdout.write("")
            return
        for row, service in services:
            self.stdout.write(f"{service.code} v{row.version}  {service.title.zh}  {service.title.en}")

    def _publish(self, options: dict[str, Any]) -> None:
        published = publishing.publish(load_proved(), by=SYSTEM, now=now())
        for item in published:
            self.stdout.write(f"{item.code} v{item.version}")
        self.stdout.write(f"{len(published)} published.")

    def _diff(self, options: dict[str, Any]) -> None:
        old, new = (self._body(options["code"], options[which]) for which in ("old", "new"))
        for said in catalog.diff(old, new, administering.post_names()):
            self.stdout.write(said.zh)

    def _body(self, code: str, version: int) -> Body:
        row = Procedure.objects.filter(code=code, version=version).values_list("id", flat=True).first()
        if row is None:
            raise CommandError(f"There is no version {version} of {code}.")
        return queries.body(row)

    def _diagram(self, options: dict[str, Any]) -> None:
        try:
            _, body = queries.service(options["code"])
        except Unknown:
            raise CommandError(f"No service {options['code']} is in force.") from None
        make = diagram.svg if options["format"] == "svg" else bpmn.bpmn
        text = make(body, options["language"])
        if options["output"]:
            options["output"].write_text(text, encoding="utf-8")
        else:
            self.stdout.write(text)
