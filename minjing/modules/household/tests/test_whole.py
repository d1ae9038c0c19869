"""Each service offered online, whole: from the form through the officers' steps to register and signed paper."""

from typing import Any, NamedTuple
from uuid import UUID

import pytest

from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM, Actor, Holding
from minjing.kernel.identity.models import Account
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, forms, publishing, queries
from minjing.kernel.matters.models import MatterEvent, Task
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Body
from minjing.kernel.matters.tests.conftest import scan
from minjing.kernel.matters.tests.world import CALENDAR, DAYS_OFF, MADE_UP
from minjing.kernel.notify.models import Message
from minjing.kernel.papers import queries as papers
from minjing.kernel.papers.rules import REASONS
from minjing.modules.household.tests import world
from minjing.modules.household.tests.test_effects import (
    ALONG,
    BIRTHS,
    CANCELLED,
    JOINING,
    NEWBORN,
    OWN_HOME,
)
from minjing.modules.household.tests.world import (
    COLLECTIVE_GIRL,
    HE,
    HE_DAUGHTER_IN_LAW,
    HE_SON,
    LIN,
    NOW,
    OLD_MOTHER,
    SU,
    TODAY,
    WANG,
    WANG_CHILD,
    decide,
    filled,
    home,
    person,
    row,
)


class Case(NamedTuple):
    """Who applies for a service, with which answers, and what has to have happened in the register before."""

    applicant: str
    answers: dict[str, Any]
    before: tuple[str, dict[str, Any]] | None = None


OWN = {"landing_kind": "own", "landing_addr": "深圳市福田区福田街道木棉路5号2栋8B"}
NUMBERLESS = {
    "person_name": "林海归", "sex": "1", "birth_date": "1985-02-03", "landing_kind": "household",
    "landing_household_no": home("lin"), "relation": "other",
}  # fmt: skip
AT_HES = {"person_name": "何国栋", "landing_kind": "household", "landing_household_no": home("he")}
AWAY = {"person_id": HE_SON, "person_name": "何志远", "destination_addr": "广州市天河区"}
DEAD = ("HZ0201", CANCELLED["HZ0201"][0])
CASES: dict[str, Case] = {
    **{code: Case(LIN, {**NEWBORN, **more}) for code, more in BIRTHS.items()},
    "HZ0105": Case(HE_SON, {"person_name": "何小弟", "sex": "1", "birth_datetime": "2011-01-02T00:00",
        "father_id": HE_SON, "mother_id": HE_DAUGHTER_IN_LAW, "follow_parent": "father",
        "household_no": home("he"), "relation": "grandchild"}),
    "HZ0106": Case(LIN, {"child_name": "福小宝", "child_sex": "1", "est_birth_date": "2026-01-05",
        "household_no": home("collective")}),
    **{code: Case(HE_SON, answers) for code, (answers, _) in CANCELLED.items()},
    "HZ0301": Case(HE_SON, {**JOINING, **ALONG, "applying_as": "local", "spouse_id": HE_SON,
        "landing_household_no": home("he"), "relation": "other"}),
    "HZ0302": Case(LIN, {"applying_as": "child", "person_id": OLD_MOTHER, "person_name": "周桂兰", "child_id": LIN,
        "landing_household_no": home("lin"), "relation": "parent", "both_parents": False}),
    "HZ0303": Case(LIN, {"person_id": WANG_CHILD, "person_name": "王一一", "parent_id": LIN,
        "landing_household_no": home("lin"), "relation": "child"}),
    "HZ0304": Case(LIN, {"person_id": WANG_CHILD, "person_name": "王一一", "adopter_id": LIN,
        "landing_household_no": home("lin"), "relation": "27"}),
    **{code: Case(WANG, {**JOINING, **OWN}) for code in OWN_HOME},
    **{code: Case(WANG, NUMBERLESS) for code in ("HZ0503", "HZ0504", "HZ0505")},
    "HZ0506": Case(HE_SON, {"person_id": HE, **AT_HES, "cancel_reason": "abroad", "relation": "spouse"},
        ("HZ0203", CANCELLED["HZ0203"][0])),
    "HZ0507": Case(HE_SON, {"person_id": HE_SON, "person_name": "何志远", "landing_household_no": home("he"),
        "relation": "child"}, ("HZ0602", {"person_id": HE_SON})),
    **{code: Case(HE_SON, AWAY) for code in ("HZ0601", "HZ0602", "HZ0603")},
    "HZ0701": Case(COLLECTIVE_GIRL, {"person_id": COLLECTIVE_GIRL, "from_household_no": home("collective"),
        "landing_kind": "household", "to_household_no": home("lin"), "relation": "other"}),
    "HZ0702": Case(HE_SON, {"person_id": HE_SON, "from_household_no": home("he"),
        "to_household_no": home("collective")}),
    "HZ0801": Case(HE_SON, {"head_id": HE_SON, "addr": "深圳市福田区福田街道凤凰路9号1栋9F", "members_along": True,
        "members": [row(HE_DAUGHTER_IN_LAW, "妻")]}),
    "HZ0802": Case(HE_SON, {"household_no": home("he"), "new_head_id": HE_SON, "new_head_name": "何志远",
        "others_leave": True, "split_member_ids": [row(HE_DAUGHTER_IN_LAW, "妻")]}),
    "HZ0803": Case(LIN, {"household_no_from": home("he"), "household_no_to": home("lin"), "head_id": LIN,
        "relation": "parent"}),
    "HZ0804": Case(HE, {"household_no": home("he"), "new_head_id": HE_SON, "new_head_name": "何志远"}),
    "HZ0805": Case(SU, {"unit_name": "深圳示例科技有限公司", "addr": "深圳市福田区示例大厦", "warden_id": SU,
        "warden_name": "苏婉"}),
    "HZ0901": Case(LIN, {"person_id": LIN, "new_name": "林晓𬭎"}),
    "HZ0902": Case(LIN, {"person_id": LIN, "new_sex": "2"}),
    "HZ0903": Case(LIN, {"person_id": LIN, "new_ethnicity": "08"}),
    "HZ0904": Case(LIN, {"person_id": LIN, "new_birth_date": "1990-03-21"}),
    "HZ0905": Case(LIN, {"person_id": LIN}),
    "HZ0906": Case(LIN, {"for_whom": "self", "item": "marital", "new_marital": "40"}),
    "HZ1001": Case(LIN, {"household_no": home("lin")}),
    "HZ1002": Case(HE_SON, {"person_id": HE_SON}, ("HZ0601", AWAY)),
    "HZ1003": Case(LIN, {"for_whom": "self", "certificate_kind": "entry"}),
    "HZ1004": Case(HE_SON, {"person_id": HE, "person_name": "何国栋", "cancel_kind": "death"}, DEAD),
}  # fmt: skip


