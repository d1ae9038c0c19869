"""Plug board of ledger."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "minjing.kernel.ledger"
    label = "ledger"
