"""What a step will do, in words, before it is done: to the state, the register, the clock, the applicant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minjing.base.clock import CHINA, local_day
from minjing.kernel.matters import actions, forms, queries
from minjing.kernel.matters.rules import Snapshot, extension_left, leads_to
from minjing.kernel.matters.schema import ActionSpec, Body, Text
from minjing.portals.officer.dossier import in_words


@dataclass(frozen=True)
class Consequence:
    """One thing that a step does; `kind` picks its sign: state, register, paper, clock, told, object."""

    kind: str
    text: Text


def consequences(
    body: Body, matter: Snapshot, action: str, answers: Mapping[str, Any], now: datetime
) -> list[Consequence]:
    """Return what `action` will do to this matter, in the order in which it happens."""
    spec = body.flow.states[matter.state].actions[action]
    found = [*_state(body, matter, spec), *_register(body, spec, answers), *_paper(body, spec, answers, now)]
    found += [*_clock(body, matter, action, spec), *_told(body, matter, spec)]
    target = body.flow.states.get(leads_to(matter, spec))
    if target is not None and target.outcome in ("refused", "not_accepted"):
        found.append(Consequence("object", body.flow.how_to_object))
    return found


def _state(body: Body, matter: Snapshot, spec: ActionSpec) -> list[Consequence]:
    name = leads_to(matter, spec)
    if not name:
        return []
    target = body.flow.states[name]
    zh, en = (
        f"办件进入「{target.title.zh}」：{target.plain.zh}",
        f"The matter moves to “{target.title.en}”: {target.plain.en}",
    )
    return [Consequence("state", Text(zh=zh, en=en))]


def _register(body: Body, spec: ActionSpec, answers: Mapping[str, Any]) -> list[Consequence]:
    if not spec.effect:
        return []
    result = body.service.guide.result
    said = [
        Consequence(
            "register",
            Text(
                zh=f"户籍登记随之变更（{body.service.title.zh}）：{result.zh}",
                en=f"The register changes with it ({body.service.title.en}): {result.en}",
            ),
        )
    ]
    for field in body.service.fields.values():
        if field.sets and field.name in answers:
            value = in_words(field, answers[field.name])
            zh, en = f"登记「{field.label.zh}」为：{value.zh}", f"“{field.label.en}” is entered as: {value.en}"
            said.append(Consequence("register", Text(zh=zh, en=en)))
    return said


def _paper(body: Body, spec: ActionSpec, answers: Mapping[str, Any], now: datetime) -> list[Consequence]:
    said = []
    if spec.reverses:
        zh, en = "原证照作废，查验时显示「已撤销」。", "The paper issued before is revoked; a check will say so."
        said.append(Consequence("paper", Text(zh=zh, en=en)))
    grant = body.service.grants
    if spec.effect and grant:
        due = forms.paper_due(grant, answers, local_day(now))
        until = actions.valid_until(due.valid, now)
        zh, en = "长期有效", "no end of validity"
        if until:
            last = until.astimezone(CHINA)
            zh, en = f"有效至 {last.year}年{last.month}月{last.day}日", f"valid until {last.day} {last:%B %Y}"
        said.append(
            Consequence(
                "paper",
                Text(
                    zh=f"签发电子证照《{due.title.zh}》，带编号、二维码和数字签名，{zh}。",
                    en=f"The certificate “{due.title.en}” is issued and signed, with number and QR code; {en}.",
                ),
            )
        )
    return said


def _clock(body: Body, matter: Snapshot, action: str, spec: ActionSpec) -> list[Consequence]:
    if action == "grant_extension" and matter.asked_days:
        days = matter.asked_days
        return [_of_clock(f"期限延长 {days} 个工作日。", f"The time limit is extended by {days} working days.")]
    if action == "ask_extension":
        left = extension_left(matter)
        return [
            _of_clock(
                f"期限暂不改变；经审批人批准后延长（最长 {left} 个工作日，《行政许可法》第 42 条）。",
                f"Nothing changes yet: an approver must grant it (at most {left} working days, "
                "Administrative Licensing Law art. 42).",
            )
        ]
    target = body.flow.states.get(spec.to)
    if target is None or not target.pauses:
        return []
    waits, lacks = RESTS.get(target.pauses, RESTS["supplement"])
    said = [_of_clock(f"时钟暂停，{waits}不计入办理时限。", "The clock stops; this time does not count.")]
    if target.lapses_after:
        number, unit = target.lapses_after.value, target.lapses_after.unit
        zh, en = {"day": ("天", "days"), "workday": ("个工作日", "working days"), "hour": ("小时", "hours")}[unit]
        said.append(
            _of_clock(f"{number} {zh}内{lacks}，办件终止。", f"If nothing comes within {number} {en}, it lapses.")
        )
    return said


# Of each reason to rest: the time that does not count, and what ends the matter when it does not come.
RESTS = {"supplement": ("补正期间", "未补正"), "originals": ("等候核验原件期间", "未核验原件")}


def _of_clock(zh: str, en: str) -> Consequence:
    return Consequence("clock", Text(zh=zh, en=en))


def _told(body: Body, matter: Snapshot, spec: ActionSpec) -> list[Consequence]:
    if not spec.tells or spec.tells not in body.flow.notices:
        return []
    due = matter.due_at.astimezone(CHINA)
    text, title = body.flow.notices[spec.tells], body.service.title
    zh = text.zh.replace("{title}", title.zh).replace("{number}", matter.number)
    en = text.en.replace("{title}", title.en).replace("{number}", matter.number)
    zh = zh.replace("{due}", f"{due.year}年{due.month}月{due.day}日")
    en = en.replace("{due}", f"{due.day} {due:%B %Y}")
    return [Consequence("told", Text(zh=f"申请人收到：{zh}", en=f"The applicant is told: {en}"))]


def ready_steps(matter: Snapshot, steps: list[queries.Step], account_id: Any) -> list[dict[str, Any]]:
    """Return the steps in the order to show them, each with whether it can be taken right now and why not.

    A step that needs a claim waits for the claim; the claim itself goes once it is made.
    """
    shown: list[dict[str, Any]] = []
    for step in steps:
        if step.action == "claim" and matter.claimed_by is not None:
            continue
        if step.action == "release" and matter.claimed_by is None:
            continue
        if step.action == "grant_extension" and not matter.asked_days:
            continue
        if step.action == "ask_extension" and matter.asked_days:
            continue
        why, now, after_claim = step.why_not, step.allowed, False
        if now and "claim" in step.needs and matter.claimed_by != account_id and step.action != "release":
            now, after_claim = False, matter.claimed_by is None
            why = Text(zh="由领办的民警办理", en="for the officer who has claimed it")
        if now and "tasks_done" in step.needs and matter.open_tasks:
            now = False
            why = Text(
                zh=f"还有 {matter.open_tasks} 项协办未完成", en=f"{matter.open_tasks} parallel task(s) still open"
            )
        strong = now and (step.strong or step.action == "claim")
        shown.append({"step": step, "now": now, "why": why, "after_claim": after_claim, "strong": strong})
    shown.sort(key=lambda s: (not s["strong"], not s["now"], _weight(s["step"].action)))
    return shown


LAST = ("ask_supplement", "return", "ask_extension", "refuse_to_accept", "refuse", "release")


def _weight(action: str) -> int:
    """Return the place of a step among those that are not the strong one: putting back comes last."""
    return LAST.index(action) + 1 if action in LAST else 0
