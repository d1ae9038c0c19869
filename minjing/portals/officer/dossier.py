"""All that the matter page shows, gathered: facts, form, papers, history, and the steps the law allows now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from minjing.base import names
from minjing.base.clock import local_day
from minjing.kernel.files import queries as files
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import actions, forms, plugs, queries
from minjing.kernel.matters.actions.receptions import COUNTER
from minjing.kernel.matters.plugs import Earlier
from minjing.kernel.matters.rules import Happening, Snapshot, Station
from minjing.kernel.matters.schema import Body, FormField, Text
from minjing.kernel.papers import queries as papers
from minjing.kernel.papers.queries import Card
from minjing.kernel.papers.rules import REASONS

HIDDEN = "＊"


@dataclass(frozen=True)
class Answer:
    """One answer as it is shown: its label, its value in both languages, and what the register says."""

    name: str
    label: Text
    value: Text
    rows: Sequence[Mapping[str, str]] = ()  # people, one by one
    register: Text | None = None
    differs: bool = False
    sets: str = ""


@dataclass(frozen=True)
class Group:
    """The answers of one page of the form."""

    title: Text
    answers: Sequence[Answer]


@dataclass(frozen=True)
class Record:
    """What the register says of one person: the applicant, or the person the matter is about."""

    title: Text
    rows: Sequence[tuple[Text, str, Text]]  # heading, name of the item, value
    of_subject: bool  # whether the matter is about this person
    person_id: UUID | None = None

    @property
    def items(self) -> dict[str, Text]:
        """Return the values by item."""
        return {name: value for _, name, value in self.rows if name}


@dataclass(frozen=True)
class Sheet:
    """One file to look at, or a paper an authority holds already."""

    id: UUID
    name: str
    title: Text
    added_at: datetime
    held_ref: str = ""
    kind: str = ""  # image, pdf
    size: int = 0
    pages: int = 0
    is_new: bool = False  # came after the last request for papers
    original: bool = False


@dataclass(frozen=True)
class Dossier:
    """A matter opened for one officer at one moment."""

    matter: Snapshot
    body: Body
    full: bool  # whether values are shown in full; else they are masked
    readable: bool  # whether the asker may read the form at all
    needs_reason: bool = False  # whether nothing is shown before a reason is given: no open matter stands behind it
    groups: Sequence[Group] = ()
    records: Sequence[Record] = ()
    sheets: Sequence[Sheet] = ()
    missing: Sequence[Text] = ()
    line: Sequence[Station] = ()
    history: Sequence[dict[str, Any]] = ()
    tasks: Sequence[dict[str, Any]] = ()
    duplicates: Sequence[Snapshot] = ()
    papers: Sequence[Card] = ()
    takeable: frozenset[UUID] = frozenset()  # which of the papers this officer may take back
    proposed: Sequence[dict[str, Any]] = ()
    handover: Mapping[str, Any] | None = None  # from the counter that took it in to the responsible station
    beside: Record | None = None  # what the module of the service adds to the form
    raw: Mapping[str, Any] = field(default_factory=dict)  # the answers, only when `full`
    earlier: Earlier | None = None  # the paper of a decision before, beside the one it stands for


def _handover(matter: Snapshot, by: Actor) -> Mapping[str, Any] | None:
    """Return who took a matter in for whom, with names, and whether this officer may give the receipt."""
    found = queries.handover(matter)
    if found is None:
        return None
    units = queries.units()
    people = queries.officers([who for who in (found.by, found.received_by) if who])
    return {
        "from_unit": units[found.from_unit].name,
        "to_unit": units[found.to_unit].name,
        "by": people[found.by].display_name if found.by in people else "",
        "handed_at": found.handed_at,
        "papers": found.papers,
        "received_at": found.received_at,
        "received_by": people[found.received_by].display_name if found.received_by in people else "",
        "may_receive": any(h.unit_id == found.to_unit and h.post == COUNTER for h in by.holdings),
    }


def open_dossier(
    matter: Snapshot, by: Actor, now: datetime, steps: Sequence[queries.Step], reason: str = ""
) -> Dossier:
    """Gather the page; every look at personal data is written down before the data is opened."""
    body = queries.body_of(matter)
    happened = queries.events(matter)
    issued = papers.of_matter(matter.id, now=now)
    facts: dict[str, Any] = {
        "line": queries.line(matter),
        "tasks": _tasks(matter, body),
        "duplicates": queries.duplicates(matter, by),
        "papers": issued,
        "takeable": frozenset(card.id for card in issued if queries.may_take_back(matter, card, by)),
        "handover": _handover(matter, by),
    }
    if not queries.reads(matter, by):
        return Dossier(matter, body, False, False, history=_history(body, happened, {}), **facts)
    if matter.closed_at is not None and not reason:
        return Dossier(matter, body, False, True, True, history=_history(body, happened, {}), **facts)
    full = bool(reason) or queries.in_hand(matter, by, steps)
    sheets = _sheets(matter, body, happened) if full else []
    shown = any(sheet.kind for sheet in sheets)
    opened = queries.open_file(matter, by, now, reason=reason, full=full, material=shown)
    answers, records = opened.answers, _records(matter, opened)
    return Dossier(
        matter,
        body,
        full,
        True,
        groups=_groups(body, answers, records, full, now),
        records=records,
        sheets=sheets,
        missing=_missing(matter, body, answers, now),
        history=_history(body, happened, opened.notes),
        proposed=_proposed(matter, body, answers) if full else (),
        beside=_beside(matter, answers, now) if full else None,
        raw=answers if full else {},
        earlier=opened.earlier,
        **facts,
    )


# ---- the form -------------------------------------------------------------------------------------------


def _groups(
    body: Body, answers: Mapping[str, Any], records: Sequence[Record], full: bool, now: datetime
) -> list[Group]:
    groups, today = [], local_day(now)
    for page in forms.visible_pages(body, answers, today):
        shown = [
            _answer(f, answers[f.name], _known(f, records, answers, today), full)
            for f in page.fields
            if f.name in answers
        ]
        if shown:
            groups.append(Group(page.title, shown))
    return groups


def _known(spec: FormField, records: Sequence[Record], answers: Mapping[str, Any], today: date) -> Text | None:
    """Return what the register says of the same thing about the same person; None where nothing can be compared.

    Fields named `person_…` are of the person the matter is about; fields filled from the register are of the
    applicant, and can be compared only where the matter is about the applicant.
    """
    subject = next((record.items for record in records if record.of_subject), None)
    if subject is None:
        return None
    if spec.name.startswith("person_"):
        item = spec.name.removeprefix("person_")
        return subject.get({"id": "id_number"}.get(item, item))
    plug, _, path = forms.source_of(spec, answers, today).partition(".")
    return subject.get(path) if plug == "register" and len(records) == 1 else None


def _answer(spec: FormField, value: Any, known: Text | None, full: bool) -> Answer:
    said = in_words(spec, value)
    rows = _people(value, full) if spec.type == "people" else ()
    if not full:
        return Answer(spec.name, spec.label, masked(spec, said), rows)
    differs = known is not None and _bare(known.zh) not in (_bare(said.zh), _bare(str(value)))
    return Answer(spec.name, spec.label, said, rows, known, differs, spec.sets)


def _bare(text: str) -> str:
    """Return `text` without spaces and dashes, so that 2019-05-20 equals 2019 05 20."""
    return "".join(c for c in text if c not in " -·　").upper()


def in_words(spec: FormField, value: Any) -> Text:
    """Return an answer as people read it, in both languages."""
    if spec.type in ("choice", "choices"):
        wanted = value if isinstance(value, list) else [value]
        chosen = [o for o in spec.options if o.value in wanted]
        return _text("、".join(o.zh for o in chosen), ", ".join(o.en for o in chosen))
    if spec.type == "yes_no":
        return Text(zh="是", en="Yes") if value else Text(zh="否", en="No")
    if spec.type == "consent":
        return Text(zh="已同意", en="Agreed")
    if spec.type == "place":
        station = queries.station(str(value))
        return station.name if station else _text(str(value), str(value))
    if spec.type == "people":
        return Text(zh=f"{len(value)} 人", en=f"{len(value)} people")
    if spec.type == "money":
        return _text(f"¥{float(value):,.2f}", f"¥{float(value):,.2f}")
    words = str(value).replace("T", " ") if spec.type == "datetime" else str(value)
    return _text(words, words)


def _text(zh: str, en: str) -> Text:
    return Text(zh=zh or "—", en=en or "—")


MASKED_TYPES = frozenset(
    {"name", "resident_id", "phone", "address", "household_no", "document_no", "text", "long_text", "people"}
)


def masked(spec: FormField, said: Text) -> Text:
    """Return an answer with what identifies people hidden: enough to recognise a file, not to read it."""
    if spec.type not in MASKED_TYPES:
        return said
    return Text(zh=_mask(spec.type, said.zh), en=_mask(spec.type, said.en))


def _mask(kind: str, words: str) -> str:
    if kind == "name":
        return names.mask(words)
    if kind == "resident_id":
        return words[:4] + "*" * 12 + words[-2:]
    if kind == "phone":
        return words[:3] + "****" + words[-4:]
    if kind == "people":
        return words
    return words[:3] + HIDDEN * 4 if len(words) > 4 else HIDDEN * len(words)


def _people(value: Any, full: bool) -> list[dict[str, str]]:
    rows = []
    for person in value if isinstance(value, list) else []:
        name, number = str(person.get("name", "")), str(person.get("id_number", ""))
        rows.append(
            {
                "name": name if full else names.mask(name),
                "id_number": number if full else _mask("resident_id", number),
                "relation": str(person.get("relation", "")),
            }
        )
    return rows


APPLICANT = Text(zh="申请人的户籍登记", en="The applicant in the register")
CONCERNED = Text(zh="当事人的户籍登记", en="The person concerned in the register")


def _records(matter: Snapshot, opened: queries.OpenFile) -> list[Record]:
    """Return what the register says of the applicant and, where another, of the person the matter is about."""
    if not opened.registers:
        return []
    applicant = matter.person_id
    own = Record(APPLICANT, opened.registers[applicant], opened.subject == applicant, applicant)
    if opened.subject is None or opened.subject == matter.person_id:
        return [own]
    return [Record(CONCERNED, opened.registers[opened.subject], True, opened.subject), own]


def _beside(matter: Snapshot, answers: Mapping[str, Any], now: datetime) -> Record | None:
    """Return what the module that owns the service says beside the form, if it says anything."""
    ask = plugs.FACTS.get(matter.code)
    return Record(*ask(matter=matter, answers=answers, now=now), of_subject=False) if ask else None


def _proposed(matter: Snapshot, body: Body, answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a correction under approval would change: field, as it is, as it would be."""
    if matter.state != "correcting":
        return []
    fields = body.service.fields
    return [
        {
            "label": fields[name].label,
            "before": in_words(fields[name], answers[name]) if name in answers else Text(zh="未填", en="blank"),
            "after": in_words(fields[name], value),
        }
        for name, value in actions.proposed_corrections(matter).items()
        if name in fields
    ]