def officer(number: int, post: str, unit: int, path: str, level: str) -> Actor:
    org = 0 if level == "bureau" else world.ORG
    held = Holding(post, unit, path, level, org, frozenset({"handle", "decide", "look"}))
    return Actor(UUID(int=number), "officer", None, f"测试民警{number}", f"03{number:04d}", 4, holdings=(held,))


OFFICERS = {
    "station_clerk": world.CLERK,
    "station_approver": officer(8, "station_approver", 40, "1.4.40.", "station"),
    "branch_approver": officer(10, "branch_approver", 4, "1.4.", "branch"),
    "bureau_approver": officer(11, "bureau_approver", 1, "1.", "bureau"),
    "record_checker": officer(12, "record_checker", 4, "1.4.", "branch"),
}


@pytest.fixture
def staffed(town, settings, tmp_path):
    """Give the town the officers who decide, and the test's files a place of their own."""
    settings.FILES_DIR = tmp_path / "files"
    calendar = {"known_until": CALENDAR.known_until, "days_off": DAYS_OFF, "made_up": MADE_UP}
    publishing.publish_calendar(**calendar, source="test", by=SYSTEM, now=world.BEFORE)
    queries.forget_kept()
    for post, who in OFFICERS.items():
        if who is not world.CLERK:
            Account.objects.create(
                id=who.account_id, kind=Account.OFFICER, login=post, display_name=who.name, created_at=world.BEFORE
            )


def test_the_cases_are_all_that_are_offered_online(bodies):
    online = {body.service.code for body in bodies if body.service.channel != "appointment"}
    assert CASES.keys() >= {code for code in online if code < "HZ11"}
    assert len(CASES) == 48


