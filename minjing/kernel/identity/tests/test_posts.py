"""Posts are given, lent and ended; what a person may do follows at once."""

from datetime import timedelta

import pytest

from minjing.base import clock
from minjing.kernel.identity import actions, queries
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.identity.models import Account, Appointment, Session
from minjing.kernel.identity.rules import may
from minjing.kernel.identity.tests.conftest import NOW, PASSWORD, City
from minjing.kernel.identity.tests.test_recovery import machine, old, told  # noqa: F401 - fixtures
from minjing.kernel.ledger.models import Outbox

WEEK = timedelta(days=7)


def test_an_actor_is_read_in_one_query(clerk: Actor, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with django_assert_num_queries(1):
        actor = queries.actor_of(clerk.account_id, NOW)
    assert actor.is_officer
    (holding,) = actor.holdings
    assert holding.post == "station_clerk"
    assert holding.level == "station"
    assert holding.unit_path.count(".") == 3
    assert holding.acts == {"handle", "look"}


def test_nobody_is_unknown(db: None) -> None:
    with pytest.raises(Unknown):
        queries.actor_of(SYSTEM.account_id, NOW)


def test_a_post_counts_from_its_first_day_to_its_last(city: City, security: Actor) -> None:
    officer = city.hire("huaqiang.clerk")
    actions.appoint(
        by=security,
        account_id=officer.account_id,
        unit_id=city.units["huaqiang"].pk,
        post="station_clerk",
        since=NOW + WEEK,
        until=NOW + 2 * WEEK,
        now=NOW,
    )
    held = [len(city.again(officer.account_id, NOW + days).holdings) for days in (0 * WEEK, WEEK, 2 * WEEK)]
    assert held == [0, 1, 0]


def test_only_the_security_administrator_appoints_and_never_themselves(
    city: City, security: Actor, clerk: Actor, audit: Actor
) -> None:
    new = city.hire("newcomer")
    post = {"unit_id": city.units["lianhua"].pk, "post": "station_clerk", "since": NOW, "now": NOW}
    for by in (clerk, audit):
        with pytest.raises(NotAllowed, match="no_post"):
            actions.appoint(by=by, account_id=new.account_id, **post)
    with pytest.raises(NotAllowed, match="own_post"):
        actions.appoint(by=security, account_id=security.account_id, **post)
    elsewhere = post | {"unit_id": city.units["futian"].pk}
    with pytest.raises(Wrong, match="wrong_level"):
        actions.appoint(by=security, account_id=new.account_id, **elsewhere)


def test_one_person_is_never_two_administrators(city: City, security: Actor, audit: Actor, clerk: Actor) -> None:
    bureau = city.units["bureau"].pk
    for who, post in ((audit, "security_admin"), (audit, "system_admin"), (clerk, "audit_admin")):
        with pytest.raises(NotAllowed, match="administrators_apart"):
            actions.appoint(by=SYSTEM, account_id=who.account_id, unit_id=bureau, post=post, since=NOW, now=NOW)


def test_a_deputy_stands_in_for_a_time_and_some_services(city: City, clerk: Actor) -> None:
    deputy = city.hire("huaqiang.deputy", "station_clerk", "huaqiang")
    lianhua = city.units["lianhua"]
    actions.deputise(
        by=clerk,
        deputy_account_id=deputy.account_id,
        post="station_clerk",
        unit_id=lianhua.pk,
        since=NOW,
        until=NOW + WEEK,
        scope=["HZ0301"],
        now=NOW,
    )
    now_deputy = city.again(deputy.account_id)
    assert may(now_deputy, "handle", unit_path=lianhua.path, post="station_clerk", code="HZ0301").ok
    assert not may(now_deputy, "handle", unit_path=lianhua.path, post="station_clerk", code="HZ0101").ok
    mine = may(
        now_deputy, "h", unit_path=lianhua.path, post="station_clerk", code="HZ0301", not_by=[clerk.account_id]
    )
    assert mine.reason_key == "same_person"
    assert city.again(deputy.account_id, NOW + WEEK).holdings == deputy.holdings
    assert [d.account_id for d in queries.deputies_of(clerk.account_id, NOW)] == [deputy.account_id]


def test_a_deputy_cannot_pass_it_on_and_nobody_lends_what_they_do_not_hold(
    city: City, clerk: Actor, approver: Actor
) -> None:
    deputy, third = (city.hire(name, "station_clerk", "huaqiang") for name in ("deputy", "third"))
    lend = {
        "post": "station_clerk",
        "unit_id": city.units["lianhua"].pk,
        "since": NOW,
        "until": NOW + WEEK,
        "now": NOW,
    }
    actions.deputise(by=clerk, deputy_account_id=deputy.account_id, **lend)
    for by in (city.again(deputy.account_id), approver):
        with pytest.raises(NotAllowed, match="not_held"):
            actions.deputise(by=by, deputy_account_id=third.account_id, **lend)
    with pytest.raises(NotAllowed, match="own_deputy"):
        actions.deputise(by=clerk, deputy_account_id=clerk.account_id, **lend)


def test_nobody_comes_to_a_record_by_a_colleagues_deputyship_alone(city: City, clerk: Actor, security: Actor) -> None:
    supervisor = city.hire("supervisor", "supervisor", "bureau")
    elsewhere = city.hire("yuehai.clerk", "station_clerk", "yuehai")
    until, lianhua = NOW + WEEK, city.units["lianhua"].pk
    lend = {"post": "station_clerk", "unit_id": lianhua, "since": NOW, "until": until, "now": NOW}
    for deputy in (supervisor, elsewhere, city.hire("nobody")):
        for by, more in ((clerk, {}), (security, {"holder_account_id": clerk.account_id})):
            with pytest.raises(NotAllowed, match="deputy_not_near"):
                actions.deputise(by=by, deputy_account_id=deputy.account_id, **lend, **more)
        assert not may(city.again(deputy.account_id), "look", unit_path=city.units["lianhua"].path).ok


def test_the_end_of_a_post_ends_its_deputies_and_all_their_sessions(
    city: City, clerk: Actor, security: Actor
) -> None:
    deputy = city.hire("deputy", "station_clerk", "huaqiang")
    actions.deputise(
        by=clerk,
        deputy_account_id=deputy.account_id,
        post="station_clerk",
        unit_id=city.units["lianhua"].pk,
        since=NOW - timedelta(minutes=1),
        until=NOW + WEEK,
        now=NOW,
    )
    for number, who in enumerate((clerk, deputy)):
        Session.objects.create(
            session_key=str(number), session_data="", expire_date=NOW + WEEK, account_id=who.account_id,
            started_at=NOW, seen_at=NOW,
        )  # fmt: skip
    token = actions.token_for(clerk.account_id, NOW)
    post = Appointment.objects.get(account_id=clerk.account_id)
    with pytest.raises(NotAllowed):
        actions.end_appointment(post.pk, by=clerk, now=NOW)
    actions.end_appointment(post.pk, by=security, now=NOW)
    assert city.again(clerk.account_id).holdings == ()
    assert city.again(deputy.account_id).holdings == deputy.holdings
    assert not Session.objects.exists()
    assert queries.actor_by_token(token, NOW) is None
    with pytest.raises(Unknown):
        actions.end_appointment(post.pk, by=security, now=NOW)


def test_a_shut_account_is_nobody(clerk: Actor, security: Actor) -> None:
    token = actions.token_for(clerk.account_id, NOW)
    actions.disable_account(account_id=clerk.account_id, by=security, now=NOW)
    with pytest.raises(Unknown):
        queries.actor_of(clerk.account_id, NOW)
    assert queries.actor_by_token(token, NOW) is None
    actions.enable_account(account_id=clerk.account_id, by=security, now=NOW)
    assert queries.actor_of(clerk.account_id, NOW).holdings == clerk.holdings


def test_a_residents_account_is_not_the_administrators_to_shut_open_or_unlock(
    old: Actor,  # noqa: F811 - the fixture
    security: Actor,
) -> None:
    before = Outbox.objects.count()
    for change in (actions.disable_account, actions.enable_account, actions.reset_factors):
        with pytest.raises(Unknown):
            change(account_id=old.account_id, by=security, now=NOW)
    with pytest.raises(Unknown):
        actions.end_session(Session.objects.get().ref, by=security, now=NOW)
    assert Account.objects.get(pk=old.account_id).is_active
    assert Outbox.objects.count() == before


def test_a_weak_password_and_a_taken_login_are_refused(city: City, clerk: Actor) -> None:
    for login, password, key in (
        ("new", "short", "weak_password"),
        ("new", "password12345", "weak_password"),
        ("lianhua.clerk", PASSWORD, "login_taken"),
    ):
        with pytest.raises(Wrong, match=key):
            actions.create_officer(login=login, password=password, name="x", police_number="1", by=SYSTEM, now=NOW)


def test_a_token_stands_for_its_account_until_it_ends(clerk: Actor, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    token = actions.token_for(clerk.account_id, NOW)
    with django_assert_num_queries(1):
        assert queries.actor_by_token(token, NOW) == clerk
    assert queries.actor_by_token(token + "x", NOW) is None
    assert queries.actor_by_token(token, NOW + timedelta(days=31)) is None
    (listed,) = queries.tokens_of(clerk.account_id, NOW)
    assert (listed.made_at, listed.ref) == (NOW, queries.token_ref(queries.token_hash(token)))
    actions.end_token(listed.ref, by=clerk, now=NOW)
    assert queries.actor_by_token(token, NOW) is None
    assert queries.tokens_of(clerk.account_id, NOW) == []


def test_a_token_is_ended_by_its_holder_alone_and_with_all_the_others(clerk: Actor, approver: Actor) -> None:
    mine, kept, theirs = (actions.token_for(a.account_id, NOW) for a in (clerk, clerk, approver))
    with pytest.raises(Unknown):
        actions.end_token(queries.tokens_of(approver.account_id, NOW)[0].ref, by=clerk, now=NOW)
    assert actions.end_other_sessions(by=clerk, keep=None, keep_token=kept, now=NOW) == 1
    assert [queries.actor_by_token(t, NOW) for t in (mine, kept, theirs)] == [None, clerk, approver]
    assert actions.end_other_sessions(by=clerk, keep=None, now=NOW) == 1
    assert queries.actor_by_token(kept, NOW) is None


def test_only_administrators_list_officers(city: City, clerk: Actor, security: Actor) -> None:
    assert [o.login for o in queries.officers(security, text="lianhua")] == ["lianhua.clerk"]
    assert len(queries.appointments(security, unit_id=city.units["lianhua"].pk, now=NOW)) == 1
    assert len(queries.appointments(clerk, account_id=clerk.account_id, now=NOW)) == 1
    for read in (lambda: queries.officers(clerk), lambda: queries.appointments(clerk, now=NOW)):
        with pytest.raises(NotAllowed):
            read()


def test_a_deputy_has_no_more_right_than_the_holder(city: City, security: Actor) -> None:
    """The holder's post runs out by its date; nobody has ended anything by hand."""
    holder, deputy = city.hire("holder"), city.hire("deputy", "station_clerk", "huaqiang")
    lianhua = city.units["lianhua"].pk
    actions.appoint(
        by=security,
        account_id=holder.account_id,
        unit_id=lianhua,
        post="station_clerk",
        since=NOW - WEEK,
        until=NOW + WEEK,
        now=NOW,
    )
    actions.deputise(
        by=city.again(holder.account_id),
        deputy_account_id=deputy.account_id,
        post="station_clerk",
        unit_id=lianhua,
        since=NOW,
        until=NOW + 3 * WEEK,
        now=NOW,
    )
    held = [len(city.again(deputy.account_id, NOW + weeks * WEEK).holdings) for weeks in (0, 1, 2)]
    assert held == [2, 1, 1]


def test_the_security_administrator_cannot_stand_for_a_second_administrator(
    city: City, security: Actor, audit: Actor
) -> None:
    puppet = city.hire("puppet")
    bureau = city.units["bureau"].pk
    for post in ("audit_admin", "system_admin", "security_admin"):
        with pytest.raises(NotAllowed, match="administrators_by_command"):
            actions.appoint(by=security, account_id=puppet.account_id, unit_id=bureau, post=post, since=NOW, now=NOW)
    with pytest.raises(NotAllowed, match="administrators_by_command"):
        actions.set_password(account_id=audit.account_id, password="another-tide-on-the-bay", by=security, now=NOW)
    with pytest.raises(NotAllowed, match="administrators_by_command"):
        actions.reset_factors(account_id=audit.account_id, by=security, now=NOW)


def test_an_administrator_is_appointed_and_let_in_again_by_the_command(city: City) -> None:
    from io import StringIO

    from django.contrib.auth.hashers import check_password
    from django.core.management import CommandError, call_command

    said = StringIO()
    call_command("administrator", "appoint", "first.audit", "audit_admin", "--number", "030001", stdout=said)
    account = Account.objects.get(login="first.audit")
    assert [h.post for h in city.again(account.pk, clock.now()).holdings] == ["audit_admin"]
    assert check_password(said.getvalue().split()[1], account.password)
    call_command("administrator", "reset", "first.audit", stdout=StringIO())
    assert Account.objects.get(login="first.audit").password != account.password
    with pytest.raises(CommandError, match="taken"):
        call_command("administrator", "appoint", "first.audit", "security_admin")
