"""A small world for the engine's tests: one service of each flow, a station, a branch, a bureau, and the people."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import yaml

from minjing.base.clock import CHINA
from minjing.base.workdays import WorkCalendar, build
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.matters import catalog, rules
from minjing.kernel.matters.rules import Place, Snapshot
from minjing.kernel.matters.schema import Body, Flow, Service

# National Day 2026: closed 1-7 October, made up on Sunday 20 September and Saturday 10 October.
DAYS_OFF = [date(2026, 10, d) for d in range(1, 8)]
MADE_UP = [date(2026, 9, 20), date(2026, 10, 10)]
CALENDAR: WorkCalendar = build(date(2025, 1, 1), date(2026, 12, 31), DAYS_OFF, MADE_UP, date(2036, 12, 31))
PLACE = Place(station_id=27, branch_id=4, bureau_id=1, path="1.4.27.")
MONDAY = datetime(2026, 9, 14, 10, 0, tzinfo=CHINA)


def officer(number: int, post: str, path: str, acts: tuple[str, ...] = ("look",), **more: Any) -> Actor:
    """Return an officer who holds one post in the unit at `path`."""
    unit = int(path.rstrip(".").split(".")[-1])
    level = {1: "bureau", 2: "branch", 3: "station"}[path.count(".")]
    held = Holding(post, unit, path, level, 0 if level == "bureau" else 4, frozenset(acts), **more)
    return Actor(UUID(int=number), "officer", name=f"officer {number}", holdings=(held,))


LIN = Actor(UUID(int=1), "resident", person_id=UUID(int=101), level=2)  # the applicant
STRANGER = Actor(UUID(int=2), "resident", person_id=UUID(int=102), level=2)
CHEN = officer(11, "station_clerk", "1.4.27.")
ZHOU = officer(12, "station_clerk", "1.4.27.")
HEAD = officer(13, "station_approver", "1.4.27.", ("look", "supervise"))
ELSEWHERE = officer(14, "station_clerk", "1.5.31.")
LUO = officer(21, "branch_approver", "1.4.")
MA = officer(22, "branch_approver", "1.4.")
PUBLISHER = officer(31, "system_admin", "1.", ("manage_catalogue", "manage_units", "manage_calendars"))
CHECKER = officer(23, "record_checker", "1.4.")


def service(**changes: Any) -> Service:
    """Return a small service of the flow `reviewed`; `changes` replace parts of it."""
    data: dict[str, Any] = {
        "code": "HZ9901",
        "title": {"zh": "夫妻投靠入户", "en": "Move in to join a spouse"},
        "group": {"zh": "投靠迁入", "en": "Family reunion"},
        "aliases": ["随迁"],
        "flow": "reviewed",
        "decides": "branch",
        "basis": [{"law": "户口登记条例", "article": 13}],
        "limit": {"value": 20, "unit": "workday"},
        "channel": "online_full",
        "confidence": "B",
        "source": "test",
        "guide": {
            "summary": {"zh": "与配偶团聚。", "en": "Join your spouse."},
            "who": {"zh": "已婚。", "en": "Married people."},
            "result": {"zh": "准予迁入证明", "en": "Permit to move in"},
        },
        "form": [
            {
                "page": "spouse",
                "title": {"zh": "您的配偶", "en": "Your spouse"},
                "fields": [
                    {
                        "name": "spouse_id",
                        "type": "resident_id",
                        "label": {"zh": "配偶身份证号码", "en": "ID number"},
                    },
                    {
                        "name": "married_on",
                        "type": "date",
                        "label": {"zh": "结婚日期", "en": "Date of marriage"},
                        "rule": {"before": "tomorrow"},
                    },
                    {
                        "name": "has_children",
                        "type": "yes_no",
                        "label": {"zh": "有无子女随迁", "en": "Children along?"},
                    },
                    {
                        "name": "children",
                        "type": "people",
                        "label": {"zh": "随迁子女", "en": "Children"},
                        "show": {"has_children": True},
                    },
                ],
            },
            {
                "page": "delivery",
                "title": {"zh": "领取", "en": "Delivery"},
                "fields": [
                    {
                        "name": "delivery",
                        "type": "choice",
                        "label": {"zh": "领取方式", "en": "How"},
                        "options": [
                            {"value": "electronic", "zh": "电子证照", "en": "Electronic"},
                            {"value": "post", "zh": "邮寄", "en": "By post"},
                        ],
                    },
                    {
                        "name": "post_address",
                        "type": "address",
                        "label": {"zh": "邮寄地址", "en": "Address"},
                        "show": {"delivery": "post"},
                    },
                ],
            },
        ],
        "materials": [
            {"name": "marriage_certificate", "title": {"zh": "结婚证", "en": "Marriage certificate"}},
            {
                "name": "birth_certificate",
                "title": {"zh": "出生医学证明", "en": "Birth certificate"},
                "when": {"has_children": True},
            },
        ],
        "grants": {"certificate": "move_in_permit", "title": {"zh": "准予迁入证明", "en": "Permit"}, "valid": "40d"},
        "effect": "test.effect",
    }
    return Service.model_validate({**data, **changes})


def flow(name: str) -> Flow:
    """Return a flow of the house."""
    return Flow.model_validate(yaml.safe_load((catalog.FLOWS / f"{name}.yaml").read_text(encoding="utf-8")))


def body(flow_name: str = "reviewed", city: dict[str, Any] | None = None, **changes: Any) -> Body:
    """Return the procedure of the small service under a flow."""
    return catalog.compose(service(flow=flow_name, **changes), flow(flow_name), city or {})


BODY = body()


def submitted(procedure: Body = BODY, at: datetime = MONDAY) -> Snapshot:
    """Return Lin's matter as it is after submission."""
    start = procedure.flow.states[procedure.flow.start]
    blank = Snapshot(
        id=UUID(int=900),
        org_id=4,
        number="HZ04260000001",
        procedure_id=UUID(int=800),
        code=procedure.service.code,
        unit_id=27,
        station_id=27,
        state=procedure.flow.start,
        post=rules.post_of(procedure, start),
        ver=1,
        person_id=LIN.person_id or UUID(int=0),
        account_id=LIN.account_id,
        submitted_at=at,
        due_at=at,
        yellow_at=at,
        step_since=at,
        acts={"submit": str(LIN.account_id)},
    )
    return rules.clocked(procedure, blank, CALENDAR, at)


def decide(
    matter: Snapshot, action: str, by: Actor, at: datetime, procedure: Body = BODY, **ask: Any
) -> rules.Change:
    """Decide an action in this world."""
    return rules.decide(procedure, matter, action, rules.Ask(**ask), by=by, place=PLACE, calendar=CALENDAR, now=at)


def utc(*parts: int) -> datetime:
    """Return an instant in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]