@pytest.mark.parametrize("code", sorted(CASES))
def test_a_service_goes_from_its_form_to_a_signed_paper(staffed, code):
    case = CASES[code]
    if case.before is not None:
        decide(*case.before, applicant=case.applicant)
    _, body = queries.service(code)
    by = resident(case.applicant)
    matter = decided(submitted(body, case, by), body)
    assert (matter.state, matter.outcome) == ("approved", "approved")
    _is_on_record(matter)
    assert Message.objects.filter(matter_id=matter.id, template="approved", channel="in_app").count() == 1
    if body.service.grants is not None:
        (card,) = papers.of_matter(matter.id, now=NOW)
        assert papers.check(card.code, now=NOW).state == "valid"
        content = papers.pdf(card.id)
        assert papers.check_file(content, now=NOW).state == "valid"
        assert b"/ByteRange" in content


def test_a_permit_issued_again_voids_the_one_that_was_lost(staffed):
    by, cards = resident(HE_SON), []
    move = ("HZ0601", {"person_id": HE_SON, "destination_addr": "广州市天河区"})
    for code, answers in (move, ("HZ1002", {"person_id": HE_SON, "doc_type": "migration_certificate"})):
        _, body = queries.service(code)
        matter = decided(submitted(body, Case(HE_SON, answers), by), body)
        cards += papers.of_matter(matter.id, now=NOW)
    lost, again = (papers.check(card.code, now=NOW) for card in cards)
    assert (lost.state, lost.reason, lost.replaced) == ("revoked", REASONS["replaced"], True)
    assert again.state == "valid"


def resident(id_number: str) -> Actor:
    """Return the account of who has this number, as one who has been checked in person."""
    account = Account.objects.create(
        id=new_id(), kind=Account.RESIDENT, login=id_number, person_id=person(id_number), level=4,
        created_at=world.BEFORE,
    )  # fmt: skip
    return Actor(account.pk, "resident", account.person_id, world.NAMES[id_number], level=4)


def submitted(body: Body, case: Case, by: Actor) -> Snapshot:
    """Submit the form with a picture for each paper that must be sent in."""
    fields = body.service.fields
    answers = filled(body, {name: value for name, value in case.answers.items() if name in fields})
    needed = [m for m in forms.needed_materials(body, answers, TODAY) if m.required]
    sheets = {material.name: [scan(by, shade)] for shade, material in enumerate(needed, 100)}
    return actions.submit_whole(body.service.code, answers, by=by, now=NOW, request_id=new_id(), materials=sheets)


def decided(matter: Snapshot, body: Body) -> Snapshot:
    """Let the officers of each post take the strong step of each state, until the matter has ended."""
    while not body.flow.states[matter.state].final:
        for task in Task.objects.filter(matter_id=matter.id, done_at=None):
            matter = actions.finish_task(task.id, "clear", by=OFFICERS[task.post], now=NOW, request_id=new_id())
        by = OFFICERS[matter.post]
        strong = next(n for n, spec in body.flow.states[matter.state].actions.items() if spec.strong)
        for action in ("claim", strong):
            matter = actions.act(matter.id, action, ver=matter.ver, by=by, now=NOW, request_id=new_id())
    return matter


def _is_on_record(matter: Snapshot) -> None:
    """See that each event of the matter has its entry, and that nothing of the form stands in one."""
    events = list(MatterEvent.objects.filter(matter_id=matter.id))
    entries = Outbox.objects.filter(id__in=[event.entry_id for event in events])
    assert entries.count() == len(events) == matter.ver
    assert not any(b"440304" in bytes(entry.payload) for entry in entries)


def test_both_parents_file_one_birth_and_each_side_sees_the_other_application(staffed):
    _, body = queries.service("HZ0101")
    first, second = (submitted(body, Case(who, CASES["HZ0101"].answers), resident(who)) for who in (LIN, SU))
    assert [m.id for m in queries.duplicates(second, world.CLERK)] == [first.id]
    assert [m.id for m in queries.duplicates(first, world.CLERK)] == [second.id]
    said = filled(body, CASES["HZ0101"].answers)
    assert {m.id for m in queries.open_of_same_subject(body, said, resident(HE))} == {first.id, second.id}
