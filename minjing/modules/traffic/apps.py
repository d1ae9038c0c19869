"""Plug board of traffic: its registers, services, effects and pages."""

from pathlib import Path

from django.apps import AppConfig


class TrafficConfig(AppConfig):
    name = "minjing.modules.traffic"
    label = "traffic"

    def ready(self) -> None:
        """Hang traffic into the kernel; each corner of the module has its own lines."""
        from minjing.kernel.matters import plugs
        from minjing.kernel.notify import plugs as notify
        from minjing.kernel.pay import plugs as pay
        from minjing.modules.traffic import catalogue
        from minjing.modules.traffic.actions import money

        notify.texts(Path(__file__).parent / "texts")
        pay.on_settled(money.settled)
        pay.on_expired(money.expired)
        plugs.catalogue(Path(__file__).parent / "catalog")
        catalogue.hang()
        self._registers()

    def _registers(self) -> None:
        from minjing.kernel.matters import plugs
        from minjing.modules.traffic.queries.stars import stars_of

        plugs.stars(stars_of)
