"""Documents from the application to the hand: what is on record at each step, and what is refused."""

from dataclasses import replace

import pytest
from django.db import DatabaseError, transaction

from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import plugs, queries
from minjing.kernel.matters.errors import NotAllowed, Wrong
from minjing.kernel.papers import queries as papers
from minjing.modules.exit_entry import events, rules
from minjing.modules.exit_entry import queries as documents
from minjing.modules.exit_entry.actions.documents import report_loss
from minjing.modules.exit_entry.models import Document, DocumentChange, Endorsement
from minjing.modules.exit_entry.tests.world import (
    APPROVER,
    CHILD,
    CLERK,
    LIN,
    MAKER,
    NOW,
    OLD,
    SU,
    TODAY,
    WANG,
    act,
    apply,
    document,
    granted,
    made,
)  # fmt: skip

pytestmark = pytest.mark.django_db


def kinds(of: str) -> int:
    return Outbox.objects.filter(kind=of).count()


def test_a_passport_is_renewed_and_the_old_one_cancelled_when_the_new_one_is_made(office):
    old = document(LIN, "passport")
    matter = granted(apply("EX0003", LIN, reason="expiring"))
    new = document(LIN, "passport", Document.BEING_MADE)
    assert (new.issued_date, new.expires_date) == (TODAY, rules.expires(TODAY, 10))
    assert document(LIN, "passport") == old
    matter = made(matter)
    assert document(LIN, "passport") == new
    old.refresh_from_db()
    assert old.state == Document.CANCELLED
    assert new.replaces_id == old.id or Document.objects.get(id=new.id).replaces_id == old.id
    assert [c.reason for c in documents.changes(new.id)] == ["issued", "made"]
    assert [c.reason for c in documents.changes(old.id)] == ["taken_over", "replaced"]
    assert (kinds(events.ISSUED), kinds(events.MADE), kinds(events.CANCELLED)) == (1, 1, 1)


def test_the_slip_says_kind_period_and_how_it_is_handed_over_and_hides_the_number(office):
    matter = granted(apply("EX0003", LIN, reason="expiring"))
    (slip,) = papers.of_matter(matter.id, now=NOW)
    assert slip.kind == "exit_entry_slip"
    (number,) = [d.number for d in documents.documents(LIN.person_id, LIN.actor, NOW) if d.state == "being_made"]
    assert number.startswith("EZ")
    assert documents.is_number_of(LIN.person_id, "passport", number)
    assert not documents.is_number_of(WANG.person_id, "passport", number)


def test_a_lost_passport_is_void_the_moment_the_application_is_in(office):
    old = document(LIN, "passport")
    matter = apply("EX0004", LIN, loss_kind="stolen", loss_date="2026-11-20", loss_place="罗湖", loss_statement=True)
    old.refresh_from_db()
    assert old.state == Document.LOST
    assert DocumentChange.objects.filter(document=old, reason="stolen", matter_id=matter.id).exists()
    made(granted(matter))
    old.refresh_from_db()
    assert old.state == Document.CANCELLED


def test_an_application_that_cannot_be_submitted_declares_nothing_lost(office):
    with pytest.raises(Wrong):
        apply("EX0004", LIN, loss_kind="lost", loss_date="2027-11-20", loss_place="罗湖", loss_statement=True)
    assert document(LIN, "passport").state == Document.VALID


def test_the_holder_declares_a_document_lost_by_one_press_and_nobody_else_can(office):
    passport = document(LIN, "passport")
    assert not report_loss(passport.id, "lost", by=SU.actor, now=NOW)
    assert report_loss(passport.id, "lost", by=LIN.actor, now=NOW)
    assert not report_loss(passport.id, "lost", by=LIN.actor, now=NOW)
    assert kinds(events.LOST) == 1


def test_who_has_said_a_name_and_a_number_only_declares_nothing_lost(office):
    passport = document(LIN, "passport")
    with pytest.raises(NotAllowed) as refused:
        report_loss(passport.id, "lost", by=replace(LIN.actor, level=2), now=NOW)
    assert (refused.value.key, refused.value.needs) == ("identity_level", "3")
    assert document(LIN, "passport").state == Document.VALID


def test_a_child_gets_five_years_by_application_of_a_parent_whom_the_register_shows(office):
    matter = granted(apply("EX0002", SU, applies_for="child", child_id=CHILD.number))
    passport = document(CHILD, "passport", Document.BEING_MADE)
    assert passport.expires_date == rules.expires(TODAY, 5)
    made(matter)
    with pytest.raises(Wrong) as wrong:
        apply("EX0002", WANG, applies_for="child", child_id=CHILD.number)
    assert set(wrong.value.errors) == {"child_id"}
    with pytest.raises(Wrong):
        apply("EX0002", SU, applies_for="child", child_id=LIN.number)


