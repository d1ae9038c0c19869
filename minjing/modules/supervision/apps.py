"""Plug board of the supervision module: its service, its rule of conflicts, and the question on the looks page."""

from pathlib import Path

from django.apps import AppConfig


class SupervisionConfig(AppConfig):
    name = "minjing.modules.supervision"
    label = "supervision"

    def ready(self) -> None:
        """Hang the inspectorate into the kernel and the resident's portal."""
        from minjing.kernel.matters import plugs
        from minjing.modules.supervision import queries, rules
        from minjing.portals.citizen import plugs as citizen

        plugs.catalogue(Path(__file__).parent / "catalog")
        plugs.accepts("supervision.look", queries.accepts)
        plugs.excludes("supervision.asked_about", queries.is_concerned)
        plugs.facts(rules.CODE, queries.look_facts)
        citizen.ask_about_look("supervision:ask")
        citizen.begins_at(rules.CODE, "citizen:looks")
