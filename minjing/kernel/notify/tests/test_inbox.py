"""The inbox in the app: one's own, newest first, read when one says so."""

from datetime import timedelta

from minjing.kernel.notify import actions, queries
from minjing.kernel.notify.tests.conftest import NOW


def tell(who, about, at=NOW):
    actions.announce([who.account_id], template="asked", text={"zh": about, "en": about}, about=about, now=at)


def test_the_newest_notice_comes_first_and_pages_follow_on(lin):
    for number in range(5):
        tell(lin, f"第{number}条")
    first = queries.inbox(lin.account_id, limit=3)
    rest = queries.inbox(lin.account_id, limit=3, before=first[-1].id)
    assert [n.text["zh"] for n in first + rest] == [f"第{n}条" for n in (4, 3, 2, 1, 0)]


def test_the_newest_is_the_last_by_its_time_not_by_its_writing(lin):
    for day, about in ((2, "前天"), (0, "今天"), (1, "昨天"), (3, "大前天")):
        tell(lin, about, NOW - timedelta(days=day))
    first = queries.inbox(lin.account_id, limit=2)
    rest = queries.inbox(lin.account_id, limit=3, before=first[-1].id)
    assert [n.text["zh"] for n in first] == ["今天", "昨天"]
    assert [n.text["zh"] for n in rest] == ["前天", "大前天"]


def test_reading_counts_down_only_ones_own(lin, chen):
    for about in ("a", "b", "c"):
        tell(lin, about)
    tell(chen, "d")
    (newest, *_) = queries.inbox(lin.account_id)
    assert actions.mark_read(chen.account_id, now=NOW, message_ids=[newest.id]) == 0
    assert actions.mark_read(lin.account_id, now=NOW, message_ids=[newest.id]) == 1
    assert (queries.unread_count(lin.account_id), queries.unread_count(chen.account_id)) == (2, 1)
    assert actions.mark_read(lin.account_id, now=NOW) == 2
    assert queries.unread_count(lin.account_id) == 0


def test_the_inbox_is_read_through_its_index(lin, django_assert_num_queries):
    tell(lin, "a")
    with django_assert_num_queries(1):
        queries.inbox(lin.account_id)
    with django_assert_num_queries(1):
        queries.unread_count(lin.account_id)


def test_marking_needs_a_sign_in_and_does_not_lead_elsewhere(lin, client, rf):
    assert client.post("/notices/read/").status_code == 401
    from minjing.kernel.notify.views import reading

    request = rf.post("/notices/read/", {"next": "https://evil.example/"})
    request.actor = lin
    assert reading.read(request).status_code == 200
    request = rf.post("/notices/read/", {"next": "/notices/", "id": ["no-uuid"]})
    request.actor = lin
    assert reading.read(request)["Location"] == "/notices/"
