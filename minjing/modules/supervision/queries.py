"""The look that a resident asks about: whether it is theirs to ask, who must keep out, what an inspector reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from minjing.base.clock import CHINA
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.queries import Look
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Text
from minjing.modules.supervision import rules

NO_LOOK = Text(
    zh="公开账本里没有这次对您信息的查看。请从「谁看过我的信息」里选择。",
    en="No such look at your data stands in the ledger. Choose one on the page “Who looked at my data”.",
)


def accepts(*, person_id: UUID, answers: Mapping[str, Any], now: datetime) -> Mapping[str, Text]:
    """Refuse a question about anything but a look at the asker's own data that they may know of."""
    try:
        entry_id = UUID(str(answers["look"]))
    except ValueError:
        return {"look": NO_LOOK}
    return {} if people.look_at(person_id, entry_id, now) else {"look": NO_LOOK}


def is_concerned(*, matter: Snapshot, answers: Mapping[str, Any], by: Actor) -> bool:
    """Say whether an officer has a conflict of interests in a question; nobody has once the look is erased."""
    entry = ledger.entry_of(UUID(str(answers["look"])))
    said = entry.payload if entry else None
    if said is None:
        return False
    deputy_for = said.get("deputy_for")
    look = rules.LookAsked(UUID(said["by"]), said["unit"], said["post"], UUID(deputy_for) if deputy_for else None)
    return rules.is_concerned(look, by)


def asked_already(entry_id: UUID, by: Actor, now: datetime) -> Snapshot | None:
    """Return the resident's open question about this look, if there is one."""
    open_ones = (m for m in matters.mine(by) if m.code == rules.CODE and m.closed_at is None)
    return next((m for m in open_ones if matters.answers(m, by, now).get("look") == str(entry_id)), None)


def look_facts(
    *, matter: Snapshot, answers: Mapping[str, Any], now: datetime
) -> tuple[Text, Sequence[tuple[Text, str, Text]]]:
    """Return what the inspector reads beside the question: the look as the ledger has it."""
    look = people.look_at(matter.person_id, UUID(str(answers["look"])), now)
    return Text(zh="被询问的查看", en="The look that is asked about"), _rows(look) if look else [ERASED]


ERASED = (
    Text(zh="记录", en="Record"),
    "",
    Text(zh="账本中的内容已依法删除", en="its contents have been erased from the ledger under the law"),
)


def _rows(look: Look) -> list[tuple[Text, str, Text]]:
    who = matters.officers([look.by]).get(look.by)
    said: list[tuple[Text, str, Text]] = [
        (Text(zh="时间", en="When"), "", _as_is(f"{look.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}")),
        (Text(zh="单位", en="Unit"), "", Text(**look.by_unit)),
        (Text(zh="岗位", en="Post"), "", Text(**look.by_post)),
        (Text(zh="内容", en="What"), "", _together(look.fields)),
        (Text(zh="理由", en="Reason"), "", Text(**look.reason)),
        (Text(zh="账本记录", en="Entry"), "", _as_is(str(look.entry_id))),
    ]
    if who is not None:
        said.insert(3, (Text(zh="民警", en="Officer"), "", _as_is(f"{who.display_name} {who.police_number}".strip())))
    if look.matter_number:
        said.insert(-1, (Text(zh="办件", en="Matter"), "", _as_is(look.matter_number)))
    return said


def _as_is(words: str) -> Text:
    return Text(zh=words, en=words)


def _together(texts: Sequence[Mapping[str, str]]) -> Text:
    return Text(zh="、".join(t["zh"] for t in texts), en=", ".join(t["en"] for t in texts))