def test_whoever_holds_a_passport_is_sent_to_the_renewal_and_whoever_has_none_to_the_first(office):
    with pytest.raises(Wrong) as wrong:
        apply("EX0002", LIN)
    assert "换发" in wrong.value.errors["reason"].zh
    with pytest.raises(Wrong) as wrong:
        apply("EX0003", SU, reason="expiring")
    assert "首次" in wrong.value.errors["reason"].zh
    granted(apply("EX0002", OLD))  # the one on record has run out


def test_a_permit_comes_with_an_endorsement_for_each_place_and_both_are_valid_when_made(office):
    matter = granted(apply("EX0006", SU, endorsement_kind="HK-G-1Y2", destination="both"))
    assert set(Endorsement.objects.filter(state="being_made").values_list("destination", flat=True)) == {
        "hongkong", "macao",
    }  # fmt: skip
    made(matter)
    mine = Endorsement.objects.filter(document=document(SU, "hk_macao"), state="valid")
    assert {(e.trips, e.until_date) for e in mine} == {(2, rules.last_day(TODAY, 12))}


def test_a_lost_permit_is_renewed_by_one_form_and_void_at_once(office):
    old = document(LIN, "hk_macao")
    apply("EX0007", LIN, reason="missing", loss_kind="lost", loss_statement=True)
    old.refresh_from_db()
    assert old.state == Document.LOST


def test_a_single_use_permit_to_taiwan_lasts_three_months_and_is_no_card(office):
    granted(apply("EX0009", LIN, apply_type="first", permit_form="single"))
    permit = document(LIN, "taiwan", Document.BEING_MADE)
    assert (permit.electronic, permit.expires_date) == (False, rules.last_day(TODAY, 3))


def test_an_entry_is_written_into_a_valid_passport_only(office):
    matter = apply("EX0005", LIN, endorse_kind="former_name", new_value="林小夫", passport_no="EZ****001")
    matter = act(act(matter, "claim", CLERK), "approve", CLERK)
    (passport,) = [d for d in documents.documents(LIN.person_id, LIN.actor, NOW) if d.kind == "passport"]
    assert passport.annotations == 1
    with pytest.raises(Wrong):
        apply("EX0005", OLD, endorse_kind="former_name", new_value="陈年", passport_no="EZ****001")


def test_who_recommends_does_not_decide_and_a_refusal_has_a_reason_of_the_law(office):
    matter = act(act(apply("EX0003", LIN, reason="expiring"), "claim", CLERK), "recommend", CLERK)
    matter = act(act(matter, "claim", APPROVER), "refuse", APPROVER, reason="civil_case", note="法院通知。")
    assert matter.outcome == "refused"
    assert not Document.objects.filter(state=Document.BEING_MADE).exists()


def test_two_applications_at_once_make_one_document(office):
    first, second = apply("EX0003", LIN, reason="expiring"), apply("EX0003", LIN, reason="damaged")
    granted(first)
    with pytest.raises(plugs.EffectRefused):
        granted(second)
    assert Document.objects.filter(person_id=LIN.person_id, state=Document.BEING_MADE).count() == 1


def test_a_cancelled_document_does_not_come_back_and_its_history_is_not_rewritten(office):
    passport = document(LIN, "passport")
    report_loss(passport.id, "lost", by=LIN.actor, now=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        Document.objects.filter(id=passport.id).update(state=Document.VALID)
    with pytest.raises(DatabaseError), transaction.atomic():
        DocumentChange.objects.filter(document=passport).update(reason="made")
    with pytest.raises(DatabaseError), transaction.atomic():
        DocumentChange.objects.filter(document=passport).delete()


def test_an_officer_sees_the_documents_beside_the_form_once_the_look_is_written(office):
    matter = act(apply("EX0003", LIN, reason="expiring"), "claim", CLERK)
    rows = queries.register_of(matter, CLERK, NOW)
    assert any(label.zh == "普通护照" and "有效" in value.zh for label, _, value in rows)
    assert Outbox.objects.filter(kind="identity:person:looked", subject_id=LIN.person_id).exists()


def test_the_number_lies_nowhere_in_the_clear(office):
    (passport,) = [d for d in documents.documents(LIN.person_id, LIN.actor, NOW) if d.kind == "passport"]
    stored = document(LIN, "passport")
    assert passport.number.encode() not in bytes(stored.number_sealed)
    assert documents.by_number(passport.number) == stored.id
    assert documents.prefill(LIN.person_id, "passport_no", NOW) == rules.masked(passport.number)
    assert made(granted(apply("EX0003", LIN, reason="expiring"))).state == "made"
    assert MAKER.holdings[0].post == "exit_entry_maker"
