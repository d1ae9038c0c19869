"""An application being filled in: the draft, what is known already, the papers it calls for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from minjing.base import conditions
from minjing.base.clock import local_day
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.sealing import unseal
from minjing.kernel.matters import forms, plugs
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.matters.models import (
    Draft,
    Material,
)
from minjing.kernel.matters.queries.acting import still_may_act
from minjing.kernel.matters.queries.catalogue import body_of, receiver
from minjing.kernel.matters.queries.one import materials
from minjing.kernel.matters.schema import Body, FormField, MaterialSpec, Page, Text

DRAFT_CONTEXT = "matters_draft.answers"
SHOWN_AT_COUNTER = "counter:"  # how `held_ref` begins where an original was shown at a counter; its reception follows
STASH_CONTEXT = "matters_draft.stash"


def draft(draft_id: UUID, by: Actor, now: datetime, *, locked: bool = False) -> Draft:
    """Return a resident's own draft, `locked` where a change follows; raise Unknown for others' or an expired one."""
    rows = Draft.objects.select_for_update() if locked else Draft.objects
    row = rows.filter(id=draft_id, account_id=by.account_id).first()
    if row is None or (row.expires_at <= now and row.matter_id is None):
        raise Unknown
    if row.mandate_id is not None:
        still_may_act(row.mandate_id, row.person_id, row.account_id, body_of(row).service.code, by, now)
    return row


def draft_answers(draft: Draft) -> dict[str, Any]:
    """Return what has been filled in so far."""
    if draft.answers_sealed is None:
        return {}
    owner = draft.person_id or draft.account_id
    return dict(json.loads(unseal(owner, DRAFT_CONTEXT, bytes(draft.answers_sealed))))


def stashed(draft: Draft, page: str) -> dict[str, Any] | None:
    """Return what was typed on `page` when the session had ended, for its owner to save."""
    if draft.stash_sealed is None:
        return None
    kept = json.loads(unseal(draft.person_id or draft.account_id, STASH_CONTEXT, bytes(draft.stash_sealed)))
    return dict(kept["data"]) if kept["page"] == page else None


class Known:
    """What the registers and the account know of a person, for a form: each source is asked once, when wanted."""

    def __init__(self, person_id: UUID, now: datetime) -> None:
        self.person_id, self.now = person_id, now
        self._found: dict[str, Any] = {}

    def of(self, source: str) -> Any:
        """Return what `source` says, such as `register.name`; None when nobody knows."""
        if source not in self._found:
            plug, _, path = source.partition(".")
            ask = plugs.PREFILLS.get(plug)
            self._found[source] = ask(self.person_id, path, self.now) if ask else None
        return self._found[source]

    def fill(self, fields: Iterable[FormField], answers: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is known for those of these fields that name a source, given the answers so far."""
        today = local_day(self.now)
        known = {f.name: self.of(forms.source_of(f, answers, today)) for f in fields}
        return {name: value for name, value in known.items() if value not in (None, "")}

    def otherwise(self, page: Page, answers: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Return, by field, what other answers would make known: the applicant's name for the spouse's."""
        today = local_day(self.now)
        return {
            f.name: [self.of(s.of) for s in f.sources if not conditions.holds(s.when, answers, today)]
            for f in page.fields
            if len(f.sources) > 1 or any(s.when for s in f.sources)
        }


def prefills(body: Body, person_id: UUID, now: datetime, answers: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what is known already for the fields of a form, given the answers so far."""
    return Known(person_id, now).fill(body.service.fields.values(), answers or {})


def account_prefill(person_id: UUID, path: str, now: datetime) -> str | None:
    """Answer `account.phone` for the applicant: the number of their own account, None when not known."""
    return people.own_phone(person_id) or None if path == "phone" else None


class Sheet(NamedTuple):
    """A file sent in for a material by whoever submits all at once; no row of a table yet."""

    name: str  # of the material
    file_id: UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    """A material that a form calls for: what there is of it."""

    spec: MaterialSpec
    held_ref: str
    files: tuple[Material | Sheet, ...]

    @property
    def is_there(self) -> bool:
        """Say whether nothing more is needed for this material."""
        return bool(self.held_ref or self.files) or not self.spec.required


def wanted_of_draft(draft: Draft, body: Body, given: dict[str, Any], now: datetime) -> list[Wanted]:
    """Return each material that a draft calls for so far; one that calls for none is not asked what it has."""
    if draft.person_id is None or draft.matter_id is not None:
        return []
    specs = forms.needed_materials(body, given, local_day(now))
    return _wanted(specs, given, draft.person_id, materials(draft), now) if specs else []


def wanted_materials(
    body: Body, given: dict[str, Any], person_id: UUID, attached: Sequence[Material | Sheet], now: datetime
) -> list[Wanted]:
    """Return each material these answers call for, with what is held already and what was uploaded."""
    return _wanted(forms.needed_materials(body, given, local_day(now)), given, person_id, attached, now)


def _wanted(
    specs: Sequence[MaterialSpec],
    given: dict[str, Any],
    person_id: UUID,
    attached: Sequence[Material | Sheet],
    now: datetime,
) -> list[Wanted]:
    held: dict[str, str] = {}
    for keeper in {spec.held_by for spec in specs} & set(plugs.HELD):
        names = [spec.name for spec in specs if spec.held_by == keeper]
        held |= plugs.HELD[keeper](person_id, names, given, now)
    return [
        Wanted(spec, held.get(spec.name, ""), tuple(m for m in attached if m.name == spec.name and m.file_id))
        for spec in specs
    ]


def lacking(body: Body, checked: forms.Checked, wanted: Sequence[Wanted]) -> dict[str, Text]:
    """Return all that keeps an application from being submitted, by field or paper, in the order of the form."""
    errors = dict(checked.errors)
    if receiver(body, checked.clean) is None:
        errors.setdefault("office", Text(zh="请选择办理派出所。", en="Choose the police station."))
    for material in wanted:
        if not material.is_there:
            title = material.spec.title
            errors[material.spec.name] = Text(zh=f"请上传{title.zh}。", en=f"Upload: {title.en}.")
    return errors


def holders_of(file_ids: Sequence[UUID]) -> dict[UUID, Literal["matter", "draft"]]:
    """Return what each of these files belongs to: a matter before a draft; those that nothing holds are left out."""
    held: dict[UUID, Literal["matter", "draft"]] = {}
    for file_id, matter_id in Material.objects.filter(file_id__in=file_ids).values_list("file_id", "matter_id"):
        if file_id is not None and (matter_id is not None or file_id not in held):
            held[file_id] = "draft" if matter_id is None else "matter"
    return held
