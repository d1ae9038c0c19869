"""What an idempotency key promises: the same request twice has one effect, another request under it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from minjing.base.canonical import canonical
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.pay.errors import KeyReused, Wrong
from minjing.kernel.pay.models import Request

KEY_MAX = 64
_TAKE = """
INSERT INTO pay_request (id, account_id, key, operation, asked, answer, at)
VALUES (%s, %s, %s, %s, %s::jsonb, '{}', %s) ON CONFLICT (account_id, key) DO NOTHING RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Once:
    """A request that was taken: `answer` is what it came to before, None when it is new."""

    by: Actor
    key: str
    answer: Mapping[str, Any] | None

    def answered(self, answer: Mapping[str, Any]) -> None:
        """Keep what the request came to, in the transaction of its effect."""
        Request.objects.filter(account_id=self.by.account_id, key=self.key).update(answer=answer)


def once(by: Actor, key: str, operation: str, asked: Mapping[str, Any], now: datetime) -> Once:
    """Take a request in the caller's transaction; a second one waits for the first. Raises KeyReused, Wrong."""
    if not 0 < len(key) <= KEY_MAX:
        raise Wrong("key", "缺少请求编号，请刷新页面。", "The request number is missing; reload the page.")
    body = canonical(asked).decode()
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [new_id(), by.account_id, key, operation, body, now])
        if cursor.fetchone() is not None:
            return Once(by, key, None)
    before = Request.objects.get(account_id=by.account_id, key=key)
    if before.operation != operation or canonical(before.asked).decode() != body:
        raise KeyReused
    return Once(by, key, before.answer)
