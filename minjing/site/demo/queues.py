"""Matters under way, so that queues, lights and figures have something to show: submitted and handled in the past."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from PIL import Image, ImageDraw

from minjing.base import conditions, idnumber
from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.files import actions as files
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Account, Unit
from minjing.kernel.matters import actions, queries
from minjing.kernel.matters.errors import MatterError
from minjing.kernel.matters.models import Matter
from minjing.kernel.matters.plugs import EffectRefused
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Body, FormField
from minjing.modules.household import queries as register
from minjing.site.demo.names import Maker, Someone
from minjing.site.demo.register import TODAY
from minjing.site.demo.residents import open_account

PHONES = 19_900_001_000  # the phones of those who applied: 19900001001 and on


def loaded() -> bool:
    """Say whether the demo is complete."""
    return Matter.objects.exists()


@dataclass(frozen=True)
class Play:
    """One matter: which service, at which station, how long ago, how far it has come."""

    code: str
    station: str
    days: float
    end: str


FUTIAN, LIANHUA, SHATOU = "440304004", "440304008", "440304005"
CUIZHU, YUEHAI, XIXIANG, BUJI, MINZHI = "440303004", "440305007", "440306018", "440307014", "440309002"
PLAYS = (
    # Futian station: a clerk's full desk.
    Play("HZ0301", FUTIAN, 0.2, "submitted"), Play("HZ0101", FUTIAN, 0.1, "submitted"),
    Play("HZ0901", FUTIAN, 1.2, "submitted"), Play("HZ0302", FUTIAN, 3.1, "submitted"),
    Play("HZ0301", FUTIAN, 9.4, "submitted"), Play("HZ0404", FUTIAN, 12.3, "submitted"),
    Play("HZ0601", FUTIAN, 0.3, "claimed"), Play("HZ0402", FUTIAN, 2.2, "claimed"),
    Play("HZ0301", FUTIAN, 34.0, "submitted"), Play("HZ0302", FUTIAN, 6.5, "supplement"),
    Play("HZ0301", FUTIAN, 11.2, "supplement"), Play("HZ0404", FUTIAN, 5.5, "recommended"),
    Play("HZ0301", FUTIAN, 8.4, "recommended"), Play("HZ0901", FUTIAN, 7.3, "recommended"),
    Play("HZ0402", FUTIAN, 29.0, "recommended"), Play("HZ0401", FUTIAN, 10.1, "recommended"),
    Play("HZ0301", FUTIAN, 40.2, "approved"), Play("HZ0101", FUTIAN, 21.3, "approved"),
    Play("HZ0804", FUTIAN, 15.2, "approved"), Play("HZ0302", FUTIAN, 33.2, "refused"),
    Play("HZ0301", FUTIAN, 18.4, "withdrawn"), Play("HZ0404", FUTIAN, 52.0, "lapsed"),
    Play("HZ1003", FUTIAN, 0.6, "submitted"), Play("HZ1003", FUTIAN, 26.0, "submitted"),
    # Elsewhere in the city: lights for the supervisor, months for the figures.
    Play("HZ0301", LIANHUA, 4.2, "submitted"), Play("HZ0901", LIANHUA, 22.0, "submitted"),
    Play("HZ0402", LIANHUA, 6.1, "recommended"), Play("HZ0601", LIANHUA, 13.2, "approved"),
    Play("HZ0301", SHATOU, 1.1, "claimed"), Play("HZ0302", SHATOU, 38.5, "submitted"),
    Play("HZ0404", SHATOU, 62.0, "approved"), Play("HZ0301", CUIZHU, 2.3, "submitted"),
    Play("HZ0101", CUIZHU, 0.4, "submitted"), Play("HZ0402", CUIZHU, 16.2, "recommended"),
    Play("HZ0901", CUIZHU, 45.0, "refused"), Play("HZ0301", CUIZHU, 74.0, "approved"),
    Play("HZ0404", YUEHAI, 3.2, "submitted"), Play("HZ0404", YUEHAI, 9.6, "recommended"),
    Play("HZ0401", YUEHAI, 23.0, "recommended"), Play("HZ0402", YUEHAI, 31.0, "submitted"),
    Play("HZ0403", YUEHAI, 88.0, "approved"), Play("HZ0601", YUEHAI, 0.7, "submitted"),
    Play("HZ0302", XIXIANG, 5.2, "submitted"), Play("HZ0301", XIXIANG, 27.2, "recommended"),
    Play("HZ0101", XIXIANG, 102.0, "approved"), Play("HZ0804", XIXIANG, 0.9, "submitted"),
    Play("HZ0301", BUJI, 2.6, "submitted"), Play("HZ0404", BUJI, 44.0, "submitted"),
    Play("HZ0302", BUJI, 12.4, "supplement"), Play("HZ0601", BUJI, 118.0, "approved"),
    Play("HZ0402", MINZHI, 1.4, "submitted"), Play("HZ0301", MINZHI, 19.1, "recommended"),
    Play("HZ0901", MINZHI, 8.8, "submitted"), Play("HZ0101", MINZHI, 36.0, "approved"),
    Play("HZ0302", MINZHI, 57.0, "withdrawn"),
)  # fmt: skip
# Services that need a married head of household, or one who lives alone.
_WANTED = {"HZ0101": "married", "HZ0804": "married", "HZ0301": "single"}
# Who comes from elsewhere and applies for themselves.
NEWCOMERS = ("HZ0401", "HZ0402", "HZ0403", "HZ0404")


class Stage:
    """The people of the plays: applicants one after the other, officers by post."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.maker = Maker(20180501, TODAY)
        self.stations = {unit.code: unit for unit in Unit.objects.filter(level=Unit.STATION)}
        self._heads = {code: register.heads_of(unit.pk) for code, unit in self.stations.items()}
        self._phone = PHONES
        self._picture: bytes = b""

    def resident(self, person_id: UUID, at: datetime) -> Actor:
        """Return somebody with an account of their own."""
        self._phone += 1
        account_id = open_account(str(self._phone), person_id, at - timedelta(days=1))
        return people.actor_of(account_id, at)

    def head(self, station: str, wanted: str) -> UUID:
        """Return a head of a household of the station who has not applied yet: married, single, or any."""
        heads = self._heads[station]
        for head in heads if wanted != "any" else []:
            alone = not _member(register.prefill(head, "members", self.now), "妻", "夫")
            if alone == (wanted == "single"):
                heads.remove(head)
                return head
        return heads.pop(0)

    def outsider(self, sex: str = "", child: str = "") -> Someone:
        """Return somebody from elsewhere: a young one, or the parent of whom the ID number `child` names."""
        first, last = (int(child[6:10]) - 36, int(child[6:10]) - 25) if child else (1988, 1999)
        return self.maker.someone("430102", sex or self.maker.random.choice("12"), self.maker.day(first, last), "")

    def officer(self, post: str, unit_id: int, at: datetime) -> Actor:
        """Return the first holder of a post in a unit."""
        account = Account.objects.filter(appointments__post_id=post, appointments__unit_id=unit_id).earliest("login")
        return people.actor_of(account.pk, at)

    def picture(self) -> bytes:
        """Return a sheet of paper that says it is a specimen."""
        if not self._picture:
            image = Image.new("RGB", (720, 480), "#f7f4ec")
            draw = ImageDraw.Draw(image)
            draw.rectangle((24, 24, 696, 456), outline="#9a8f78", width=3)
            for line in range(9):
                draw.rectangle((72, 96 + line * 36, 640 - (line * 53) % 190, 104 + line * 36), fill="#d9d2c0")
            draw.text((300, 48), "SPECIMEN", fill="#8a2b2b")
            out = io.BytesIO()
            image.save(out, "JPEG", quality=80)
            self._picture = out.getvalue()
        return self._picture


