"""The catalogue of the household module: complete, consistent, and fit for the effects it names."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from minjing.base import conditions, idnumber
from minjing.kernel.matters import catalog, forms, rules
from minjing.kernel.matters.schema import Body, FormField, Service

CATALOGUE = Path(__file__).parents[1] / "catalog"
TODAY = date(2026, 11, 25)

# The list of services the city publishes:
# code, limit, unit, level, fee in yuan, channel, one of the 48, batch, confidence.
LIST = """
HZ0101 0 workday station 0 online_one_visit 1 B2 A
HZ0102 10 workday station 0 online_one_visit 1 B2 A
HZ0103 15 workday branch 0 online_one_visit 1 B2 B
HZ0104 30 workday bureau 0 online_one_visit 1 B2 A
HZ0105 20 workday branch 0 online_one_visit 1 B2 B
HZ0106 20 workday branch 0 online_one_visit 1 B2 B
HZ0201 0 workday station 0 online_full 1 B2 A
HZ0202 0 workday station 0 online_full 1 B2 A
HZ0203 3 workday station 0 online_one_visit 1 B2 C
HZ0204 10 workday branch 0 online_one_visit 1 B2 B
HZ0301 20 workday branch 0 online_one_visit 1 B1 B
HZ0302 20 workday branch 0 online_one_visit 1 B1 C
HZ0303 20 workday branch 0 online_one_visit 1 B1 B
HZ0304 10 workday branch 0 online_one_visit 1 B2 B
HZ0305 10 workday branch 0 online_one_visit 1 B2 B
HZ0401 20 workday bureau 0 online_one_visit 1 B1 B
HZ0402 10 workday branch 0 online_one_visit 1 B1 B
HZ0403 10 workday branch 0 online_one_visit 1 B1 B
HZ0404 10 workday branch 0 online_one_visit 1 B2 B
HZ0405 10 workday branch 0 online_one_visit 1 B2 B
HZ0406 20 workday bureau 0 online_one_visit 1 B2 C
HZ0501 10 workday branch 0 online_one_visit 1 B2 B
HZ0502 5 workday station 0 online_one_visit 1 B2 B
HZ0503 15 workday branch 0 online_one_visit 1 B2 B
HZ0504 15 workday bureau 0 online_one_visit 1 B2 C
HZ0505 20 workday bureau 0 online_one_visit 1 B2 C
HZ0506 10 workday branch 0 online_one_visit 1 B2 B
HZ0507 0 workday station 0 online_one_visit 1 B2 B
HZ0601 0 workday station 0 online_full 1 B2 A
HZ0602 0 workday station 0 online_full 1 B2 A
HZ0603 0 workday station 0 online_full 1 B2 B
HZ0701 3 workday station 0 online_full 1 B2 B
HZ0702 3 workday station 0 online_full 1 B2 B
HZ0801 0 workday station 0 online_one_visit 1 B2 A
HZ0802 3 workday station 0 online_one_visit 1 B2 A
HZ0803 0 workday station 0 online_full 1 B2 A
HZ0804 0 workday station 0 online_full 1 B2 A
HZ0805 15 workday branch 0 online_one_visit 1 B2 B
HZ0901 10 workday branch 0 online_one_visit 1 B2 A
HZ0902 10 workday bureau 0 online_one_visit 1 B2 B
HZ0903 10 workday branch 0 online_one_visit 1 B2 B
HZ0904 20 workday bureau 0 online_one_visit 1 B2 B
HZ0905 10 workday bureau 0 online_one_visit 1 B2 B
HZ0906 0 workday station 0 online_full 1 B2 A
HZ1001 0 workday station 0 online_full 1 B1 B
HZ1002 3 workday station 0 online_one_visit 1 B2 A
HZ1003 0 workday station 0 online_full 1 B1 B
HZ1004 0 workday station 0 online_full 1 B1 B
HZ1201 60 day station 0 appointment 0 - A
HZ1202 60 day station 20 appointment 0 - A
HZ1203 60 day station 40 appointment 0 - A
HZ1204 3 day station 10 appointment 0 - B
HZ1301 0 workday station 0 online_full 0 - B
HZ1302 15 day station 0 online_one_visit 0 - A
HZ1303 0 workday station 0 online_full 0 - A
HZ1304 15 day station 0 online_one_visit 0 - B
"""
ROWS = {row.split()[0]: row.split()[1:] for row in LIST.strip().splitlines()}
ONLINE = [code for code, row in ROWS.items() if row[5] == "1"]

# What each effect cannot do without; a tuple inside means any one of these.
NEEDS: Mapping[str, tuple[str | tuple[str, ...], ...]] = {
    "household.add_birth": (
        "child_name",
        "child_sex",
        ("birth_datetime", "est_birth_date"),
        ("birth_place", "birth_country", "birth_region", "found_place"),
        "ethnicity",
        "household_no",
    ),
    "household.add_late": ("person_name", "sex", ("birth_date", "birth_datetime"), "ethnicity", "household_no"),
    "household.cancel": (("deceased_id", "person_id", "cancelled_id"),),
    "household.move_in": ("person_name", ("person_id", "birth_date"), "landing_household_no", "relation"),
    "household.move_out": ("person_id", "destination_addr"),
    "household.move_within": ("person_id", ("to_household_no", "to_addr")),
    "household.set_up": ("addr", ("members", "unit_name"), ("head_id", "warden_id")),
    "household.split": ("household_no", "split_member_ids", "new_head_id"),
    "household.merge": ("household_no_from", "household_no_to", "head_id"),
    "household.change_head": ("household_no", "new_head_id"),
    "household.change_entry": ("person_id",),
    "household.reissue": ("doc_type",),
    "household.certify": (("certificate_kind", "cancel_kind"), "purpose", "recipient"),
}
CERTIFICATES = {
    "household_page", "household_book", "move_in_permit", "migration_certificate", "cancellation_certificate",
    "collective_page", "collective_book", "registration_certificate", "id_change_certificate", "receipt",
}  # fmt: skip
NEW_VALUES = {
    "HZ0901": "new_name",
    "HZ0902": "new_sex",
    "HZ0903": "new_ethnicity",
    "HZ0904": "new_birth_date",
    "HZ0906": "new_value",
}
CANCELLED_ON = {"HZ0201": "death_date", "HZ0202": "enlist_date", "HZ0203": "settle_date"}


def _bodies() -> dict[str, Body]:
    return {body.service.code: body for body in catalog.load([CATALOGUE])}


BODIES = _bodies()
SERVICES = {code: body.service for code, body in BODIES.items()}


def _conditions(service: Service) -> Iterator[tuple[str, Any]]:
    for page in service.form:
        yield f"page {page.page}", page.show
        for field in page.fields:
            yield f"field {field.name}", field.show
            yield f"field {field.name} required", field.required
    for material in service.materials:
        yield f"material {material.name}", material.when
    yield "auto", service.auto


# ---- the list -------------------------------------------------------------------------------------------


def test_every_service_of_the_list_has_a_file_and_no_other() -> None:
    assert SERVICES.keys() == ROWS.keys()
    assert len(SERVICES) == 56
    assert len(ONLINE) == 48


@pytest.mark.parametrize("code", ROWS)
def test_limit_level_fee_channel_and_batch_are_those_of_the_list(code: str) -> None:
    value, unit, level, fee, channel, online, batch, confidence = ROWS[code]
    service = SERVICES[code]
    assert (service.limit.value, service.limit.unit) == (int(value), unit)
    assert service.decides == level
    assert service.fee_fen == int(fee) * 100
    assert service.channel == channel
    assert service.confidence == confidence
    assert service.first_batch == (batch == "B1")
    assert service.channel_2017_claim == ("online_full" if online == "1" else "")


def test_nine_services_are_of_the_first_batch() -> None:
    assert sum(service.first_batch for service in SERVICES.values()) == 9


@pytest.mark.parametrize(
    "path", sorted(p for p in CATALOGUE.rglob("*.yaml") if p.parent.name != "flows"), ids=lambda path: path.stem
)
def test_a_file_is_called_by_its_code(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["code"] == path.stem


@pytest.mark.parametrize("code", ROWS)
def test_an_assumed_limit_keeps_its_mark(code: str) -> None:
    limit = SERVICES[code].limit
    assert limit.basis
    assert limit.confidence in ("C", "D") or "推定" not in limit.basis


# ---- the forms ------------------------------------------------------------------------------------------


def test_the_kernel_finds_nothing_wrong() -> None:
    assert catalog.lint(BODIES.values()) == []


def test_every_online_service_can_have_its_originals_checked() -> None:
    online = [code for code, service in SERVICES.items() if service.channel != "appointment"]
    assert len(online) >= 48
    switched_on = catalog.load([CATALOGUE], {"originals_check": online})
    assert catalog.lint(switched_on) == []
    for body in switched_on:
        if body.service.code in online:
            assert "originals" in [station.key for station in rules.stations(body, None)], body.service.code
            assert body.service.auto is None  # nothing is decided before somebody has seen them


@pytest.mark.parametrize("code", ONLINE)
def test_a_service_online_ends_in_a_paper_and_an_effect(code: str) -> None:
    service = SERVICES[code]
    assert service.grants is not None
    assert service.grants.certificate in CERTIFICATES
    assert service.effect in NEEDS
    assert service.materials
    assert service.form


@pytest.mark.parametrize("code", ONLINE)
def test_the_form_asks_what_the_effect_needs(code: str) -> None:
    service = SERVICES[code]
    for need in NEEDS[service.effect]:
        assert {need} & service.fields.keys() if isinstance(need, str) else set(need) & service.fields.keys(), need
    for special in (NEW_VALUES, CANCELLED_ON):
        if code in special:
            assert special[code] in service.fields


@pytest.mark.parametrize("code", ROWS)
def test_conditions_name_real_fields_and_values(code: str) -> None:
    service = SERVICES[code]
    for where, condition in _conditions(service):
        assert conditions.fields_of(condition) <= service.fields.keys(), where
        for name, value in conditions.values_of(condition):
            field = service.fields[name]
            if field.options:
                assert value in {option.value for option in field.options}, where
            elif field.type in ("yes_no", "consent"):
                assert isinstance(value, bool), where


@pytest.mark.parametrize("code", ONLINE)
def test_a_page_depends_only_on_pages_before_it(code: str) -> None:
    asked: set[str] = set()
    for page in SERVICES[code].form:
        assert conditions.fields_of(page.show) <= asked, page.page
        own = {field.name for field in page.fields}
        for field in page.fields:
            assert conditions.fields_of(field.show) <= asked | own, field.name
            assert (field.rule.not_same_as or field.name) in asked | own, field.name
        asked |= own


@pytest.mark.parametrize("code", ONLINE)
def test_the_last_page_asks_how_to_receive_the_result(code: str) -> None:
    last = SERVICES[code].form[-1]
    assert [field.name for field in last.fields] == ["delivery", "post_addr", "contact_phone", "data_consent"]
    assert 3 <= len(SERVICES[code].form) <= 8


@pytest.mark.parametrize("code", [code for code in ROWS if code not in ONLINE])
def test_a_service_outside_the_48_says_what_to_bring_and_where(code: str) -> None:
    service = SERVICES[code]
    assert service.guide.bring
    assert service.guide.where is not None
    assert not service.form
    assert not service.effect
    assert service.grants is None


@pytest.mark.parametrize("code", ONLINE)
def test_originals_are_looked_at_only_where_one_visit_is_the_careful_reading(code: str) -> None:
    service = SERVICES[code]
    one_visit = service.channel == "online_one_visit"
    assert any(material.original for material in service.materials) == one_visit


def test_a_permit_to_move_in_is_valid_40_days_and_a_migration_certificate_30() -> None:
    for service in SERVICES.values():
        if service.grants is not None:
            valid = {"move_in_permit": "40d", "migration_certificate": "30d"}
            assert service.grants.valid == valid.get(service.grants.certificate, ""), service.code


def test_only_what_the_register_confirms_of_the_applicant_is_decided_at_once() -> None:
    instant = {code for code, service in SERVICES.items() if service.flow == "instant"}
    assert instant == {"HZ0906", "HZ1001", "HZ1003", "HZ1004"}
    assert all((service.auto is not None) == (code in instant) for code, service in SERVICES.items())
    auto = SERVICES["HZ1003"].auto
    assert conditions.holds(auto, {"for_whom": "self", "certificate_kind": "entry"}, TODAY)
    assert not conditions.holds(auto, {"for_whom": "relative", "certificate_kind": "entry"}, TODAY)


def test_no_form_asks_for_religion() -> None:
    for service in SERVICES.values():
        for field in service.fields.values():
            words = [field.name, field.label.zh, *(option.zh for option in field.options)]
            assert not any("宗教" in word or "信仰" in word or "religion" in word for word in words), service.code


# ---- filling them in ------------------------------------------------------------------------------------

LI_WEI = idnumber.compose("440304", date(1988, 5, 20), 11)  # a man
WANG_FANG = idnumber.compose("440305", date(1990, 3, 8), 22)  # a woman
PLAIN: Mapping[str, Any] = {
    "text": "深圳市福田区",
    "long_text": "情况属实。",
    "address": "深圳市福田区莲花街道 1 号",
    "name": "李伟",
    "date": "2026-01-05",
    "datetime": "2026-01-05T08:30",
    "phone": "13800138000",
    "household_no": "440304000001",
    "uscc": "91350100M000100Y43",
    "document_no": "A1234567",
    "place": "440304001",
    "consent": True,
    "money": 1000,
}


def _answer(field: FormField, option: int, so_far: Mapping[str, Any]) -> Any:
    """Return a plausible answer: the option of that position, and never what `not_same_as` forbids."""
    other = so_far.get(field.rule.not_same_as or "")
    if field.options:
        values = [choice.value for choice in field.options if choice.value != other]
        chosen = values[option % len(values)]
        return [chosen] if field.type == "choices" else chosen
    if field.type == "yes_no":
        return "yes" if option % 2 == 0 else "no"
    if field.type == "resident_id":
        fitting = [WANG_FANG, LI_WEI] if field.rule.sex == "2" else [LI_WEI, WANG_FANG]
        return next(number for number in fitting if number != other)
    if field.type == "people":
        return [{"name": "王芳", "id_number": WANG_FANG, "relation": "配偶"}]
    if field.type == "number":
        return max(field.rule.min or 1, 1)
    if other is not None and other == PLAIN[field.type]:
        return {"date": "2026-01-06", "name": "李卫", "household_no": "440304000002"}[field.type]
    return PLAIN[field.type]


def _filled(service: Service, option: int) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for page in service.form:
        for field in page.fields:
            value = _answer(field, option, data)
            seen = {**data, field.name: value == "yes" if field.type == "yes_no" else value}
            shown = conditions.holds(page.show, data, TODAY) and conditions.holds(field.show, data, TODAY)
            data = seen if shown else data
    return data


@pytest.mark.parametrize("option", range(3))
@pytest.mark.parametrize("code", ONLINE)
def test_a_resident_can_complete_the_form(code: str, option: int) -> None:
    checked = forms.check_all(BODIES[code], _filled(BODIES[code].service, option), TODAY)
    assert {name: text.en for name, text in checked.errors.items()} == {}
    materials = forms.needed_materials(BODIES[code], checked.clean, TODAY)
    assert materials, "every service asks for at least one paper"


def test_a_child_who_follows_an_unmarried_father_needs_a_paternity_test() -> None:
    body = BODIES["HZ0102"]
    pages = {follow: forms.visible_pages(body, {"follow_parent": follow}, TODAY) for follow in ("father", "mother")}
    assert "paternity" in {page.page for page in pages["father"]}
    assert "paternity" not in {page.page for page in pages["mother"]}
    needed = {m.name for m in forms.needed_materials(body, {"follow_parent": "father"}, TODAY)}
    assert "paternity_test" in needed


def test_a_child_of_eight_must_agree_to_a_new_name() -> None:
    body = BODIES["HZ0901"]
    child = {"applying_as": "child", "parents_status": "married", "child_age": "from_8"}
    needed = {m.name for m in forms.needed_materials(body, child, TODAY)}
    assert {"child_consent_paper", "parents_application"} <= needed
    alone = {m.name for m in forms.needed_materials(body, {"applying_as": "self"}, TODAY)}
    assert not {"child_consent_paper", "parents_application", "custody_paper"} & alone


def test_children_of_an_earlier_marriage_come_with_a_custody_paper() -> None:
    body = BODIES["HZ0301"]
    along = {"minor_children_along": True, "custody": "earlier"}
    assert "custody_paper" in {m.name for m in forms.needed_materials(body, along, TODAY)}
    none = {"minor_children_along": False}
    names = {m.name for m in forms.needed_materials(body, none, TODAY)}
    assert not {"custody_paper", "birth_certificate"} & names


def test_a_marriage_of_less_than_two_years_is_no_bar() -> None:
    field = SERVICES["HZ0301"].fields["married_on"]
    assert forms.check(field, "2026-10-01", {}, TODAY) == "2026-10-01"
    with pytest.raises(forms.WrongAnswer):
        forms.check(field, "2027-01-01", {}, TODAY)


# ---- the words ------------------------------------------------------------------------------------------

HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!()](?=[\u4e00-\u9fff])|[\u4e00-\u9fff][,;!?]|[(][\u4e00-\u9fff]")


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every Chinese text of a file with its place: all of `zh`, and the notes and sources of the law."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(item, str) and key in ("zh", "note", "basis", "source", "law"):
                yield f"{path}.{key}", item
            else:
                yield from _texts(item, f"{path}.{key}")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _texts(item, f"{path}[{position}]")


@pytest.mark.parametrize("code", ROWS)
def test_chinese_stands_with_full_width_punctuation(code: str) -> None:
    for place, text in _texts(SERVICES[code].model_dump()):
        assert not HALF_WIDTH.search(text), f"{place}: {text}"


def test_the_check_on_punctuation_sees_a_half_width_comma() -> None:
    assert HALF_WIDTH.search("父亲,母亲")
    assert not HALF_WIDTH.search("父亲，母亲")


@pytest.mark.parametrize("code", ROWS)
def test_english_stands_in_english(code: str) -> None:
    def walk(value: Any) -> Iterator[str]:
        if isinstance(value, Mapping):
            if isinstance(value.get("en"), str):
                yield value["en"]
            for item in value.values():
                yield from walk(item)
        elif isinstance(value, list):
            for item in value:
                yield from walk(item)

    for text in walk(SERVICES[code].model_dump()):
        assert not re.search(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", text), text


@pytest.mark.parametrize("code", ROWS)
def test_people_find_a_service_by_the_words_they_use(code: str) -> None:
    aliases = SERVICES[code].aliases
    assert len(aliases) >= 3
    assert len(aliases) == len(set(aliases))
