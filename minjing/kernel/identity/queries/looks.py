"""Reading looks: who looked at a person, which were hidden and until when, and what stands behind no open matter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Text
from minjing.kernel.identity.models import Account, HiddenLook, Post, Unit
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.queries.accounts import require
from minjing.kernel.identity.reasons import Reason, assigned, hidden_bases, reasons
from minjing.kernel.identity.sealing import derived_key
from minjing.kernel.ledger import queries as ledger

LOOKED = "identity:person:looked"
SCANNED = 500  # entries read at a time
SPARE = 20  # read beside what is wanted, since some may be hidden


@dataclass(frozen=True, slots=True)
class WasHidden:
    """That a look was kept from the person for a time: from when until when, and on what ground."""

    since: datetime
    until: datetime
    basis: Text
    law: Text


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a person's record, as the person reads it."""

    at: datetime
    by: UUID  # the account
    unit_id: int | None
    post: str
    deputy_for: UUID | None
    by_unit: Text
    by_post: Text
    police_number: str
    fields: tuple[Text, ...]
    reason: Text  # the reason from the list, or one's own words in both languages
    law: Text | None  # where the reason stands in the law
    matter_id: UUID | None
    matter_number: str
    bound: bool  # whether an open matter stood behind it
    entry_id: UUID  # its entry in the ledger, for the seal
    was_hidden: WasHidden | None = None


FIELD_TITLES: dict[str, Text] = {
    "name": {"zh": "姓名", "en": "name"},
    "id_number": {"zh": "身份证号码", "en": "ID number"},
    "phone": {"zh": "手机号码", "en": "phone"},
    # Records kept elsewhere, as those who record the look call them.
    "matters.form": {"zh": "申请内容", "en": "application"},
    "matters.notes": {"zh": "办理意见", "en": "officers’ notes"},
    "matters.material": {"zh": "申请材料", "en": "papers"},
    "matters.earlier": {"zh": "上一证件的照片", "en": "photo of the last document"},
    "booking.challenge": {"zh": "爽约说明", "en": "what was said of a missed visit"},
    "papers.paper": {"zh": "签发的证照", "en": "certificate"},
    "identity.card": {"zh": "身份证照片与证面信息", "en": "identity card"},
    "identity.photos": {"zh": "本人照片", "en": "photos of oneself"},
    "identity.papers": {"zh": "证明材料", "en": "papers"},
    "traffic.accident": {"zh": "交通事故陈述与照片", "en": "statement and photos of an accident"},
    "identity.look_note": {"zh": "查看说明", "en": "note on a look"},
}


def looks_at(person_id: UUID, now: datetime, *, limit: int = 50, before: datetime | None = None) -> list[Look]:
    """Return who looked at this person's record, newest first: for the person's own page.

    A look that is hidden for a legal reason is left out until its time is over; then it says that it was hidden,
    from when until when, and on what ground.
    """
    shown: list[Mapping[str, Any]] = []
    for page in _pages_about(person_id, before, limit + SPARE):
        ended = _ended(page)
        shown += [said for said in page if _hidden_until(said, ended, now) <= now]
        if len(shown) >= limit:
            break
    return _looks(shown[:limit])


def look_at(person_id: UUID, entry_id: UUID, now: datetime) -> Look | None:
    """Return one look at this person, None where it is not theirs or still hidden from them."""
    entry = ledger.entry_of(entry_id)
    if entry is None:
        return None
    close = ledger.about(person_id, kinds=[LOOKED], limit=SCANNED, before=entry.at + timedelta(microseconds=1))
    found = [_said(e) for e in close if e["entry_id"] == entry_id]
    ended = _ended(found)
    shown = _looks([said for said in found if _hidden_until(said, ended, now) <= now])
    return shown[0] if shown else None


def looks_by_entry(entry_ids: Iterable[UUID]) -> dict[UUID, Look]:
    """Return the looks of these entries, for those who answer for them or review them: not whom they were at."""
    found = [entry for entry in map(ledger.entry_of, entry_ids) if entry is not None and entry.payload]
    said = [{**(e.payload or {}), "at": e.at.isoformat(), "entry_id": e.id} for e in found]
    return {look.entry_id: look for look in _looks(said)}


def _said(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**entry["what"], "at": entry["at"], "entry_id": entry["entry_id"]}


def _pages_about(person_id: UUID, before: datetime | None, size: int) -> Iterator[list[Mapping[str, Any]]]:
    while True:
        page = ledger.about(person_id, kinds=[LOOKED], limit=size, before=before)
        yield [_said(e) for e in page]
        if len(page) < size:
            return
        before = datetime.fromisoformat(page[-1]["at"])


