"""Plug board of the household module: its services, effects, and what the register answers."""

from pathlib import Path

from django.apps import AppConfig


class HouseholdConfig(AppConfig):
    name = "minjing.modules.household"
    label = "household"

    def ready(self) -> None:
        """Hang the register into the kernel."""
        from minjing.kernel.identity import plugs as identity
        from minjing.kernel.matters import plugs
        from minjing.kernel.matters.schema import Text
        from minjing.kernel.notify import plugs as notify
        from minjing.modules.household import accepts, letters, numbers, queries
        from minjing.modules.household.actions import CORRECTIONS, EFFECTS
        from minjing.modules.household.machine import CERTIFICATE
        from minjing.portals.api import plugs as api
        from minjing.portals.citizen import plugs as citizen
        from minjing.portals.kiosk import plugs as kiosk
        from minjing.portals.officer import plugs as officer

        api.router("/register", "minjing.modules.household.views.api:router")
        catalogue = Path(__file__).parent / "catalog"
        plugs.catalogue(catalogue)
        for name in accepts.FORMS:
            plugs.accepts(f"household.{name}", accepts.accepts(name))
        for service in sorted(catalogue.glob("*/HZ*.yaml")):
            plugs.facts(service.stem, accepts.facts)
        for name, run in EFFECTS.items():
            plugs.effect(name, run, CORRECTIONS.get(name))
        plugs.prefill("register", queries.prefill, queries.PATHS)
        plugs.held("household", queries.held)
        plugs.held("civil_affairs", queries.held_by_civil_affairs)
        plugs.holders(
            "education", "ethnic_affairs", "exit_entry", "housing", "human_resources", "market", "police",
            "residence", "social_security", "tax",
        )  # fmt: skip
        plugs.register_record(queries.RECORD, queries.register_record)
        identity.register_check(queries.check)
        identity.guardian_check(queries.is_guardian)
        identity.replaced_numbers(numbers.holders, numbers.before)
        notify.home(letters.home)
        kiosk.at_once(CERTIFICATE)
        officer.record_page("household:by_number", title={"zh": "某日的户内成员", "en": "A household on a day"})
        history = {"zh": "户籍经历和某日同户的人", "en": "Households of this person, and with whom on a day"}
        officer.record_page("household:of_person", title=history, of_person=True)
        citizen.own_page(
            "household:mine",
            title=Text(zh="我的户籍经历", en="My households"),
            about=Text(zh="在本市的每一户，从哪天到哪天", en="Every household in this city, with its days"),
        )
        identity.person_field(queries.RECORD, {"zh": "户籍登记", "en": "household register"})(
            queries.household_numbers
        )
