"""Changes and corrections of what the register says of a person."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from minjing.base import idnumber
from minjing.kernel.identity import actions as identity
from minjing.kernel.matters.plugs import Outcome
from minjing.modules.household import codes, events, rules
from minjing.modules.household.actions import register
from minjing.modules.household.actions.case import HOUSEHOLD, Case, Facts, borne_out, person_facts, text
from minjing.modules.household.queries import items_of
from minjing.modules.household.rules import Refusal

# By service: the heading that changes and the answers that may hold the new value.
_FIXED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "HZ0901": ("name", ("new_name",)),
    "HZ0902": ("sex", ("new_sex",)),
    "HZ0903": ("ethnicity", ("new_ethnicity", "new_ethnicity_code")),
    "HZ0904": ("birth", ("new_birth_date", "new_birth")),
    "HZ0905": ("id_number", ()),
}
OTHER_ITEMS: Mapping[str, str] = {
    "marital": "婚姻状况", "education": "文化程度", "occupation": "职业", "employer": "服务处所",
    "military": "兵役状况", "blood": "血型", "height": "身高", "former_name": "曾用名", "native_place": "籍贯",
    "birth_place": "出生地",
}  # fmt: skip
_ITEM_WORDS = {
    "marital_status": "marital", "blood_type": "blood", "service_place": "employer", "work_place": "employer",
    "workplace": "employer", "military_service": "military",
    **{zh: name for name, zh in OTHER_ITEMS.items()},
}  # fmt: skip


def change_entry(case: Case, before: Mapping[UUID, Mapping[str, str]] | None = None) -> Outcome:
    """Write a new value under one heading; sex and birth bring a new ID number with them.

    `before` is what stood before this very matter wrote, where it is corrected: it is put back first.
    """
    taken_back = dict(before or {})
    number = case.first("person_id")
    person = register.person_of(number) if number else case.concerned
    borne_out(case, person)
    member = case.member(person)
    if case.service.code in _FIXED:
        item, names = _FIXED[case.service.code]
        value = case.first(*names, "new_value") if names else ""
    else:
        said = case.first("item", "field_name", "item_name")
        item = _ITEM_WORDS.get(said, said)
        # The new value may have a field of its own for each item, so that it can be a list of options.
        read = case.first if item == "marital" else case.label  # marital keeps its code (GB/T 2261.2)
        value = read(f"new_{item}", f"new_value_{item}", "new_value", f"{item}_value")
        if item not in OTHER_ITEMS:
            raise Refusal("item_unknown", said)
    facts = _changed(case, person, member.org_id, item, value, taken_back.pop(person, {}))
    for other, items in taken_back.items():
        _write(case, other, member.org_id, _without_number(items))
    return Outcome([*facts, (HOUSEHOLD, member.household.number)], person)


def _changed(case: Case, person: UUID, org_id: int, item: str, value: str, taken_back: Mapping[str, str]) -> Facts:
    name, number = register.known(person)
    before = {**items_of([person]).get(person, {}), "name": name, "id_number": number, **taken_back}
    changes = _without_number(taken_back)
    if item != "id_number":
        if not value:
            raise Refusal("nothing_changes")
        if item == "birth":
            rules.birth_allowed(date.fromisoformat(value), case.act.day)
        if value != before.get(item, ""):
            changes[item] = value
            if item == "name":
                changes["former_name"] = before["name"]
    written = _write(case, person, org_id, changes, new_number=item == "id_number")
    if not written:
        raise Refusal("nothing_changes")
    facts = person_facts(person)
    facts.append((text("变更更正项目", "Entry changed"), codes.title(item)[0]))
    facts.append((text("变更前", "Before"), codes.shown(item, before.get(item, "")) or "（空）"))
    after = written["id_number"] if item == "id_number" else codes.shown(item, value)
    facts.append((text("变更后", "After"), after))
    if "id_number" in written and item != "id_number":
        facts.append((text("原公民身份号码", "Former ID number"), before["id_number"]))
    facts.append((text("变更日期", "Changed on"), case.act.day.isoformat()))
    return facts


def _without_number(items: Mapping[str, str]) -> dict[str, str]:
    """Return the items but the ID number: one that was given up is not given back."""
    return {name: value for name, value in items.items() if name != "id_number"}


def _write(
    case: Case, person: UUID, org_id: int, changes: Mapping[str, str], *, new_number: bool = False
) -> dict[str, str]:
    """Write what differs from the register, with a new ID number where birth or sex ask for one; return all of it."""
    said = items_of([person]).get(person, {})
    name, number = register.known(person)
    stands = {**said, "name": name}
    written = {item: value for item, value in changes.items() if value != stands.get(item, "")}
    if new_number or written.keys() & rules.NEW_NUMBER_ITEMS:
        written |= renumbered(case, person, number, {**said, **written})
    if "name" in written or "id_number" in written:
        identity.correct_person(
            person,
            name=written.get("name"),
            id_number=written.get("id_number"),
            by=case.act.by,
            now=case.act.now,
        )
    register.put_items(case.act, person, org_id, written)
    return written


def renumbered(case: Case, person: UUID, old: str, items: Mapping[str, str]) -> dict[str, str]:
    """Return the new ID number for what the register says of birth and sex now; the old one is put away.

    Where the register does not say it the old number does; refuse when that is no number either.
    """
    said = {**_told_by(old), **{name: items[name] for name in ("birth", "sex") if items.get(name)}}
    if len(said) < 2:
        raise Refusal("birth_missing")
    number = register.new_number(case.act, old[:6], date.fromisoformat(said["birth"]), said["sex"])
    register.retire_number(case.act, person, old)
    case.act.note(events.NUMBER_ASSIGNED, case.matter.org_id, person)
    return {"id_number": number}


def _told_by(number: str) -> dict[str, str]:
    """Return birth and sex as an ID number says them; nothing for one that is wrong."""
    try:
        holder = idnumber.parse(number)
    except idnumber.WrongIdNumber:
        return {}
    return {"birth": holder.birth.isoformat(), "sex": rules.MALE if holder.is_male else rules.FEMALE}