def load(now: datetime, say: Callable[[str], None]) -> None:
    """Submit and handle the matters with instants of the past; what the rules refuse is left where it stands."""
    stage, made = Stage(now), 0
    for play in PLAYS:
        _perform(stage, play)
        made += 1
    say(f"{made} matters under way or decided")


def _perform(stage: Stage, play: Play) -> None:
    at = stage.now - timedelta(days=play.days)
    person_id, answers = _application(stage, play, at)
    by = stage.resident(person_id, at)
    _, body = queries.service(play.code)
    whole = filled(body, {**queries.prefills(body, person_id, at), **answers, "office": play.station}, at)
    wanted = queries.wanted_materials(body, whole, person_id, [], at)
    missing = [w.spec.name for w in wanted if not w.is_there]
    papers: dict[str, list[UUID]] = {}
    if missing:  # one sheet stands for all of them: each file is looked through in a process of its own
        sheet = files.store(stage.picture(), by=by, owner_person=person_id, name="specimen.jpg", now=at)
        papers = {name: [sheet.id] for name in missing}
    matter = actions.submit_whole(play.code, whole, by=by, now=at, request_id=new_id(), materials=papers)
    step = min(timedelta(days=1.5), timedelta(days=play.days / 6))
    clock = iter(at + step * n for n in range(1, 12))
    try:
        for _ in _handled(stage, play, matter, by, clock):
            pass
    except (MatterError, EffectRefused):
        return


