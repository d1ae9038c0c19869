"""A drawn look: asked, answered, reviewed by a peer, taken up by the supervisor; and who may do none of it."""

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from minjing.kernel.identity import actions, queries, reasons
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.identity.models import Appointment, LookNote
from minjing.kernel.identity.tests.conftest import LIN, LIN_NUMBER, NOW, City
from minjing.kernel.ledger import queries as ledger

NOTE = "居民来窗口补办户口簿，核对住址"


@pytest.fixture(autouse=True)
def each_look_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasons, "lot", lambda: reasons.Lot(1, 1, 5, 7))


@pytest.fixture
def peer(city: City) -> Actor:
    return city.hire("nanshan.approver", "branch_approver", "nanshan")


@pytest.fixture
def supervisor(city: City) -> Actor:
    return city.hire("supervisor", "supervisor", "bureau")


@pytest.fixture
def note(lin: UUID, clerk: Actor, peer: Actor) -> LookNote:
    """The note that the clerk owes for a look at Lin."""
    actions.look(clerk, [lin], ["name"], reason="counter", now=NOW)
    return LookNote.objects.get()


def answered(note: LookNote, clerk: Actor) -> LookNote:
    actions.answer_note(note.pk, NOTE, by=clerk, now=NOW)
    note.refresh_from_db()
    return note


def kinds(lin: UUID) -> list[str]:
    return [e["kind"].rpartition(":")[2] for e in reversed(ledger.about(lin)) if ":look_note:" in e["kind"]]


def test_the_way_of_a_note_from_the_look_to_the_verdict(note: LookNote, lin: UUID, clerk: Actor, peer: Actor) -> None:
    (owed,) = queries.my_notes(clerk, NOW)
    assert owed.look is not None
    assert (owed.look.reason["zh"], owed.due_at) == ("当事人到场办事", NOW + timedelta(days=5))
    assert queries.notes_waiting(clerk) == (1, 0)
    answered(note, clerk)
    assert note.reviewer_id == peer.account_id
    assert queries.notes_waiting(clerk) == (0, 0)
    assert queries.notes_waiting(peer) == (0, 1)
    assert actions.open_note(note.pk, by=peer, now=NOW) == NOTE
    actions.review_note(note.pk, "fits", by=peer, now=NOW)
    assert queries.notes_to_review(peer, NOW) == []
    assert queries.my_answered(clerk, NOW)[0].verdict == "fits"
    assert kinds(lin) == ["asked", "answered", "reviewed"]


def test_the_note_is_sealed_and_reading_it_is_a_look(note: LookNote, lin: UUID, clerk: Actor, peer: Actor) -> None:
    answered(note, clerk)
    assert NOTE.encode() not in bytes(note.note_sealed or b"")
    actions.open_note(note.pk, by=peer, now=NOW + timedelta(hours=1))
    newest = queries.looks_at(lin, NOW + timedelta(hours=2))[0]
    assert (newest.police_number, newest.reason["en"]) == (
        peer.police_number,
        "Reviewing a colleague’s note on a look, by lot",
    )
    assert LookNote.objects.count() == 1  # that look is not drawn again, though each is


def test_the_officer_is_reminded_whom_it_was_masked_and_on_record(note: LookNote, lin: UUID, clerk: Actor) -> None:
    recalled = actions.recall_person(note.pk, by=clerk, now=NOW)
    assert recalled.name != LIN
    assert recalled.name[0] == LIN[0]
    assert LIN_NUMBER[6:14] not in recalled.id_number
    assert len(queries.looks_at(lin, NOW)) == 2


@pytest.mark.parametrize("text", ["", "办案需要", "啊啊啊啊啊啊啊啊啊", "身份证 440304199003080215 的人"])
def test_what_is_no_note_is_not_taken(note: LookNote, clerk: Actor, text: str) -> None:
    with pytest.raises(Wrong):
        actions.answer_note(note.pk, text, by=clerk, now=NOW)
    assert queries.notes_waiting(clerk) == (1, 0)


def test_only_the_officer_answers_and_once(note: LookNote, clerk: Actor, peer: Actor) -> None:
    with pytest.raises(Unknown):
        actions.answer_note(note.pk, NOTE, by=peer, now=NOW)
    with pytest.raises(Unknown):
        actions.recall_person(note.pk, by=peer, now=NOW)
    answered(note, clerk)
    with pytest.raises(Unknown):
        actions.answer_note(note.pk, NOTE, by=clerk, now=NOW)


