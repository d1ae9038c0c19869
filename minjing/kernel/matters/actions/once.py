"""What a request id promises: the same request twice has one effect."""

from __future__ import annotations

from minjing.kernel.matters.errors import MatterError


class NotWritten(Exception):
    """Somebody else was first, or this request has had its effect: the transaction must leave nothing behind."""


def reused() -> MatterError:
    return MatterError(
        "request_reused",
        "这个请求编号已用于另一项操作，本次没有办理。请刷新页面后再试。",
        "This request number was used for something else; nothing was done now. Reload the page and try again.",
    )