def _handled(stage: Stage, play: Play, matter: Snapshot, by: Actor, clock: Iterator[datetime]) -> Iterator[Snapshot]:
    """Take the steps that lead to the end of the play."""
    body = queries.body_of(matter)
    place = queries.place_of(matter.station_id)

    def act(action: str, who: Actor, **more: Any) -> Snapshot:
        nonlocal matter
        at = next(clock)
        matter = actions.act(matter.id, action, ver=matter.ver, by=who, now=at, request_id=new_id(), **more)
        return matter

    if play.end == "submitted" or matter.closed_at is not None:
        return
    if play.end == "withdrawn":
        yield act("withdraw", by)
        return
    clerk = stage.officer("station_clerk", place.station_id, stage.now)
    yield act("claim", clerk)
    if play.end == "claimed":
        return
    if play.end in ("supplement", "lapsed"):
        first = body.service.materials[0]
        note = f"请补交清晰完整的{first.title.zh}，四角都要拍到。"
        yield act("ask_supplement", clerk, materials=(first.name,), note=note)
        if play.end == "lapsed":
            actions.sweep(stage.now - timedelta(days=1))
        return
    decider = clerk
    if "recommend" in body.flow.states[matter.state].actions:
        yield from _checked(stage, matter, clock)
        matter = queries.matter(matter.id, clerk, stage.now)
        yield act("recommend", clerk)
        if play.end == "recommended":
            return
        level = body.service.decides
        decider = stage.officer(f"{level}_approver", place.unit_at(level), stage.now)
        yield act("claim", decider)
    if play.end == "refused":
        note = "经核查，申请条件尚不具备；条件具备后可重新申请。"
        yield act("refuse", decider, reason="conditions", note=note)
    elif play.end == "approved":
        yield act("approve", decider)
        actions.rate(matter.id, 5 if play.days % 3 else 4, words="办得很快，谢谢。", by=by, now=next(clock))


def _checked(stage: Stage, matter: Snapshot, clock: Iterator[datetime]) -> Iterator[Snapshot]:
    """Let the checkers finish the tasks that stand beside the matter."""
    for task in queries.tasks(matter):
        checker = stage.officer(task.post, task.unit_id, stage.now)
        yield actions.finish_task(task.id, "clear", by=checker, now=next(clock), request_id=new_id())


# ---- applications -----------------------------------------------------------------------------------------


def _application(stage: Stage, play: Play, at: datetime) -> tuple[UUID, dict[str, Any]]:
    """Return who applies and what they say; the rest of the form is filled in."""
    if play.code in NEWCOMERS:
        someone = stage.outsider()
        person_id = identity.ensure_person(name=someone.name, id_number=someone.id_number, now=at)
        home = stage.maker.address(f"深圳市{_where(stage, play.station)}")
        return person_id, {
            "person_name": someone.name, "person_id": someone.id_number, "landing_kind": "own",
            "landing_addr": home, "origin_addr": "湖南省长沙市芙蓉区示例路 6 号", "family_along": False,
        }  # fmt: skip
    head = stage.head(play.station, _WANTED.get(play.code, "any"))
    own = {name: register.prefill(head, name, at) for name in ("name", "id_number", "household_no", "sex")}
    spouse = _member(register.prefill(head, "members", at), "妻", "夫")
    return head, _SAID[play.code](stage, own, spouse)


def _where(stage: Stage, station: str) -> str:
    name = str(stage.stations[station].address["zh"])
    return name.removeprefix("深圳市").split("平安路")[0]


def _member(members: list[dict[str, str]] | None, *relations: str) -> dict[str, str]:
    return next((m for m in members or [] if m["relation"] in relations), {})


Own = Mapping[str, Any]


def _spouse_joins(stage: Stage, own: Own, spouse: Own) -> dict[str, Any]:
    someone = stage.outsider(sex="2" if own["sex"] == "1" else "1")
    return {
        "applying_as": "local", "person_name": someone.name, "person_id": someone.id_number,
        "origin_addr": "湖南省长沙市芙蓉区示例路 8 号", "spouse_name": own["name"], "spouse_id": own["id_number"],
        "married_on": "2021-05-20", "marriage_cert_no": "J430102-2021-001234",
        "landing_household_no": own["household_no"], "relation": "spouse", "head_agrees": True,
        "minor_children_along": False,
    }  # fmt: skip


