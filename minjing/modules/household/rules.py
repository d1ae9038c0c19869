"""The register's decisions, pure: relations to the head, who follows a head, what may not be done."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from minjing.base import idnumber

HEAD, OTHER_RELATIVE, NOT_RELATED = "02", "97", "99"
MALE, FEMALE = "1", "2"
FAMILY, COLLECTIVE = "family", "collective"
ADULT = 18  # 民法典 art. 17
YOUNGEST_PARENT = 12  # years: below, one of the numbers is wrong
LATEST_BIRTH_DAYS = 31  # 户口登记条例 art. 7: within one month of the birth


class Refusal(Exception):
    """The register does not allow it; `key` names the sentence in errors.WORDS, `about` fills it in."""

    def __init__(self, key: str, about: str = "") -> None:
        super().__init__(key)
        self.key, self.about = key, about


# ---- relations (GB/T 4761-2008) ---------------------------------------------------------------------------

# The kinds behind the codes: what composing and turning round needs.
_KINDS = {
    "0": "self", "1": "spouse", "2": "child", "3": "child", "4": "grandchild", "5": "parent",
    "6": "grandparent", "7": "sibling", "8": "other", "9": "other",
}  # fmt: skip
_IN_LAW = {
    "28": "child_in_law", "38": "child_in_law",
    "53": "parent_in_law", "54": "parent_in_law", "55": "parent_in_law", "56": "parent_in_law",
}  # fmt: skip
_INVERSE = {
    "self": "self", "spouse": "spouse", "child": "parent", "parent": "child", "grandchild": "grandparent",
    "grandparent": "grandchild", "sibling": "sibling", "child_in_law": "parent_in_law",
    "parent_in_law": "child_in_law",
}  # fmt: skip
# X is `second` of A, A is `first` of the head: what X is of the head. What is missing is "other relative".
_COMPOSED = {
    ("spouse", "spouse"): "self", ("spouse", "child"): "child", ("spouse", "grandchild"): "grandchild",
    ("spouse", "parent"): "parent_in_law", ("spouse", "child_in_law"): "child_in_law",
    ("spouse", "parent_in_law"): "parent",
    ("child", "spouse"): "child_in_law", ("child", "child"): "grandchild", ("child", "sibling"): "child",
    ("child", "parent"): "spouse",
    ("child_in_law", "spouse"): "child", ("child_in_law", "child"): "grandchild",
    ("child_in_law", "parent_in_law"): "spouse",
    ("grandchild", "sibling"): "grandchild",
    ("parent", "spouse"): "parent", ("parent", "child"): "sibling", ("parent", "parent"): "grandparent",
    ("parent_in_law", "spouse"): "parent_in_law", ("parent_in_law", "child_in_law"): "self",
    ("grandparent", "spouse"): "grandparent",
    ("sibling", "parent"): "parent", ("sibling", "sibling"): "sibling", ("sibling", "grandparent"): "grandparent",
}  # fmt: skip
_CODES = {
    "self": (HEAD, HEAD), "spouse": ("11", "12"), "child": ("20", "30"), "grandchild": ("41", "42"),
    "parent": ("51", "52"), "grandparent": ("61", "62"), "sibling": ("79", "79"), "child_in_law": ("28", "38"),
}  # fmt: skip
# What forms and people write for a relation.
_WORDS: Mapping[str, str] = {
    "户主": "self", "本人": "self", "head": "self", "self": "self",
    "配偶": "spouse", "夫": "spouse", "妻": "spouse", "丈夫": "spouse", "妻子": "spouse", "spouse": "spouse",
    "husband": "spouse", "wife": "spouse",
    "子": "child", "女": "child", "子女": "child", "儿子": "child", "女儿": "child", "child": "child",
    "son": "child", "daughter": "child", "养子": "child", "养女": "child", "继子": "child", "继女": "child",
    "父": "parent", "母": "parent", "父母": "parent", "父亲": "parent", "母亲": "parent", "parent": "parent",
    "father": "parent", "mother": "parent",
    "公公": "parent_in_law", "婆婆": "parent_in_law", "岳父": "parent_in_law", "岳母": "parent_in_law",
    "parent_in_law": "parent_in_law", "女婿": "child_in_law", "儿媳": "child_in_law",
    "child_in_law": "child_in_law",
    "孙子": "grandchild", "孙女": "grandchild", "外孙": "grandchild", "外孙子": "grandchild",
    "外孙女": "grandchild", "孙子女": "grandchild", "grandchild": "grandchild",
    "祖父": "grandparent", "祖母": "grandparent", "外祖父": "grandparent", "外祖母": "grandparent",
    "祖父母": "grandparent", "grandparent": "grandparent",
    "兄": "sibling", "弟": "sibling", "姐": "sibling", "妹": "sibling", "哥哥": "sibling", "弟弟": "sibling",
    "姐姐": "sibling", "妹妹": "sibling", "兄弟姐妹": "sibling", "sibling": "sibling",
    "brother": "sibling", "sister": "sibling",
}  # fmt: skip
TITLES: Mapping[str, tuple[str, str]] = {
    "01": ("本人", "Self"), "02": ("户主", "Head"), "10": ("配偶", "Spouse"), "11": ("夫", "Husband"),
    "12": ("妻", "Wife"), "20": ("子", "Son"), "21": ("独生子", "Only son"), "22": ("长子", "Eldest son"),
    "23": ("次子", "Second son"), "27": ("养子或继子", "Adopted or step-son"), "28": ("女婿", "Son-in-law"),
    "30": ("女", "Daughter"), "31": ("独生女", "Only daughter"), "32": ("长女", "Eldest daughter"),
    "33": ("次女", "Second daughter"), "37": ("养女或继女", "Adopted or step-daughter"),
    "38": ("儿媳", "Daughter-in-law"), "41": ("孙子", "Grandson"), "42": ("孙女", "Granddaughter"),
    "43": ("外孙子", "Grandson"), "44": ("外孙女", "Granddaughter"), "51": ("父亲", "Father"),
    "52": ("母亲", "Mother"), "53": ("公公", "Father-in-law"), "54": ("婆婆", "Mother-in-law"),
    "55": ("岳父", "Father-in-law"), "56": ("岳母", "Mother-in-law"), "61": ("祖父", "Grandfather"),
    "62": ("祖母", "Grandmother"), "63": ("外祖父", "Grandfather"), "64": ("外祖母", "Grandmother"),
    "71": ("兄", "Elder brother"), "73": ("弟", "Younger brother"), "75": ("姐姐", "Elder sister"),
    "77": ("妹妹", "Younger sister"), "79": ("兄弟姐妹", "Sibling"), "97": ("其他亲属", "Other relative"),
    "99": ("非亲属", "Not related"),
}  # fmt: skip


def relation_title(code: str) -> tuple[str, str]:
    """Return what a relation code is called in Chinese and English."""
    return TITLES.get(code, ("其他亲属", "Other relative"))


def relation_code(said: str, sex: str, head_sex: str = MALE) -> str:
    """Return the code for a relation as a form gives it: a code of the standard, a word, or a key."""
    said = said.strip()
    if len(said) == 2 and said.isdigit():
        return said
    for code, (zh, en) in TITLES.items():
        if said in (zh, en) and code not in ("01", "10", "20", "30"):
            return code
    kind = _WORDS.get(said.lower())
    return _code(kind, sex, head_sex) if kind else OTHER_RELATIVE


def related_through(via: str, relation: str, sex: str, head_sex: str = MALE) -> str:
    """Return what somebody is of the head who is `relation` of a member that is `via` of the head."""
    first, second = _kind(via), _kind(relation)
    if NOT_RELATED in (via, relation):
        return NOT_RELATED
    if first == "self":
        return relation if second != "self" else HEAD
    if second == "self":
        return via
    return _code(_COMPOSED.get((first, second), "other"), sex, head_sex)


def relation_after(old: str, new_head: str, sex: str, new_head_sex: str) -> str:
    """Return what a member, `old` of the old head, is of the new head, who was `new_head` of the old one."""
    if NOT_RELATED in (old, new_head):
        return NOT_RELATED
    back = _INVERSE.get(_kind(new_head), "other")  # what the old head is of the new one
    if _kind(old) == "self":
        return _code(back, sex, new_head_sex)
    return _code(_COMPOSED.get((back, _kind(old)), "other"), sex, new_head_sex)


def relation_by_items(own: Mapping[str, str], head: Mapping[str, str]) -> str:
    """Return what somebody is of the head by what the register says of both: spouse, child, parent; empty if nothing.

    Codes alone cannot tell a head's grandchild from a nephew once the head changes; these can.
    """
    number, heads = own.get("id_number", ""), head.get("id_number", "")
    male = own.get("sex", MALE) == MALE
    if (heads and own.get("spouse_id") == heads) or (number and head.get("spouse_id") == number):
        return "11" if male else "12"
    if heads and heads in (own.get("father_id"), own.get("mother_id")):
        return "20" if male else "30"
    if number and number in (head.get("father_id"), head.get("mother_id")):
        return "51" if male else "52"
    return ""


def _kind(code: str) -> str:
    return _IN_LAW.get(code) or _KINDS.get(code[:1], "other")


def _code(kind: str, sex: str, head_sex: str) -> str:
    if kind == "parent_in_law":
        own = ("53", "54") if head_sex == FEMALE else ("55", "56")
        return own[0] if sex == MALE else own[1]
    codes = _CODES.get(kind)
    if codes is None:
        return OTHER_RELATIVE
    return codes[0] if sex == MALE else codes[1]


# ---- persons in households --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """A member as the rules see them."""

    person_id: UUID
    relation: str
    birth: date
    sex: str


def age_on(birth: date, day: date) -> int:
    """Return the age in full years on `day`."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def successor(left: Sequence[Standing], day: date) -> Standing | None:
    """Return the next head when the head has gone: the spouse, the eldest adult, else the eldest; None if empty."""
    if not left:
        return None
    return min(left, key=lambda m: (age_on(m.birth, day) < ADULT, m.relation[:1] != "1", m.birth))


