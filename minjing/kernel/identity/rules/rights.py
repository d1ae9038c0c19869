"""Pure decisions about rights: may this person do this, here, now, for this matter?"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from minjing.kernel.identity.actor import OFFICER, Actor, Holding

# 三员分离 (GB/T 22239-2019, 8.1.5): the administrators share no person and no act, and read nobody's record.
SYSTEM_ADMIN, SECURITY_ADMIN, AUDIT_ADMIN = "system_admin", "security_admin", "audit_admin"
ADMINISTRATORS = frozenset({SYSTEM_ADMIN, SECURITY_ADMIN, AUDIT_ADMIN})
ADMIN_ACTS: Mapping[str, frozenset[str]] = {
    SYSTEM_ADMIN: frozenset({"manage_catalogue", "manage_units", "manage_calendars"}),
    SECURITY_ADMIN: frozenset({"manage_accounts", "manage_appointments", "ask_erasure"}),
    AUDIT_ADMIN: frozenset({"audit", "confirm_erasure"}),
}
LOOK = "look"  # the act of reading a person's record
DESK = "desk"  # the help desk: its posts read what was asked of it, and no other record
SUPERVISE = "supervise"  # the act of looking over clocks and figures of one's unit and those below it
APPROVE_HIDDEN = "approve_hidden"  # the act of giving leave to hide looks for a time

# Acts that are not joined by a deputyship: on matters and records, and over those who do them or over their money.
WORKS = frozenset({LOOK, "handle", "decide"})
LOOKS_OVER = frozenset({SUPERVISE, "watch", "reconcile", "approve_fee", "close_day"})

# A deputy stands in for an absence, not for a career; longer needs an appointment of its own.
DEPUTY_MAX = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a rule: `reason_key` says why not, `needs` the post or act that would be needed."""

    ok: bool
    reason_key: str = ""
    needs: str = ""
    holding: Holding | None = None  # the holding that gives the right

    def __bool__(self) -> bool:
        return self.ok


def may(
    actor: Actor,
    act: str,
    *,
    unit_path: str,
    post: str = "",
    code: str = "",
    not_by: Iterable[UUID] = (),
) -> Verdict:
    """Say whether `actor` may do `act` in the unit at `unit_path`, by holding `post` or, if none is named, the act.

    Reasons, from the farthest to the nearest miss: not_officer, no_post, other_unit, out_of_scope, same_person.
    """
    needs = post or act
    if actor.kind != OFFICER:
        return Verdict(False, "not_officer", needs)
    able = [h for h in actor.holdings if _able(h, act, post)]
    if not able:
        return Verdict(False, "no_post", needs)
    here = [h for h in able if unit_path.startswith(h.unit_path)]
    if not here:
        return Verdict(False, "other_unit", needs)
    scoped = [h for h in here if not h.scope or code in h.scope]
    if not scoped:
        return Verdict(False, "out_of_scope", needs)
    excluded = set(not_by)
    free = [h for h in scoped if actor.account_id not in excluded and h.deputy_for not in excluded]
    if not free:
        return Verdict(False, "same_person", needs)
    own_first = sorted(free, key=lambda h: (h.deputy_for is not None, -len(h.unit_path)))
    return Verdict(True, "", needs, own_first[0])


def _able(holding: Holding, act: str, post: str) -> bool:
    return holding.post == post if post else act in holding.acts


def may_look(actor: Actor, *, unit_path: str = "", posts: Collection[str] = ()) -> Verdict:
    """Say whether `actor` may read persons' records; the caller has checked the matter, where there is one.

    Administrators never may: who can erase or appoint must not also read. Nor may those whose posts do not carry
    the act, supervisors among them: a matter that one may see is not yet a record that one may read. The help desk
    looks only with a matter behind it; of such a matter no other than the `posts` read.
    """
    if actor.kind != OFFICER:
        return Verdict(False, "not_officer", LOOK)
    able = [
        h
        for h in actor.holdings
        if h.post not in ADMINISTRATORS
        and LOOK in h.acts
        and (unit_path.startswith(h.unit_path) if unit_path else DESK not in h.acts)
        and (not posts or h.post in posts)
    ]
    if not able:
        return Verdict(False, "no_post", LOOK)
    own_first = sorted(able, key=lambda h: (h.deputy_for is not None, -len(h.unit_path)))
    return Verdict(True, "", LOOK, own_first[0])


def may_hold(held: Iterable[str], post: str) -> Verdict:
    """Say whether someone who holds the posts `held` may be given `post`: an administrator holds nothing else."""
    others = set(held) - {post}
    if post in ADMINISTRATORS and others:
        return Verdict(False, "administrators_apart", post)
    if others & ADMINISTRATORS:
        return Verdict(False, "administrators_apart", post)
    return Verdict(True)