def _parent_joins(stage: Stage, own: Own, spouse: Own) -> dict[str, Any]:
    someone = stage.outsider("2", own["id_number"])
    return {
        "applying_as": "child", "person_name": someone.name, "person_id": someone.id_number,
        "origin_addr": "湖南省衡阳市耒阳市示例村 3 组", "both_parents": False, "joined_name": own["name"],
        "child_id": own["id_number"], "child_hukou_since": "2012-03-01", "relation": "parent",
        "landing_household_no": own["household_no"], "other_children": False, "care_reason": "only_child",
    }  # fmt: skip


def _birth(stage: Stage, own: Own, spouse: Own) -> dict[str, Any]:
    father, mother = (own, spouse) if own["sex"] == "1" else (spouse, own)
    born = stage.now - timedelta(days=130)
    return {
        "child_name": stage.maker.name("2", str(father["name"])[0]), "child_sex": "2",
        "birth_datetime": f"{born:%Y-%m-%d}T08:30", "birth_place": "深圳市妇幼保健院",
        "birth_cert_no": f"Z{own['id_number'][8:17]}",
        "father_name": father["name"], "father_id": father["id_number"], "mother_name": mother["name"],
        "mother_id": mother["id_number"], "follow_parent": "father", "household_no": own["household_no"],
        "relation": "child", "ethnicity": "01",
    }  # fmt: skip


def _other_head(stage: Stage, own: Own, spouse: Own) -> dict[str, Any]:
    return {
        "household_no": own["household_no"], "reason": "agreed", "old_head_name": own["name"],
        "old_head_id": own["id_number"], "new_head_name": spouse["name"], "new_head_id": spouse["id_number"],
    }  # fmt: skip


def _leaves(stage: Stage, own: Own, spouse: Own) -> dict[str, Any]:
    return {
        "person_name": own["name"], "person_id": own["id_number"], "members_along": False,
        "migrate_reason": "work", "destination_addr": "广东省广州市天河区示例路 12 号", "permit_kind": "permit",
        "permit_no": "粤准迁0012345",
    }  # fmt: skip


def _new_name(stage: Stage, own: Own, spouse: Own) -> dict[str, Any]:
    return {
        "applying_as": "self", "person_name": own["name"], "person_id": own["id_number"],
        "new_name": stage.maker.name(str(own["sex"]), str(own["name"])[0]), "surname_from": "unchanged",
        "reason": "原名有生僻字，日常使用不便。",
    }  # fmt: skip


def _certificate(stage: Stage, own: Own, spouse: Own) -> dict[str, Any]:
    return {"for_whom": "self", "certificate_kind": "entry", "purpose": "school", "recipient": "福田区某小学"}


_SAID: Mapping[str, Callable[[Stage, Own, Own], dict[str, Any]]] = {
    "HZ0301": _spouse_joins,
    "HZ0302": _parent_joins,
    "HZ0101": _birth,
    "HZ0804": _other_head,
    "HZ0601": _leaves,
    "HZ0901": _new_name,
    "HZ1003": _certificate,
}


def filled(body: Body, said: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return the answers with something lawful in every other field that must be answered, hidden ones left out."""
    answers, today = dict(said), local_day(at)
    kept: dict[str, Any] = {}
    for page in body.service.form:
        if not conditions.holds(page.show, answers, today):
            continue
        for field in page.fields:
            if not conditions.holds(field.show, answers, today):
                answers.pop(field.name, None)
                continue
            if field.name not in answers and conditions.holds(field.required, answers, today):
                answers[field.name] = _something(field, at)
            if field.name in answers:
                kept[field.name] = answers[field.name]
    return kept


def _something(field: FormField, at: datetime) -> Any:
    if field.type in ("choice", "choices"):
        return field.options[0].value
    past = (at - timedelta(days=400)).date().isoformat()
    lowest = 1 if field.rule.min is None else field.rule.min
    return {
        "name": "李明", "resident_id": idnumber.compose("440304", TODAY.replace(year=1985), 1), "date": past,
        "datetime": f"{past}T09:00", "yes_no": False, "number": lowest, "money": lowest, "consent": True,
        "phone": "19900000099", "uscc": "91350100M000100Y43", "document_no": "示例 20260001", "people": [],
    }.get(field.type, "示例内容")  # fmt: skip
