"""Stand-ins: separate programs for the demo and the tests."""

from minjing.kernel.notify.providers.standin.sms_gateway import serve

__all__ = ["serve"]
