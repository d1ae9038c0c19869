"""The residents one can be in the demo: their families stand first in the register, their phones can sign in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from minjing.base import idnumber
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import sealing
from minjing.kernel.identity.models import Account, PersonKey
from minjing.kernel.identity.queries import PHONE
from minjing.kernel.ledger.actions import append, entry
from minjing.modules.household.actions.first_entry import Entry, Taken

FUTIAN, LUOHU, NANSHAN = "440304004", "440303004", "440305007"
ORGS = {FUTIAN: 2, LUOHU: 1, NANSHAN: 3}


def _number(area: str, birth: str, order: int) -> str:
    return idnumber.compose(area, date.fromisoformat(birth), order)


@dataclass(frozen=True)
class Known:
    """A resident with a part to play: `key` names them on the command line."""

    key: str
    name: str
    phone: str
    area: str
    birth: str
    order: int
    about: tuple[str, str] = ("", "")
    elder: bool = False

    @property
    def id_number(self) -> str:
        """Return the made-up but valid ID number."""
        return _number(self.area, self.birth, self.order)

    @property
    def sex(self) -> str:
        """Return the code of the sex, as the number says it."""
        return "1" if self.order % 2 else "2"


LIN = Known(
    "lin",
    "林晓夫",
    "19900000001",
    "440304",
    "1990-03-12",
    1,
    ("福田派出所在册，已婚", "registered at Futian, married"),
)
WANG = Known(
    "wang",
    "王雨桐",
    "19900000002",
    "430102",
    "1992-08-25",
    2,
    ("外地户口，林晓夫的配偶", "from elsewhere, Lin’s wife"),
)
CHEN = Known(
    "chen", "陈伯年", "19900000003", "440303", "1948-11-02", 3, ("罗湖，老年人", "Luohu, elderly"), elder=True
)
CHEN_WIFE = Known("", "刘凤仙", "", "440303", "1950-02-14", 4)
CHEN_DAUGHTER = Known(
    "min", "陈嘉敏", "19900000004", "440303", "1979-06-30", 6, ("罗湖，与父母同户", "Luohu, lives with her parents")
)
ZHENG = Known(
    "zheng",
    "郑博文",
    "19900000005",
    "440304",
    "1991-01-19",
    5,
    ("福田，刚当爸爸", "Futian, has just become a father"),
)
WU = Known(
    "wu", "吴佳怡", "19900000006", "440304", "1993-05-08", 8, ("福田，刚当妈妈", "Futian, has just become a mother")
)
AYGUL = Known(
    "aygul", "阿依古丽·买买提", "19900000007", "653101", "1995-04-21", 10, ("姓名带间隔号", "a name with a dot")
)
RARE = Known(
    "rare", "赵㛃𬭎", "19900000008", "440305", "1998-10-10", 12, ("姓名有生僻字", "a name with rare characters")
)
STUDENT = Known(
    "student",
    "周思远",
    "19900000009",
    "440305",
    "2008-01-15",
    7,
    ("南山，今年升学", "Nanshan, goes to university this year"),
)
STUDENT_FATHER = Known("", "周建国", "", "440305", "1975-12-01", 9)
MOTHER = Known(
    "mother",
    "叶文静",
    "19900000011",
    "440304",
    "1989-09-17",
    14,
    ("福田，孩子六岁", "Futian, mother of a child of six"),
)
FATHER = Known("", "何志远", "", "440304", "1987-04-03", 11)
CHILD = Known("", "何小满", "", "440304", "2020-05-20", 16)
NEWCOMER_PHONE = "19900000010"  # signs in by phone only: has not yet said who they are
RESIDENTS = (LIN, WANG, CHEN, CHEN_DAUGHTER, ZHENG, WU, AYGUL, RARE, STUDENT, MOTHER)


@dataclass(frozen=True)
class KnownFamily:
    """A family of known residents."""

    station: str
    since: str
    address: str
    members: Sequence[tuple[Known, str, Mapping[str, str]]]
    unit_name: str = field(default="")

    def taken(self, stations: Mapping[str, int]) -> Taken:
        """Return the household as the register takes it over."""
        since = date.fromisoformat(self.since)
        return Taken(
            ORGS[self.station],
            stations[self.station],
            since,
            self.address,
            [_entry(person, relation, since, more) for person, relation, more in self.members],
            unit_name=self.unit_name,
        )


def _entry(person: Known, relation: str, since: date, more: Mapping[str, str]) -> Entry:
    items = {
        "name": person.name, "id_number": person.id_number, "sex": person.sex, "birth": person.birth,
        "ethnicity": "01", "marital": "10", **more,
    }  # fmt: skip
    return Entry(relation, max(since, date.fromisoformat(person.birth)), items)


def _married(to: Known) -> dict[str, str]:
    return {"marital": "20", "spouse_id": to.id_number}


_PARENTS = {"father_id": CHEN.id_number, "mother_id": CHEN_WIFE.id_number}
KNOWN = (
    KnownFamily(FUTIAN, "2015-09-01", "深圳市福田区福田街道民安路88号翠景花园3栋12A", [(LIN, "02", _married(WANG))]),
    KnownFamily(
        LUOHU, "1996-05-20", "深圳市罗湖区翠竹街道同心路16号荔湾花园1栋5C",
        [(CHEN, "02", _married(CHEN_WIFE)), (CHEN_WIFE, "12", _married(CHEN)), (CHEN_DAUGHTER, "30", _PARENTS)],
    ),
    KnownFamily(
        FUTIAN, "2021-03-08", "深圳市福田区福田街道春风路20号百合花园7栋21D",
        [(ZHENG, "02", _married(WU)), (WU, "12", _married(ZHENG))],
    ),
    KnownFamily(
        FUTIAN, "2020-06-01", "深圳市福田区福田街道木棉路5号云山花园2栋8B", [(AYGUL, "02", {"ethnicity": "05"})]
    ),
    KnownFamily(
        NANSHAN, "2004-07-15", "深圳市南山区粤海街道海棠路9号海韵花园6栋17F",
        [
            (STUDENT_FATHER, "02", {"marital": "30"}),
            (STUDENT, "20", {"father_id": STUDENT_FATHER.id_number}),
        ],
    ),
    KnownFamily(NANSHAN, "2022-02-22", "深圳市南山区粤海街道凤凰路31号金湖花园9栋3E", [(RARE, "02", {})]),
    KnownFamily(
        FUTIAN, "2019-10-10", "深圳市福田区福田街道石榴路12号荷风花园4栋10B",
        [
            (FATHER, "02", _married(MOTHER)), (MOTHER, "12", _married(FATHER)),
            (CHILD, "30", {"father_id": FATHER.id_number, "mother_id": MOTHER.id_number}),
        ],
    ),
)  # fmt: skip


def load(now: datetime, say: Callable[[str], None]) -> None:
    """Make the accounts of the known residents; nothing if they are there."""
    if account(LIN.key) is not None:
        return
    with transaction.atomic():
        for known in RESIDENTS:
            person_id = identity.ensure_person(name=known.name, id_number=known.id_number, now=now)
            open_account(known.phone, person_id, now, elder=known.elder)
    say(f"{len(RESIDENTS)} residents who can sign in")


def open_account(phone: str, person_id: UUID, now: datetime, *, elder: bool = False) -> UUID:
    """Make what signing in by phone and saying who one is would have made; return the account."""
    account_id = new_id()
    PersonKey.objects.create(owner_id=account_id, wrapped=sealing.new_key(account_id), created_at=now)
    made = Account(
        id=account_id, kind=Account.RESIDENT, login=str(account_id), person_id=person_id, level=2,
        phone_index=sealing.blind_index("phone", phone), elder_mode=elder, created_at=now,
        phone_sealed=sealing.seal(account_id, PHONE, phone),
    )  # fmt: skip
    made.set_unusable_password()
    made.save(force_insert=True)
    append(entry("identity:account:linked", {"by": account_id, "level": 2}, at=now, subject_id=person_id))
    return account_id


def account(name: str) -> Account | None:
    """Return the account of a known resident, by key or phone."""
    phone = next((known.phone for known in RESIDENTS if known.key == name), name)
    return Account.objects.filter(phone_index=sealing.blind_index("phone", phone)).first()


def lines() -> list[str]:
    """Return how to sign in as a resident."""
    told = "、".join(f"{known.name} {known.phone}（{known.about[0]}）" for known in RESIDENTS[:3])
    return [
        "    residents  sign in with the phone; the code arrives on the page of text messages",
        f"      {told}",
        f"      any other number is a newcomer, such as {NEWCOMER_PHONE}",
    ]
