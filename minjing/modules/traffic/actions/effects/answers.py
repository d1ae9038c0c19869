"""What queries answer from the registers: the applicant's own, what is public, or what a number and a proof open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from minjing.base.clock import CHINA
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.models import Matter
from minjing.modules.traffic.actions.case import Case, Facts, refused, text
from minjing.modules.traffic.models import Accident, FileEntry
from minjing.modules.traffic.queries.files import said
from minjing.modules.traffic.queries.past import tests_of

DATA = Path(__file__).parents[2] / "data"
RECORD = "traffic_record"  # how the ledger calls a look at what the traffic registers hold of a person
SUBJECTS = {"one": "1", "two": "2", "three": "3", "four": "4"}
STATUS = {"booked": "已预约", "cancelled": "已取消", "passed": "合格", "failed": "不合格", "absent": "缺考"}
ACCIDENT_STATES = {
    "open": "已登记，等另一方加入", "joined": "双方已加入", "proposed": "一方已提出责任，等另一方答复",
    "settled": "双方已签协议", "with_officer": "民警处理中", "determined": "已出认定", "withdrawn": "已撤回",
    "lapsed": "逾期终止",
}  # fmt: skip
LIABILITY = {"full": "全部责任", "main": "主要责任", "equal": "同等责任", "minor": "次要责任", "none": "无责任"}
REPORT = "JT0615"
JAM_LASTS = timedelta(hours=2)


@cache
def sites() -> Mapping[str, Any]:
    """Return offices, cameras and medical check points of the city."""
    found: Mapping[str, Any] = yaml.load((DATA / "sites.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found


def looked(case: Case) -> None:
    """Write that the applicant's traffic record is looked at, before it is opened."""
    identity.record_look(SYSTEM, [case.person], [RECORD], matter_id=case.matter.id, now=case.now)


def test_results(case: Case) -> Facts:
    """Answer how the applicant's tests of a subject went."""
    looked(case)
    subject = SUBJECTS[case.text("subject")]
    rows = [r for r in tests_of(case.person) if r.subject == subject]
    lines = [
        f"{r.test_at.astimezone(CHINA):%Y-%m-%d %H:%M}　{STATUS[r.status]}"
        + (f"　{r.marks} 分" if r.marks is not None else "")
        for r in rows
    ]
    used = sum(r.status in ("passed", "failed", "absent") for r in rows)
    left = f"{max(0, 5 - used)} 次" if subject in ("2", "3") else "—"
    return [(text("科目", "Subject"), case.label("subject")), (text("剩余次数", "Attempts left"), left),
            (text("成绩和预约", "Results and bookings"), "\n".join(lines) or "没有记录")]  # fmt: skip


def listed(what: str) -> Callable[[Case], Facts]:
    """Return the answer that lists the places of a kind in a district."""

    def run(case: Case) -> Facts:
        kind = what or case.text("what_site")
        if kind == "guide":
            return [
                (text("办事指南", "Guides"), "交警业务共六类一百六十五项，办事指南页面按拼音、首字母和英文都能搜到")
            ]
        here = [s for s in sites()[kind] if s["district"] == case.text("district")]
        lines = [f"{s['zh']}　{s.get('hours', '')}　{s.get('phone', '')}".strip("　") for s in here]
        return [
            (text("区", "District"), case.label("district")),
            (text("清单", "List"), "\n".join(lines) or "没有登记"),
        ]

    return run


def progress(case: Case) -> Facts:
    """Answer how far a matter of the applicant has come."""
    row = Matter.objects.defer("answers_sealed").filter(number=case.text("matter_no"), person_id=case.person).first()
    if row is None:
        raise refused("没有查到您名下的这个流水号。", "No matter of yours has this number.")
    body = matters.body(row.procedure_id)
    state = body.flow.states[row.state].title
    return [(text("事项", "Service"), body.service.title.zh), (text("环节", "Step"), state.zh),
            (text("最迟答复", "Due"), f"{row.due_at.astimezone(CHINA):%Y-%m-%d}")]  # fmt: skip


