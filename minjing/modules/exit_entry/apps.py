"""Plug board of exit and entry: its services, effects, checks, and what the forms are filled with."""

from pathlib import Path

from django.apps import AppConfig


class ExitEntryConfig(AppConfig):
    name = "minjing.modules.exit_entry"
    label = "exit_entry"

    def ready(self) -> None:
        """Hang the documents into the kernel."""
        from minjing.kernel.identity import plugs as identity
        from minjing.kernel.matters import plugs
        from minjing.kernel.matters.schema import Text
        from minjing.modules.exit_entry import charges, deciding, photos, queries
        from minjing.modules.exit_entry import checks as _checks  # noqa: F401 - registers itself
        from minjing.modules.exit_entry.accepts import CHECKS, accepts
        from minjing.modules.exit_entry.actions.effects import EFFECTS, STEP_ACTS
        from minjing.portals.api import plugs as api
        from minjing.portals.citizen import plugs as citizen
        from minjing.portals.kiosk import plugs as kiosk

        api.router("/exit-entry", "minjing.modules.exit_entry.views.api:exit_entry")
        plugs.catalogue(Path(__file__).parent / "catalog")
        for name, run in EFFECTS.items():
            plugs.effect(name, run)
        for name, act in STEP_ACTS.items():
            plugs.step_act(name, act)
        for name in CHECKS:
            plugs.accepts(name, accepts(name))
        for name in charges.TABLES:
            plugs.fee(f"exit_entry.{name}", charges.Table(name), charges.Table(name).prices)
        for code in deciding.CODES:
            plugs.facts(code, deciding.facts)
        plugs.paper_check("exit_entry.photo", photos.check)
        plugs.earlier_paper("EX", photos.before)
        plugs.prefill("exit_entry", queries.prefill, queries.PATHS)
        plugs.special_record("EX", queries.RECORD, queries.on_record)
        identity.person_field(queries.RECORD, {"zh": "出入境证件", "en": "travel documents"})(queries.document_kinds)
        identity.person_field(queries.CROSSINGS, {"zh": "出入境记录", "en": "border records"})(queries.no_crossings)
        citizen.begins_at("EX0001", "citizen:visit_new")
        citizen.own_page(
            "exit_entry:mine",
            title=Text(zh="我的出入境证件", en="My travel documents"),
            about=Text(
                zh="护照、通行证、签注：有效期和下一步", en="Passport, permits, endorsements: until when, what next"
            ),
        )
        kiosk.tile(
            "exit_entry:machine",
            title=Text(zh="港澳签注，立等可取", en="Endorsement to Hong Kong or Macao, at once"),
            about=Text(zh="放入通行证，付费，当场写卡", en="put in your permit, pay, and it is written here"),
        )
        citizen.beside_matter("EX", "exit_entry/beside.html", queries.beside)
