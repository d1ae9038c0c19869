"""What an officer's posts let them open: acts by name, and the posts that carry them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import queries as matters

Words = Mapping[str, str]
ADMIN_ACTS = (
    "manage_catalogue", "manage_units", "manage_calendars", "manage_accounts", "manage_appointments",
    "ask_erasure", "audit", "confirm_erasure",
)  # fmt: skip

ACTS: Mapping[str, Words] = {
    "handle": {"zh": "办理办件", "en": "handle matters"},
    "decide": {"zh": "审批", "en": "decide"},
    "check": {"zh": "核查", "en": "check records"},
    "serve": {"zh": "窗口叫号", "en": "serve at a counter"},
    "look": {"zh": "查看个人信息", "en": "look at personal records"},
    "confirm_identity": {"zh": "核验本人身份", "en": "check who somebody is"},
    "reconcile": {"zh": "收费对账", "en": "reconcile payments"},
    "approve_fee": {"zh": "审批减免和退费", "en": "approve waivers and refunds"},
    "close_day": {"zh": "收费日结", "en": "close the day's books"},
    "supervise": {"zh": "效能监督", "en": "supervise"},
    "post_letters": {"zh": "寄送信函", "en": "post letters"},
    "approve_hidden": {"zh": "审批暂不告知", "en": "give leave to hide looks"},
    "review_violations": {"zh": "审核交通违法", "en": "review traffic violations"},
    "examine": {"zh": "登记考试成绩", "en": "enter test results"},
    "handle_accidents": {"zh": "处理交通事故", "en": "deal with accidents"},
    "draft_rules": {"zh": "起草处罚规则", "en": "draft penalty rules"},
    "see_drafts": {"zh": "查看规则草案和推演", "en": "see drafts of rules and their replays"},
    "desk": {"zh": "服务台接听与解答", "en": "work at the help desk"},
    "watch": {"zh": "账本值守", "en": "watch the ledger"},
    "manage_catalogue": {"zh": "管理事项目录", "en": "manage the catalogue"},
    "manage_units": {"zh": "管理单位和岗位", "en": "manage units and posts"},
    "manage_calendars": {"zh": "管理工作日历", "en": "manage calendars"},
    "manage_accounts": {"zh": "管理账号", "en": "manage accounts"},
    "manage_appointments": {"zh": "管理任职", "en": "manage appointments"},
    "ask_erasure": {"zh": "提请删除个人数据", "en": "ask for erasure"},
    "audit": {"zh": "审计", "en": "audit"},
    "confirm_erasure": {"zh": "确认删除个人数据", "en": "confirm erasure"},
}


def holds(actor: Actor, act: str) -> bool:
    """Say whether one of the actor's posts carries this act."""
    return any(act in holding.acts for holding in actor.holdings)


def is_administrator(actor: Actor) -> bool:
    """Say whether the actor is one of the three administrators."""
    return any(h.acts & set(ADMIN_ACTS) for h in actor.holdings)


def held_posts(actor: Actor) -> list[dict[str, Any]]:
    """Return what the actor holds, for people: post, unit, whether as a deputy."""
    names = identity.post_names(h.post for h in actor.holdings)
    units = matters.units()
    return [
        {
            "post": names.get(h.post, {"zh": h.post, "en": h.post}),
            "unit": units[h.unit_id].name if h.unit_id in units else "",
            "deputy": h.deputy_for is not None,
        }
        for h in actor.holdings
    ]


def name_of_need(needs: str) -> Words | None:
    """Return what a post or an act is called; None when there is nothing to name."""
    if not needs:
        return None
    if needs == "officer":
        return {"zh": "民警账号", "en": "an officer’s account"}
    if needs in ACTS:
        names = [post.name for post in identity.posts() if needs in post.acts]
        zh = "、".join(name["zh"] for name in names) or ACTS[needs]["zh"]
        en = " or ".join(name["en"] for name in names) or ACTS[needs]["en"]
        return {"zh": zh, "en": en}
    return identity.post_names([needs]).get(needs, {"zh": needs, "en": needs})