def looks_unbound(
    by: Actor, *, since: datetime, until: datetime, before: datetime | None = None, limit: int = 50
) -> list[Look]:
    """Return looks that no open matter stands behind, newest first, for the audit administrator: not whom at."""
    require(by, "audit")
    found: list[Mapping[str, Any]] = []
    while len(found) < limit:
        page = ledger.search(kinds=[LOOKED], since=since, until=until, before=before, limit=SCANNED)
        bare = [e for e in page if e.payload is not None and not e.payload["bound"]]
        found += [{**(e.payload or {}), "at": e.at.isoformat(), "entry_id": e.id} for e in bare]
        if len(page) < SCANNED:
            break
        before = page[-1].at
    return _looks(found[:limit])


def _ended(entries: Sequence[Mapping[str, Any]]) -> Mapping[UUID, datetime]:
    """Return which leaves to hide were ended before their time, and when."""
    leaves = {UUID(e["hidden"]["leave"]) for e in entries if e.get("hidden")}
    rows = HiddenLook.objects.filter(pk__in=leaves, ended_at__isnull=False) if leaves else ()
    return {row.pk: row.ended_at for row in rows if row.ended_at}


def _hidden_until(entry: Mapping[str, Any], ended: Mapping[UUID, datetime], now: datetime) -> datetime:
    """Return until when a look is hidden; `now` for one that never was. The entry itself holds its latest end."""
    hidden = entry.get("hidden")
    if not hidden:
        return now
    until = datetime.fromisoformat(hidden["until"])
    return min(until, ended.get(UUID(hidden["leave"]), until))


def _looks(entries: Sequence[Mapping[str, Any]]) -> list[Look]:
    officers = dict(Account.objects.filter(pk__in={e["by"] for e in entries}).values_list("pk", "police_number"))
    units = dict(Unit.objects.filter(pk__in={e["unit"] for e in entries}).values_list("pk", "name"))
    posts = dict(Post.objects.filter(pk__in={e["post"] for e in entries}).values_list("pk", "name"))
    matters = [UUID(e["matter"]) for e in entries if e["matter"]]
    numbers = plugs.matter_numbers(matters) if plugs.matter_numbers and matters else {}
    ended = _ended(entries)
    return [_look(e, officers, units, posts, numbers, ended) for e in entries]


def _look(
    entry: Mapping[str, Any],
    officers: Mapping[UUID, str],
    units: Mapping[int, Text],
    posts: Mapping[str, Text],
    numbers: Mapping[UUID, str],
    ended: Mapping[UUID, datetime],
) -> Look:
    matter_id = UUID(entry["matter"]) if entry["matter"] else None
    nowhere: Text = {"zh": "系统", "en": "the system"}
    if entry.get("mandate"):
        nowhere = {"zh": "受托人或监护人", "en": "your representative or guardian"}
    at = datetime.fromisoformat(entry["at"])
    listed = _listed(entry["reason"])
    return Look(
        at=at,
        by=UUID(entry["by"]),
        unit_id=entry["unit"],
        post=entry["post"],
        deputy_for=UUID(entry["deputy_for"]) if entry["deputy_for"] else None,
        by_unit=units.get(entry["unit"], nowhere),
        by_post=posts.get(entry["post"], nowhere),
        police_number=officers.get(UUID(entry["by"]), ""),
        fields=tuple(field_title(name) for name in entry["fields"]),
        reason=_reason(entry, listed),
        law=listed.basis.text if listed and listed.basis else None,
        matter_id=matter_id,
        matter_number=numbers.get(matter_id, "") if matter_id else "",
        bound=entry["bound"],
        entry_id=entry["entry_id"],
        was_hidden=_was_hidden(entry, at, ended),
    )


def _was_hidden(entry: Mapping[str, Any], at: datetime, ended: Mapping[UUID, datetime]) -> WasHidden | None:
    hidden = entry.get("hidden")
    if not hidden:
        return None
    basis = hidden_bases()[hidden["basis"]]
    law = basis.basis.text if basis.basis else basis.title
    return WasHidden(at, _hidden_until(entry, ended, at), basis.title, law)


def _listed(key: str) -> Reason | None:
    return reasons().get(key) or assigned().get(key)


def _reason(entry: Mapping[str, Any], listed: Reason | None) -> Text:
    if entry.get("words"):
        return {"zh": entry["words"], "en": entry["words"]}
    return listed.title if listed else {"zh": "办理您的办件", "en": "handling your matter"}


def look_key() -> bytes:
    """Return the key of the lot that falls on looks: under the master key, outside the database."""
    return derived_key("look-lot")


def field_title(name: str) -> Text:
    """Return what a field of a look is called; a record kept elsewhere names itself in its own words."""
    if name in FIELD_TITLES:
        return FIELD_TITLES[name]
    if name in plugs.fields:
        return plugs.fields[name][0]
    return {"zh": name, "en": name}
