"""How one's matters stand, in a few lines: for who asks by message, about their own matters only."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from minjing.base.clock import CHINA
from minjing.kernel.identity import queries as identity
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.matters import queries
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.matters.rules import Snapshot

LINES_MAX = 8
NONE = {"zh": "您没有在办的办件。", "en": "You have no open matters."}
NOT_YOURS = {
    "zh": "没有找到这个编号的办件，或不是您的办件。发送“进度”查看您的全部办件。",
    "en": "There is no matter of yours with this number. Send “progress” for all of them.",
}


def progress(*, account_id: UUID, asked: str, source: str, now: datetime) -> dict[str, str]:
    """Return how the account's open matters stand, or the one `asked` for by number; the asking is on record.

    What leaves the house is the number, the title, the state and the date; no names, no answers. The ledger has who
    asked, by which way and about which matters, before the words go out.
    """
    by = identity.actor_of(account_id, now)
    found: list[Snapshot]
    if asked:
        try:
            one = queries.matter(asked, by, now)
        except Unknown:
            one = None
        own = one is not None and (one.account_id == account_id or (by.person_id and one.person_id == by.person_id))
        found = [one] if one is not None and own else []
    else:
        found = [m for m in queries.mine(by, limit=50) if m.closed_at is None][:LINES_MAX]
    said = {"by": account_id, "source": source, "matters": [m.id for m in found], "found": bool(found)}
    ledger.append(ledger.entry("matters:progress:asked", said, at=now, subject_id=by.person_id))
    if not found:
        return NOT_YOURS if asked else NONE
    return {language: "\n".join(_line(m, language) for m in found) for language in ("zh", "en")}


def _line(matter: Snapshot, language: str) -> str:
    body = queries.body_of(matter)
    title, state = body.service.title, body.flow.states[matter.state].title
    due = matter.due_at.astimezone(CHINA)
    if language == "en":
        until = "" if matter.closed_at else f", answer by {due.day} {due:%B %Y}"
        return f"{title.en} ({matter.number}): {state.en}{until}"
    until = "" if matter.closed_at else f"，最迟 {due.year} 年 {due.month} 月 {due.day} 日答复"
    return f"{title.zh}（{matter.number}）：{state.zh}{until}"