def child_relation(parent: str, sex: str) -> str:
    """Return what a newborn is of the head when the parent followed is `parent` of the head."""
    return related_through(parent, "20" if sex == MALE else "30", sex)


def may_join(registered_in: str | None, closed: bool) -> None:
    """Refuse when the household is closed or the person is registered in another (their number: `registered_in`)."""
    if closed:
        raise Refusal("household_closed")
    if registered_in is not None:
        raise Refusal("already_registered", registered_in)


def birth_allowed(birth: date, day: date) -> None:
    """Refuse a birth that has not happened or lies beyond a human life."""
    if birth > day:
        raise Refusal("birth_in_future")
    if age_on(birth, day) > 120:
        raise Refusal("birth_impossible")


def event_allowed(happened: date | None, birth: date, day: date) -> None:
    """Refuse a death, enlistment or settlement before the birth or in the future."""
    if happened is not None and not birth <= happened <= day:
        raise Refusal("day_impossible", happened.isoformat())


def must_be_adult(birth: date, day: date) -> None:
    """Refuse a head under 18 (a household of minors only is set up with a guardian's consent at the counter)."""
    if age_on(birth, day) < ADULT:
        raise Refusal("head_is_minor")


def may_be_parent(birth: date, child: date) -> bool:
    """Say whether somebody of this birth can be father or mother of a child born on the other day."""
    return age_on(birth, child) >= YOUNGEST_PARENT