# ---- papers ---------------------------------------------------------------------------------------------


def _sheets(matter: Snapshot, body: Body, happened: Sequence[Happening]) -> list[Sheet]:
    specs = {spec.name: spec for spec in body.service.materials}
    asked = [event.at for event in happened if event.action == "ask_supplement"]
    sheets = []
    rows = queries.materials(matter)
    facts = files.files([row.file_id for row in rows if row.file_id])
    for row in rows:
        spec = specs.get(row.name)
        title = spec.title if spec else _text(row.name, row.name)
        kept = facts.get(row.file_id) if row.file_id else None
        sheets.append(
            Sheet(
                row.id,
                row.name,
                title,
                row.added_at,
                row.held_ref,
                kept.kind if kept else "",
                kept.size if kept else 0,
                (kept.pages or 0) if kept else 0,
                bool(asked) and row.added_at > asked[-1],
                bool(spec and spec.original),
            )
        )
    return sheets


def _missing(matter: Snapshot, body: Body, answers: Mapping[str, Any], now: datetime) -> list[Text]:
    """Return the papers the form calls for that are neither uploaded nor held."""
    there = {row.name for row in queries.materials(matter)}
    needed = forms.needed_materials(body, answers, local_day(now))
    return [spec.title for spec in needed if spec.required and spec.name not in there]


