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
        from minjing.kernel.notify import plugs as notify
        from minjing.modules.household import letters, queries
        from minjing.modules.household.actions import CORRECTIONS, EFFECTS
        from minjing.modules.household.machine import CERTIFICATE
        from minjing.portals.kiosk import plugs as kiosk

        plugs.catalogue(Path(__file__).parent / "catalog")
        for name, run in EFFECTS.items():
            plugs.effect(name, run, CORRECTIONS.get(name))
        plugs.prefill("register", queries.prefill, queries.OPEN_PATHS)
        plugs.held("household", queries.held)
        plugs.held("civil_affairs", queries.held_by_civil_affairs)
        plugs.register_record(queries.RECORD, queries.register_record)
        identity.register_check(queries.check)
        identity.guardian_check(queries.is_guardian)
        notify.home(letters.home)
        kiosk.at_once(CERTIFICATE)
        identity.person_field(queries.RECORD, {"zh": "户籍登记", "en": "household register"})(
            queries.household_numbers
        )