def may_deputise(
    holder: Iterable[Holding],
    deputy: Collection[Holding],
    post: str,
    unit_path: str,
    since: datetime,
    until: datetime,
) -> Verdict:
    """Say whether one who has the holdings `holder` may let another, with the holdings `deputy`, stand in for `post`.

    A deputy cannot pass the deputyship on, administrators have no deputies, and the time is limited. It gives nobody
    acts that are new to them: the deputy holds as much near by, or the same post elsewhere in the branch. It never
    joins the acts of looking over officers or money with those of handling matters and records.
    """
    lent = next((h for h in holder if h.post == post and h.unit_path == unit_path and h.deputy_for is None), None)
    if post in ADMINISTRATORS or any(h.post in ADMINISTRATORS for h in deputy):
        return Verdict(False, "administrators_apart", post)
    if lent is None:
        return Verdict(False, "not_held", post)
    if not any(_as_much(h, lent) for h in deputy if h.deputy_for is None):
        return Verdict(False, "deputy_not_near", post)
    if any(_joins(h.acts, lent.acts) or _joins(lent.acts, h.acts) for h in deputy):
        return Verdict(False, "deputy_joins", post)
    if until <= since:
        return Verdict(False, "ends_before_start", post)
    if until - since > DEPUTY_MAX:
        return Verdict(False, "too_long", post)
    return Verdict(True)


def _as_much(held: Holding, lent: Holding) -> bool:
    """Say whether `held` carries what `lent` does: in its unit or the one above or below, or as the same post.

    Both lie in the same branch; a post of the bureau has its deputies in the bureau.
    """
    if _branch(held.unit_path) != _branch(lent.unit_path):
        return False
    near = held.unit_path.startswith(lent.unit_path) or lent.unit_path.startswith(held.unit_path)
    return held.post == lent.post or (near and lent.acts <= held.acts)


def _branch(unit_path: str) -> list[str]:
    return unit_path.split(".")[1:2]  # 1.4.27. lies in 4, and 1. in none


def _joins(acts: frozenset[str], others: frozenset[str]) -> bool:
    return bool(acts & WORKS and (others & LOOKS_OVER) - acts)


# What a refusal says to the one refused.
WORDS: Mapping[str, Mapping[str, str]] = {
    "not_officer": {"zh": "此操作只能由民警办理。", "en": "Only an officer may do this."},
    "no_post": {"zh": "您现在的岗位不能办理此事。", "en": "None of the posts you hold may do this."},
    "other_unit": {"zh": "此事由其他单位办理。", "en": "This belongs to another unit."},
    "out_of_scope": {"zh": "您的代理权限不包括此事项。", "en": "Your deputyship does not cover this service."},
    "same_person": {
        "zh": "须由另一名民警办理，您（或您所代理的人）已办过前一步。",
        "en": "Another person must do this: you, or the one you stand in for, did the step before.",
    },
    "number_replaced": {
        "zh": "这个身份证号码已经更换，不再使用。请填写现在的号码；仍有疑问请到就近派出所办理。",
        "en": "This ID number has been replaced and is no longer used. Give the present one, or ask at the nearest "
        "police station.",
    },
    "administrators_apart": {
        "zh": "系统、安全、审计三类管理员必须由不同的人担任，且不得兼任其他岗位、不得代理。",
        "en": "The system, security and audit administrators must be different people, hold no other post "
        "and have no deputies.",
    },
    "deputy_not_near": {
        "zh": "代理人须在本单位或其上级、下级单位担任职权不少于该岗位的岗位，或在同一分局担任同一岗位；不能跨分局。",
        "en": "A deputy holds a post with at least the same acts in this unit or in the one above or below, or the "
        "same post elsewhere in the branch; never in another branch.",
    },
    "deputy_joins": {
        "zh": "监督、预警、收费岗位与查看、办理、审批岗位不能由同一人兼任，也不能互相代理。",
        "en": "Posts that supervise, are told of alarms or keep the fees, and posts that look, handle or decide, are "
        "not joined in one person, and have no deputies from each other.",
    },
    "not_held": {"zh": "只能由本人担任的岗位委托代理。", "en": "Only a post one holds oneself can be deputised."},
    "ends_before_start": {"zh": "结束时间必须晚于开始时间。", "en": "The end must be after the start."},
    "too_long": {"zh": "代理最长 60 天。", "en": "A deputyship lasts at most 60 days."},
    "hidden_too_long": {
        "zh": "隐藏期限最长 12 个月（365 天）。",
        "en": "Looks are hidden for twelve months (365 days) at most.",
    },
    "no_reason": {"zh": "请选择查看理由。", "en": "Please give the reason for looking."},
}