# ---- history --------------------------------------------------------------------------------------------

OWN_WORDS: Mapping[str, Text] = {
    "submit": Text(zh="提交申请", en="Submitted"),
    "finish_task": Text(zh="完成协办", en="Finished a parallel task"),
    "take_back_paper": Text(zh="撤销证照", en="Took back a paper"),
    "recompute_due": Text(zh="按新日历重算期限", en="Due date computed anew"),
    "migrate": Text(zh="转到新版事项", en="Moved to a new version"),
    "migrate_back": Text(zh="转回原版事项", en="Moved back to the old version"),
}


def title_of(body: Body, event: Happening) -> Text:
    """Return what an event is called: as the flow calls its action."""
    state = body.flow.states.get(event.from_state)
    if state and event.action in state.actions:
        return state.actions[event.action].title
    return OWN_WORDS.get(event.action, _text(event.action, event.action))


def _history(
    body: Body, happened: Sequence[Happening], notes: Mapping[int, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the events newest first, with who acted and the words they left."""
    officers = queries.officers(event.actor_id for event in happened)
    known = queries.units()
    reasons = {reason.key: reason.text for reason in body.flow.refusals}
    reasons |= {key: Text(**words) for key, words in REASONS.items()}
    titles = {spec.name: spec.title for spec in body.service.materials}
    told = []
    for event in reversed(happened):
        officer = officers.get(event.actor_id)
        target = body.flow.states.get(event.to_state)
        told.append(
            {
                "seq": event.seq,
                "at": event.at,
                "title": title_of(body, event),
                "to": target.title if target and event.from_state != event.to_state else None,
                "kind": event.actor_kind,
                "who": officer.display_name if officer else "",
                "number": officer.police_number if officer else "",
                "unit": known[event.unit_id].name if event.unit_id in known else None,
                "reason": reasons.get(str(event.detail.get("reason", ""))),
                "materials": [titles[n] for n in event.detail.get("materials", []) if n in titles],
                "days": event.detail.get("days"),
                "note": notes.get(event.seq, {}).get("note", ""),
                "entry_id": event.entry_id,
            }
        )
    return told


def _tasks(matter: Snapshot, body: Body) -> list[dict[str, Any]]:
    known = queries.units()
    rows = queries.tasks(matter)
    officers = queries.officers(row.done_by for row in rows if row.done_by)
    return [
        {
            "row": row,
            "title": body.flow.tasks[row.kind].title if row.kind in body.flow.tasks else _text(row.kind, row.kind),
            "unit": known[row.unit_id].name if row.unit_id in known else None,
            "who": officers[row.done_by].display_name if row.done_by in officers else "",
        }
        for row in rows
    ]
