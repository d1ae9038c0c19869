"""What an officer reads beside the form: age and validity, urgency with its promise and the law's limit, what speaks
against it now. The look at the applicant is on record by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from minjing.base.clock import local_day
from minjing.kernel.identity import queries as people
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Text
from minjing.modules.exit_entry import accepts, errors, queries, rules, tariff

Row = tuple[Text, str, Text]
TITLE = Text(zh="核对要点", en="What to look at")
NEW_DOCUMENT = ("EX0002", "EX0003", "EX0004", "EX0006", "EX0007", "EX0009")
CODES = (*NEW_DOCUMENT, "EX0005", "EX0008", "EX0010")


def facts(*, matter: Snapshot, answers: Mapping[str, Any], now: datetime) -> tuple[Text, Sequence[Row]]:
    """Return the rows beside the form of one application."""
    rows: list[Row] = []
    if matter.code in NEW_DOCUMENT:
        rows += _validity(matter, answers, now)
    rows += [_promise(matter, answers), _law(matter)]
    rows += _against(matter, answers, now)
    return TITLE, rows


def _validity(matter: Snapshot, answers: Mapping[str, Any], now: datetime) -> list[Row]:
    number = str(answers.get("child_id") or "")
    birth = queries.birth_in(number) if number else queries.birth_of(matter.person_id, now)
    applied = local_day(matter.submitted_at)
    if birth is None:
        return [(Text(zh="年龄", en="Age"), "", Text(zh="登记中没有出生日期", en="no date of birth on record"))]
    years, age = rules.years_valid(birth, applied), rules.age_on(birth, applied)
    return [
        (Text(zh="申请时年龄", en="Age when applied"), "", Text(zh=f"{age} 周岁", en=f"{age}")),
        (
            Text(zh="有效期", en="Validity"),
            "",
            Text(
                zh=f"{years} 年（今日签发则至 {rules.expires(local_day(now), years)}）",
                en=f"{years} years (until {rules.expires(local_day(now), years)} if issued today)",
            ),
        ),
    ]


def promised(matter: Snapshot, answers: Mapping[str, Any]) -> date:
    """Return the day promised: working days from the submission, never after the law's limit."""
    said = tariff.read("limits.yaml")["promise"]["urgent" if answers.get("urgent") else "normal"]["workdays"]
    received = local_day(matter.submitted_at)
    legal = (_legal_day(matter) - received).days
    return rules.within_law(matters.calendar().add(received, said), received, legal)


def _promise(matter: Snapshot, answers: Mapping[str, Any]) -> Row:
    day = promised(matter, answers)
    if not answers.get("urgent"):
        return Text(zh="承诺", en="Promise"), "", Text(zh=f"{day} 前（平台规则）", en=f"by {day} (platform rule)")
    reasons = {r["key"]: r["title"] for r in tariff.read("limits.yaml")["urgent_reasons"]}
    why = reasons.get(str(answers.get("urgent_reason")), {"zh": "", "en": ""})
    return (
        Text(zh="加急", en="Urgent"),
        "urgent_reason",
        Text(zh=f"{why['zh']}，承诺 {day} 前", en=f"{why['en']}; promised by {day}"),
    )


def _law(matter: Snapshot) -> Row:
    day = _legal_day(matter)
    return Text(zh="法定期限", en="Legal limit"), "", Text(zh=f"{day}", en=f"{day}")


def _legal_day(matter: Snapshot) -> date:
    """Return the last day of the legal limit; a limit in days ends with the day, at midnight."""
    return local_day(matter.due_at - timedelta(microseconds=1))


def _against(matter: Snapshot, answers: Mapping[str, Any], now: datetime) -> list[Row]:
    """Return what speaks against the application as the records stand now; the form was right when it was sent."""
    if matter.post not in ("exit_entry_clerk", "exit_entry_approver"):
        return []
    service = matters.body_of(matter).service
    check, _ = accepts.CHECKS[service.accepts]
    number = str(answers.get("child_id") or "")
    holder = people.person_by_id_number(number) if number else matter.person_id
    if holder is None:
        return []
    found = check(holder, answers, local_day(now), now)
    title = Text(zh="条件核对", en="Conditions")
    if not found:
        return [(title, "", Text(zh="登记核对均符合", en="all borne out by the records"))]
    return [(title, "", errors.words(objection)) for objection in found]
