"""Plug board of matters."""

from django.apps import AppConfig


class MattersConfig(AppConfig):
    name = "minjing.kernel.matters"
    label = "matters"

    def ready(self) -> None:
        """Name matters for the page "who looked", guard their files, and fill in what an account knows."""
        from minjing.kernel.booking import plugs as booking
        from minjing.kernel.files import plugs as files
        from minjing.kernel.identity import plugs as identity
        from minjing.kernel.matters import plugs, progress, queries
        from minjing.kernel.matters.actions import payment, visiting
        from minjing.kernel.notify import plugs as notify
        from minjing.kernel.pay import plugs as pay

        identity.matter_numbers(queries.numbers)
        identity.matter_open(queries.is_open)
        identity.matter_concerns(queries.concerned)
        identity.erasure_veto(queries.against_erasure)
        identity.service_names(queries.to_act_in)
        booking.calendar(queries.calendar)
        booking.on_missed(visiting.visit_missed)
        booking.on_arrived(visiting.visit_kept)
        pay.on_settled(payment.settled)
        pay.on_expired(payment.expired)
        files.guard(queries.may_open_file)
        files.holders(queries.holders_of)
        notify.progress(progress.progress)
        plugs.prefill("account", queries.account_prefill, ["phone"])
