"""Plug board of pay: its words hang into notify."""

from pathlib import Path

from django.apps import AppConfig


class PayConfig(AppConfig):
    name = "minjing.kernel.pay"
    label = "pay"

    def ready(self) -> None:
        """Register the checks, who knows payers and Alipay's door; hang the texts of the notices into notify."""
        from minjing.kernel.notify.plugs import door, texts
        from minjing.kernel.pay import checks, payers, plugs  # noqa: F401
        from minjing.kernel.pay.providers.alipay_login import Door

        texts(Path(__file__).with_name("texts"))
        plugs.payer_of(payers.wechat)
        door("alipay", Door())
