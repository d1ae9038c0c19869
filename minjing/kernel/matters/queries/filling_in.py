"""An application being filled in: the draft, what is known already, the papers it calls for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
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
from minjing.kernel.matters.schema import Body, Page, Text

DRAFT_CONTEXT = "matters_draft.answers"
SHOWN_AT_COUNTER = "counter:"  # how `held_ref` begins where an original was shown at a counter; its reception follows
STASH_CONTEXT = "matters_draft.stash"


def draft(draft_id: UUID, by: Actor, now: datetime) -> Draft:
    """Return a resident's own draft; raise Unknown for anybody else's or an expired one."""
    row = Draft.objects.filter(id=draft_id, account_id=by.account_id).first()
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


def prefills(body: Body, person_id: UUID, now: datetime, answers: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what is known already for the fields that name a source, given the answers so far."""
    said, today = answers or {}, local_day(now)
    known = {f.name: _known(forms.source_of(f, said, today), person_id, now) for f in body.service.fields.values()}
    return {name: value for name, value in known.items() if value not in (None, "")}


def known_otherwise(page: Page, person_id: UUID, now: datetime, answers: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return, by field, what would be known had other answers been given: the applicant's name for the spouse's."""
    today = local_day(now)
    return {
        f.name: [_known(s.of, person_id, now) for s in f.sources if not conditions.holds(s.when, answers, today)]
        for f in page.fields
        if len(f.sources) > 1 or any(s.when for s in f.sources)
    }


def _known(source: str, person_id: UUID, now: datetime) -> Any:
    plug, _, path = source.partition(".")
    return plugs.PREFILLS[plug](person_id, path, now) if plug in plugs.PREFILLS else None


def account_prefill(person_id: UUID, path: str, now: datetime) -> str | None:
    """Answer `account.phone` for the applicant: the number of their own account, None when not known."""
    return people.own_phone(person_id) or None if path == "phone" else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A material that a form calls for: what there is of it."""

    spec: Any
    held_ref: str
    files: tuple[Material, ...]

    @property
    def is_there(self) -> bool:
        """Say whether nothing more is needed for this material."""
        return bool(self.held_ref or self.files) or not self.spec.required


def wanted_materials(
    body: Body, given: dict[str, Any], person_id: UUID, attached: Sequence[Material], now: datetime
) -> list[Wanted]:
    """Return each material these answers call for, with what is held already and what was uploaded."""
    specs = forms.needed_materials(body, given, local_day(now))
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