def is_child(relation: str) -> bool:
    """Say whether a relation, as a form gives it, is that of a child."""
    return _kind(relation_code(relation, MALE)) == "child"


def hints(birth: date, day: date, *, moving_in_as: str) -> list[str]:
    """Return keys of what an officer should look at: never a refusal, the officer judges."""
    found: list[str] = []
    if moving_in_as == "birth" and (day - birth).days > LATEST_BIRTH_DAYS:
        found.append("birth_reported_late")
    if moving_in_as == "parent" and age_on(birth, day) < 55:
        found.append("parent_under_55")
    if moving_in_as == "child" and age_on(birth, day) >= ADULT:
        found.append("child_is_adult")
    return found


# ---- what a form names ------------------------------------------------------------------------------------

# Names that are not called after the field of the ID number they belong to.
_NAMED_BY = {"child_id": "joined_name", "kept_id": "person_name", "former_id": "person_name"}


def named(answers: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield everybody whom a form names by name and ID number: the field, the name, the number."""
    for field, said in answers.items():
        if isinstance(said, list):
            rows = (row for row in said if isinstance(row, Mapping) and row.get("id_number"))
            yield from ((field, str(row.get("name", "")), str(row["id_number"])) for row in rows)
        elif field.endswith("_id") and said:
            name = answers.get(_NAMED_BY.get(field) or f"{field.removesuffix('_id')}_name")
            if name:
                yield field, str(name), str(said)


# ---- ID numbers -------------------------------------------------------------------------------------------


def numbers_for(area: str, birth: date, sex: str) -> Iterable[str]:
    """Yield the ID numbers of this area, day and sex in order: odd for males (GB 11643-1999)."""
    for order in range(1 if sex == MALE else 2, 1000, 2):
        yield idnumber.compose(area, birth, order)


def household_number(org_id: int, count: int) -> str:
    """Return the number of the `count`-th household of a district: nine digits, 6 first."""
    return f"6{org_id:02d}{count:06d}"


# ---- items ------------------------------------------------------------------------------------------------

# What change_entry may touch, and which main items bring a new ID number with them.
NEW_NUMBER_ITEMS = frozenset({"sex", "birth"})
KIN = ("spouse_id", "father_id", "mother_id")  # named by their ID number
MAIN_ITEMS = frozenset({"name", "sex", "ethnicity", "birth", "id_number"})