def live_traffic(case: Case) -> Facts:
    """Answer what jams have been reported on a road within two hours; subscribe to it if asked."""
    road = case.text("road")[:40]
    rows = FileEntry.objects.filter(kind="facility_report", since_at__gt=case.now - JAM_LASTS)
    jams = [w for w in map(said, rows) if w.get("facility_kind") == "jam" and road in str(w.get("place"))]
    if case.answers.get("subscribe"):
        case.end("road_subscription", person_id=case.person, subject=road)
        case.enter("road_subscription", subject=road)
    state = f"两小时内有 {len(jams)} 起拥堵报告" if jams else "两小时内没有拥堵报告"
    told = "已订阅" if case.answers.get("subscribe") else "未订阅"
    return [(text("路段", "Road"), road), (text("路况", "Now"), state), (text("订阅", "Subscription"), told)]


def ebike_file(case: Case) -> Facts:
    """Answer what is on file of an e-bike, or put one of a fleet on file."""
    number = case.text("ebike_no")[:40].upper()
    if case.text("ebike_step") == "record":
        case.end("ebike", subject=number, person_id=case.person)
        case.enter("ebike", subject=number)
        return [(text("备案号", "File"), case.matter.number), *case.told()]
    row = FileEntry.objects.filter(kind="ebike", subject=number, ended_at__isnull=True).first()
    if row is None:
        return [(text("档案编号", "File"), number), (text("结果", "Result"), "没有备案")]
    since = f"{row.since_at.astimezone(CHINA):%Y-%m-%d}"
    return [(text("档案编号", "File"), number), (text("备案日期", "On file since"), since),
            (text("单位", "Organisation"), str(said(row).get("employer", "")))]  # fmt: skip


def snapshot_result(case: Case) -> Facts:
    """Answer what has become of a report of the applicant's."""
    row = Matter.objects.defer("answers_sealed").filter(
        number=case.text("record_no"), person_id=case.person, code=REPORT
    ).first()  # fmt: skip
    if row is None:
        raise refused("没有查到您的这个举报。", "No report of yours has this number.")
    done = row.outcome == "approved"
    reward = "查证属实的奖励按市局通告发放" if done else "查证中，尚无奖励"
    return [(text("记录号", "Record number"), row.number), (text("结果", "Result"), "已查证" if done else "查证中"),
            (text("奖励", "Reward"), reward)]  # fmt: skip


# ---- accidents ------------------------------------------------------------------------------------------


def accident_of(case: Case) -> Accident:
    """Return an accident in which the applicant was, by its number. Raises EffectRefused."""
    row = Accident.objects.filter(number=case.text("accident_no"), parties__person_id=case.person).first()
    if row is None:
        raise refused("没有查到您参与的这起事故。", "No accident with this number has you as a party.")
    return row


def accident(*states: str) -> Callable[[Case], Facts]:
    """Return the answer about the applicant's accident, where it is in one of `states` (any when none is named)."""

    def run(case: Case) -> Facts:
        looked(case)
        row = accident_of(case)
        if states and row.state not in states:
            now = ACCIDENT_STATES[row.state]
            raise refused(f"还没有这份文书，现在：{now}。", f"There is no such paper yet; the state is {row.state}.")
        mine = row.parties.filter(person_id=case.person).first()
        liability = LIABILITY.get(mine.liability, "尚未确定") if mine else ""
        return [
            (text("事故编号", "Number"), row.number), (text("地点", "Place"), row.place),
            (text("时间", "When"), f"{row.happened_at.astimezone(CHINA):%Y-%m-%d %H:%M}"),
            (text("环节", "Step"), ACCIDENT_STATES[row.state]), (text("您的责任", "Your liability"), liability),
        ]  # fmt: skip

    return run


def review_conclusion(case: Case) -> Facts:
    """Answer what the review of a determination has come to."""
    row = Matter.objects.defer("answers_sealed").filter(
        number=case.text("review_no"), person_id=case.person, code="JT0408"
    ).first()  # fmt: skip
    if row is None:
        raise refused("没有查到您的这个复核。", "No review of yours has this number.")
    words = {"approved": "已作出复核结论，请看复核办件", "refused": "维持原认定", "": "复核中"}
    return [
        (text("复核受理号", "Review"), row.number),
        (text("结论", "Conclusion"), words.get(row.outcome, "已终止")),
    ]


RUNS: dict[str, Callable[[Case], Facts]] = {
    "test_results": test_results, "medical_points": listed("medical"), "sites": listed(""), "progress": progress,
    "live_traffic": live_traffic, "ebike_file": ebike_file, "snapshot_result": snapshot_result,
    "settlement_record": accident("settled"), "determination": accident("determined"),
    "accident_progress": accident(), "review_conclusion": review_conclusion,
}  # fmt: skip
