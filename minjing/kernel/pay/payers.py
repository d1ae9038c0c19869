"""Who the payer is at a gateway: the WeChat account that they bound to their own, for payments inside WeChat."""

from uuid import UUID

from minjing.kernel.notify import addresses

WECHAT = "wechat"


def wechat(channel: str, account_id: UUID) -> str:
    """Return the payer's openid for JSAPI, "" where none is bound; it goes to WeChat and nowhere else."""
    if channel != "wechat_jsapi":
        return ""
    bound = addresses.bound(account_id, WECHAT)
    return bound[-1][1] if bound else ""