def test_nobody_reviews_their_own_note_nor_one_that_the_lot_gave_to_another(
    note: LookNote, clerk: Actor, peer: Actor, approver: Actor
) -> None:
    answered(note, clerk)
    other = peer if note.reviewer_id == approver.account_id else approver
    for who in (clerk, other):
        with pytest.raises(Unknown):
            actions.open_note(note.pk, by=who, now=NOW)
        with pytest.raises(Unknown):
            actions.review_note(note.pk, "fits", by=who, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        LookNote.objects.filter(pk=note.pk).update(reviewer_id=clerk.account_id)


def test_a_deputy_of_the_author_does_not_review(note: LookNote, city: City, clerk: Actor, peer: Actor) -> None:
    # Of another branch, as it was possible once: who is the only one to review it is what the test is about.
    Appointment.objects.create(
        account_id=peer.account_id, unit=city.units["lianhua"], post_id="station_clerk",
        deputy_for_id=clerk.account_id, since=NOW, until=NOW + timedelta(days=9),
    )  # fmt: skip
    assert answered(note, clerk).reviewer_id is None


def test_a_reviewer_whose_post_has_ended_reviews_nothing_and_the_lot_falls_anew(
    note: LookNote, city: City, clerk: Actor, peer: Actor, approver: Actor
) -> None:
    answered(note, clerk)
    first, second = (peer, approver) if note.reviewer_id == peer.account_id else (approver, peer)
    gone = replace(first, holdings=())
    with pytest.raises(NotAllowed, match="no_post"):
        actions.review_note(note.pk, "fits", by=gone, now=NOW)
    with pytest.raises(NotAllowed, match="no_post"):
        actions.open_note(note.pk, by=gone, now=NOW)
    assert actions.deal_again(NOW + timedelta(days=7)) == 0
    assert actions.deal_again(NOW + timedelta(days=7, seconds=1)) == 1
    note.refresh_from_db()
    assert note.reviewer_id == second.account_id
    with pytest.raises(Unknown):
        actions.review_note(note.pk, "fits", by=first, now=NOW)


def test_a_note_that_does_not_fit_goes_to_the_supervisor_of_the_unit(
    note: LookNote, city: City, clerk: Actor, peer: Actor, supervisor: Actor
) -> None:
    answered(note, clerk)
    assert queries.notes_for_supervisor(supervisor, NOW) == []
    actions.review_note(note.pk, "does_not_fit", by=peer, now=NOW)
    (row,) = queries.notes_for_supervisor(supervisor, NOW)
    assert (row.verdict, row.police_number) == ("does_not_fit", clerk.police_number)
    with pytest.raises(NotAllowed):
        actions.settle_note(note.pk, by=peer, now=NOW)
    with pytest.raises(NotAllowed):
        queries.notes_for_supervisor(clerk, NOW)
    actions.settle_note(note.pk, by=supervisor, now=NOW)
    assert queries.notes_for_supervisor(supervisor, NOW) == []
    with pytest.raises(Unknown):
        actions.settle_note(note.pk, by=supervisor, now=NOW)


def test_an_overdue_note_goes_to_the_supervisor_and_blocks_nothing(
    note: LookNote, lin: UUID, clerk: Actor, supervisor: Actor
) -> None:
    due = note.due_at
    assert queries.notes_for_supervisor(supervisor, due) == []
    late = due + timedelta(seconds=1)
    assert [row.overdue for row in queries.notes_for_supervisor(supervisor, late)] == [True]
    actions.look(clerk, [lin], ["name"], reason="counter", now=late)  # the officer goes on working
    actions.answer_note(note.pk, NOTE, by=clerk, now=late)
    assert [row.id for row in queries.notes_for_supervisor(supervisor, late)] == []


def test_the_auditor_draws_again_and_finds_who_was_not_asked(
    note: LookNote, lin: UUID, clerk: Actor, audit: Actor, peer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    span = {"since": NOW - timedelta(days=1), "until": NOW + timedelta(days=1)}
    answered(note, clerk)
    actions.open_note(note.pk, by=peer, now=NOW)  # assigned looks are outside the lot
    assert queries.recheck_lot(audit, **span) == queries.Recheck(1, 1, (), ())
    LookNote.objects.all().delete()
    assert queries.recheck_lot(audit, **span).not_asked == (note.entry_id,)
    monkeypatch.setattr(reasons, "lot", lambda: reasons.Lot(10**18, 10**18, 5, 7))
    LookNote.objects.create(
        org_id=1, entry_id=note.entry_id, person_id=lin, account_id=clerk.account_id, unit_id=note.unit_id,
        bound=False, asked_at=NOW, due_at=NOW,
    )  # fmt: skip
    assert queries.recheck_lot(audit, **span).asked_undrawn == (note.entry_id,)
    with pytest.raises(NotAllowed):
        queries.recheck_lot(clerk, **span)


def test_bound_looks_are_drawn_at_their_own_rate(lin: UUID, clerk: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    from minjing.kernel.identity import plugs

    monkeypatch.setattr(plugs.plugs, "matter_open", lambda asked: True)
    monkeypatch.setattr(plugs.plugs, "matter_concerns", lambda asked, people: people)
    monkeypatch.setattr(reasons, "lot", lambda: reasons.Lot(10**18, 1, 5, 7))
    actions.record_look(clerk, [lin], ["matters.form"], matter_id=uuid4(), now=NOW)
    assert not LookNote.objects.exists()
    actions.look(clerk, [lin], ["name"], reason="counter", now=NOW)
    assert not LookNote.objects.get().bound


def test_the_house_itself_is_asked_about_nothing(lin: UUID) -> None:
    actions.record_look(SYSTEM, [lin], ["matters.form"], reason="counter", now=NOW)
    assert not LookNote.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_reviews_at_once_one_counts(note: LookNote, clerk: Actor, peer: Actor) -> None:
    answered(note, clerk)
    said: list[str] = []
    start = threading.Barrier(2)

    def review(verdict: str) -> None:
        start.wait()
        try:
            actions.review_note(note.pk, verdict, by=peer, now=NOW)
            said.append(verdict)
        except Unknown:
            said.append("too late")
        finally:
            connection.close()

    both = [threading.Thread(target=review, args=(v,)) for v in ("fits", "does_not_fit")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert said.count("too late") == 1
    note.refresh_from_db()
    assert note.verdict in said
