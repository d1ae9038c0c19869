"""Applying: from the search box to the receipt, and everything that can go wrong on the way."""

import re
from dataclasses import replace
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.identity.models import Account, Session
from minjing.kernel.matters import plugs, publishing, queries
from minjing.kernel.matters.models import Draft, Material, Matter, Procedure
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.world import LIN, PUBLISHER
from minjing.portals.citizen.tests import walk
from minjing.portals.citizen.tests.conftest import photo, signed_in

pytestmark = pytest.mark.django_db


def text(answer) -> str:
    return str(answer.content.decode())


def test_the_home_page_works_signed_out(city):
    shown = text(Client().get("/"))
    assert "今天想办什么事" in shown
    assert "夫妻投靠入户" in shown
    assert "我正在办的" not in shown


@pytest.mark.parametrize("words", ["夫妻投靠", "fuqi", "fqtk", "join spouse", "HZ9901", "随迁"])
def test_a_service_is_found_in_every_way_people_type(city, words):
    assert "夫妻投靠入户" in text(Client().get("/find/", {"q": words}))


def test_htmx_gets_the_list_alone(city):
    found = text(Client().get("/find/", {"q": "fqtk"}, headers={"HX-Request": "true"}))
    assert "夫妻投靠入户" in found
    assert "<html" not in found


def test_who_is_not_signed_in_comes_back_to_the_service(city):
    answer = Client().get("/apply/HZ9901/")
    assert answer["Location"] == "/sign-in/?next=%2Fapply%2FHZ9901%2F"


def test_who_has_not_said_who_they_are_is_asked_first(city):
    Account.objects.filter(pk=LIN.account_id).update(level=1)
    answer = signed_in(LIN).post("/apply/HZ9901/")
    assert answer["Location"] == "/sign-in/who/?next=%2Fapply%2FHZ9901%2F"


def test_an_application_goes_through_without_javascript(lin):
    number = walk.submit(lin)
    done = text(lin.get(f"/matters/{number}/done/"))
    assert number in done
    assert "最迟" in done
    assert "受理回执" in done
    assert "账本承诺" in done
    assert ".promise" in done
    matter = Matter.objects.get(number=number)
    assert (matter.state, matter.station_id) == ("submitted", 27)
    answers = queries.opened(queries.snapshot(matter))
    assert answers["married_on"] == "2019-05-20"
    assert answers["has_children"] is False


def test_wrong_answers_are_marked_at_the_field_and_on_top_and_nothing_typed_is_lost(lin):
    draft = walk.begin(lin)
    answer = walk.post(
        lin, draft, "spouse", **{"spouse_id": "440304199203040025", "married_on-m": "2", "married_on-d": "30"}
    )
    assert answer.status_code == 422
    shown = text(answer)
    assert 'href="#q-spouse_id"' in shown
    assert 'href="#q-married_on-y"' in shown
    assert "身份证号码校验不通过" in shown
    assert "日期不存在" in shown
    assert 'value="440304199203040025"' in shown
    assert 'value="30"' in shown
    assert 'aria-invalid="true"' in shown


@pytest.mark.parametrize("year", ["", "二〇一九", "99999999", "-1"])
def test_an_impossible_date_is_answered_in_words(lin, year):
    draft = walk.begin(lin)
    answer = walk.post(lin, draft, "spouse", **{"married_on-y": year})
    assert answer.status_code == 422
    assert "日期不存在" in text(answer)


def test_right_answers_beside_wrong_ones_are_kept(lin):
    draft = walk.begin(lin)
    walk.post(lin, draft, "spouse", **{"married_on-m": "13"})
    assert queries.draft_answers(Draft.objects.get(id=draft.id))["spouse_id"] == walk.SPOUSE["spouse_id"]


def test_an_answer_that_calls_for_more_questions_asks_them_and_marks_nothing_as_wrong(lin):
    draft = walk.begin(lin)
    answer = walk.post(lin, draft, "spouse", has_children="yes")
    assert answer.status_code == 200
    shown = text(answer)
    assert 'name="children-name"' in shown
    assert "还要填写下面几项" in shown
    assert 'class="error"' not in shown


def test_htmx_gets_the_questions_that_an_answer_calls_for(lin):
    draft = walk.begin(lin)
    answer = lin.post(
        f"/drafts/{draft.id}/spouse/", {**walk.SPOUSE, "has_children": "yes"}, headers={"HX-Request": "true"}
    )
    assert 'name="children-name"' in text(answer)
    assert "<html" not in text(answer)
    assert queries.draft_answers(Draft.objects.get(id=draft.id)) == {}  # looked at, not saved


def test_people_are_added_and_removed_without_javascript(lin):
    draft = walk.begin(lin)
    rows = {
        "children-name": ["林小满", "林小雪"],
        "children-id_number": ["1", "2"],
        "children-relation": ["child", "child"],
    }
    page = f"/drafts/{draft.id}/spouse/"
    more = text(lin.post(page, {**walk.SPOUSE, "has_children": "yes", **rows, "children-add": "1"}))
    assert more.count('name="children-name"') == 3
    less = text(lin.post(page, {**walk.SPOUSE, "has_children": "yes", **rows, "children-remove": "0"}))
    assert "林小满" not in less
    assert "林小雪" in less


def test_known_answers_are_shown_as_facts(city, monkeypatch):
    form = world.service().model_dump(mode="json")["form"]
    form[0]["fields"][0]["prefill"] = "test.spouse_id"
    monkeypatch.setitem(plugs.PREFILLS, "test", lambda person_id, path, at: walk.SPOUSE["spouse_id"])
    publishing.publish([world.body(form=form)], by=PUBLISHER, now=now())
    queries.forget_kept()
    lin = signed_in(LIN)
    draft = walk.begin(lin)
    shown = text(lin.get(f"/drafts/{draft.id}/spouse/"))
    assert "不对？" in shown
    assert f'value="{walk.SPOUSE["spouse_id"]}"' in shown


MOVER = {
    "page": "mover",
    "title": {"zh": "谁要迁入", "en": "Who moves"},
    "fields": [
        {
            "name": "applying_as",
            "type": "choice",
            "label": {"zh": "您是哪一方", "en": "Which of the two are you"},
            "options": [
                {"value": "mover", "zh": "迁入", "en": "Mover"},
                {"value": "local", "zh": "本地", "en": "Local"},
            ],
        },
        {
            "name": "mover_id",
            "type": "resident_id",
            "label": {"zh": "迁入人号码", "en": "ID number of the mover"},
            "show": {"applying_as": ["mover", "local"]},
            "prefill": [
                {"of": "test.own", "when": {"applying_as": "mover"}},
                {"of": "test.spouse", "when": {"applying_as": "local"}},
            ],
        },
    ],
}
OWN, SPOUSE = "440304199001010011", walk.SPOUSE["spouse_id"]


@pytest.fixture
def who_moves(city, monkeypatch):
    """Lin's draft of a form that asks first who moves."""
    known = {"own": OWN, "spouse": SPOUSE}
    monkeypatch.setitem(plugs.PREFILLS, "test", lambda person_id, path, at: known[path])
    form = [MOVER, *world.service().model_dump(mode="json")["form"]]
    publishing.publish([world.body(form=form)], by=PUBLISHER, now=now())
    queries.forget_kept()
    browser = signed_in(LIN)
    return browser, f"/drafts/{walk.begin(browser).id}/mover/"


def asked_again(answer) -> bool:
    return answer.status_code == 200


@pytest.mark.parametrize(("side", "known"), [("mover", OWN), ("local", SPOUSE)])
def test_what_is_known_follows_from_who_moves(who_moves, side, known):
    lin, page = who_moves
    first = text(lin.get(page))
    assert OWN not in first
    assert SPOUSE not in first
    answer = lin.post(page, {"applying_as": side, "asked": ["applying_as"], "go": "1"})
    assert asked_again(answer)
    assert re.findall(r"[0-9]{17}[0-9X]", text(answer).replace(" ", "")).count(known) >= 1
    assert ({OWN, SPOUSE} - {known}).pop() not in text(answer)


def test_who_changes_their_mind_is_shown_the_other_number_before_it_is_saved(who_moves):
    lin, page = who_moves
    told = {"applying_as": "local", "mover_id": OWN, "asked": ["applying_as", "mover_id"], "go": "1"}
    answer = lin.post(page, told)
    assert asked_again(answer)
    assert SPOUSE in text(answer)
    assert OWN not in text(answer)
    assert lin.post(page, {**told, "mover_id": SPOUSE}).status_code == 302
    htmx = lin.post(page, told, headers={"HX-Request": "true"})
    assert SPOUSE in text(htmx)


def test_what_was_left_empty_is_filled_in_when_another_answer_makes_it_known(who_moves):
    lin, page = who_moves
    told = {"applying_as": "mover", "mover_id": "", "asked": ["applying_as", "mover_id"]}
    assert OWN in text(lin.post(page, told, headers={"HX-Request": "true"}))


def test_what_somebody_typed_themselves_is_never_replaced(who_moves):
    lin, page = who_moves
    typed = "440304199203040040"
    told = {"applying_as": "local", "mover_id": typed, "asked": ["applying_as", "mover_id"]}
    assert typed in text(lin.post(page, told, headers={"HX-Request": "true"}))


def test_an_application_goes_on_on_another_device(lin):
    draft = walk.begin(lin)
    walk.post(lin, draft, "spouse")
    phone = signed_in(LIN)
    assert phone.get(f"/drafts/{draft.id}/")["Location"] == f"/drafts/{draft.id}/office/"
    assert "继续填写" in text(phone.get("/apply/HZ9901/"))
    assert phone.post("/apply/HZ9901/")["Location"] == f"/drafts/{draft.id}/"


def test_a_page_sent_after_the_session_has_ended_is_kept_until_its_writer_is_back(lin):
    draft = walk.begin(lin)
    Session.objects.all().delete()
    page = f"/drafts/{draft.id}/spouse/"
    answer = lin.post(page, walk.SPOUSE)
    assert answer["Location"].startswith("/sign-in/?next=%2Fdrafts%2F")
    assert "您填写的内容都在" in text(lin.get(answer["Location"]))
    shown = text(signed_in(LIN).get(page))
    assert "登录中断前您填写的内容都在" in shown
    assert f'value="{walk.SPOUSE["spouse_id"]}"' in shown
    assert 'value="2019"' in shown


def test_other_acts_after_the_session_has_ended_say_that_nothing_was_done(lin):
    draft = walk.begin(lin)
    Session.objects.all().delete()
    answer = lin.post(f"/drafts/{draft.id}/materials/", {"go": "1"}, follow=True)
    assert "刚才的操作没有执行" in text(answer)


@pytest.mark.parametrize(
    ("referer", "goal"),
    [
        ("http://testserver/matters/SZ-1/?from=list", "%2Fmatters%2FSZ-1%2F%3Ffrom%3Dlist"),
        ("https://evil.example/matters/", "%2Fmatters%2FSZ-1%2F"),  # another house's page is no goal of ours
        ("", "%2Fmatters%2FSZ-1%2F"),
    ],
)
def test_who_signs_in_again_lands_on_the_page_the_form_was_sent_from(lin, referer, goal):
    Session.objects.all().delete()
    answer = lin.post("/matters/SZ-1/rate/", {"stars": "5"}, HTTP_REFERER=referer)
    assert answer["Location"] == f"/sign-in/?next={goal}"


def test_above_a_form_stands_a_page_that_there_is(lin):
    Session.objects.all().delete()
    answer = lin.post(f"/visits/waits/{new_id()}/leave/")
    assert answer["Location"] == "/sign-in/?next=%2Fvisits%2F"  # not /visits/waits/…/, which is none


def test_who_opens_an_address_that_takes_forms_alone_is_told_so_on_a_page(lin):
    answer = lin.get("/matters/SZ-1/rate/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "请回到原来的页面，重新填写并提交" in text(answer)


def test_an_account_that_wants_large_type_gets_it(lin):
    Account.objects.filter(pk=LIN.account_id).update(elder_mode=True)
    elder = signed_in(LIN)
    assert 'class="elder"' in text(elder.get("/"))
    elder.post("/elder/", {"elder": "0", "next": "/"})
    assert 'class="elder"' not in text(elder.get("/"))
    assert 'class="elder"' not in text(signed_in(LIN).get("/"))  # nor on another device


def test_large_type_chosen_on_one_device_is_there_on_another_with_fewer_choices(lin):
    more = [world.body(code=f"HZ990{n}") for n in range(2, 9)]
    publishing.publish(more, by=world.PUBLISHER, now=world.MONDAY)
    queries.forget_kept()
    assert text(lin.get("/")).count("/open/services/HZ") == 6
    lin.post("/elder/", {"elder": "1", "next": "/"})
    other = text(signed_in(LIN).get("/"))
    assert 'class="elder"' in other
    assert other.count("/open/services/HZ") == 4


def test_the_language_chosen_is_that_of_messages_too(lin):
    lin.post("/language/", {"language": "en", "next": "/"})
    assert Account.objects.get(pk=LIN.account_id).language == "en"


def test_what_was_kept_is_shown_to_nobody_else(lin, stranger):
    draft = walk.begin(lin)
    Session.objects.filter(account_id=LIN.account_id).delete()
    lin.post(f"/drafts/{draft.id}/spouse/", walk.SPOUSE)
    answer = stranger.get(f"/drafts/{draft.id}/spouse/")
    assert answer.status_code == 404
    assert walk.SPOUSE["spouse_id"] not in text(answer)


def test_a_page_under_an_old_token_comes_back_as_it_was_typed(city):
    lin = signed_in(LIN)
    draft = walk.begin(lin)
    strict = signed_in(LIN, enforce_csrf_checks=True)
    answer = strict.post(f"/drafts/{draft.id}/spouse/", walk.SPOUSE)
    assert answer.status_code == 403
    assert "请再按一次" in text(answer)
    assert f'value="{walk.SPOUSE["spouse_id"]}"' in text(answer)
    assert queries.draft_answers(Draft.objects.get(id=draft.id)) == {}


def test_other_forms_under_an_old_token_say_that_nothing_was_sent(city):
    answer = signed_in(LIN, enforce_csrf_checks=True).post("/apply/HZ9901/")
    assert answer.status_code == 403
    assert "刚才没有提交" in text(answer)


def test_an_open_draft_goes_on_under_its_own_rules_when_the_service_changes(lin):
    draft = walk.fill(lin)
    publishing.publish([world.body(title={"zh": "夫妻团聚", "en": "Reunion"})], by=PUBLISHER, now=now())
    queries.forget_kept()
    shown = text(lin.get(f"/drafts/{draft.id}/check/"))
    assert "更新过" in shown
    done = lin.post(
        f"/drafts/{draft.id}/check/", {"request_id": walk.request_id(lin, draft), "declare": "yes"}, follow=True
    )
    assert "夫妻投靠入户" in text(done)


def test_a_draft_of_a_service_that_is_no_longer_offered_can_still_be_submitted(lin):
    draft = walk.fill(lin)
    Procedure.objects.update(valid_to=now())
    queries.forget_kept()
    assert "继续填写" in text(lin.get("/apply/HZ9901/"))
    sent = {"request_id": walk.request_id(lin, draft), "declare": "yes"}
    assert lin.post(f"/drafts/{draft.id}/check/", sent).status_code == 302
    assert Matter.objects.count() == 1
    assert lin.get("/apply/HZ9901/").status_code == 404  # and nobody can begin another


def test_submitting_twice_makes_one_matter(lin):
    draft = walk.fill(lin)
    sent = {"request_id": walk.request_id(lin, draft), "declare": "yes"}
    check = f"/drafts/{draft.id}/check/"
    first, second = lin.post(check, sent), lin.post(check, sent)
    assert first["Location"] == second["Location"]
    assert Matter.objects.count() == 1
    # The pages of a draft that has become a matter lead to the matter.
    assert lin.get(f"/drafts/{draft.id}/spouse/")["Location"] == first["Location"]


def test_the_truth_must_be_declared(lin):
    draft = walk.fill(lin)
    answer = lin.post(f"/drafts/{draft.id}/check/", {"request_id": walk.request_id(lin, draft)})
    assert answer.status_code == 422
    assert "请确认所填内容真实" in text(answer)
    assert not Matter.objects.exists()


def missing_links(answer) -> list[str]:
    """Return where the list on top of the check page leads."""
    listed = re.search(r'<div class="errors".*?</div>', text(answer), re.DOTALL)
    return re.findall(r'href="([^"]+)"', listed[0]) if listed else []


def test_the_check_page_names_all_that_is_missing_at_once_each_with_its_link(lin):
    draft = walk.begin(lin)
    walk.post(lin, draft, "spouse")
    here = f"/drafts/{draft.id}"
    to_do = [
        f"{here}/office/?then=check#q-office",
        f"{here}/delivery/?then=check#q-delivery",
        f"{here}/materials/#q-marriage_certificate",
    ]
    shown = lin.get(f"{here}/check/")
    assert (shown.status_code, sorted(missing_links(shown))) == (200, sorted(to_do))
    answer = lin.post(f"{here}/check/", {"request_id": walk.request_id(lin, draft)})
    assert (answer.status_code, sorted(missing_links(answer))) == (422, sorted([*to_do, "#declare"]))
    sent = {"request_id": walk.request_id(lin, draft), "declare": "yes"}
    assert sorted(missing_links(lin.post(f"{here}/check/", sent))) == sorted(to_do)
    assert not Matter.objects.exists()


def test_the_check_page_of_a_whole_application_says_nothing_is_missing(lin):
    draft = walk.fill(lin)
    shown = lin.get(f"/drafts/{draft.id}/check/")
    assert missing_links(shown) == []
    assert "还差几处" not in text(shown)


def test_a_change_from_the_check_page_leads_back_to_it(lin):
    draft = walk.fill(lin)
    answer = walk.post(lin, draft, "delivery", then="check")
    assert answer["Location"] == f"/drafts/{draft.id}/check/"


def test_a_second_application_for_the_same_person_is_pointed_out(lin, stranger):
    number = walk.submit(lin)
    assert number in text(lin.get("/apply/HZ9901/"))
    assert lin.post("/apply/HZ9901/").status_code == 200  # asks once more
    assert lin.post("/apply/HZ9901/", {"anyway": "1"}).status_code == 302


def test_a_program_named_pdf_is_refused_with_a_sentence_and_the_others_stay(lin):
    draft = walk.begin(lin)
    program = SimpleUploadedFile("marriage.pdf", b"MZ" + b"\0" * 400, "application/pdf")
    answer = lin.post(f"/drafts/{draft.id}/materials/", {"marriage_certificate": [photo(), program]})
    assert answer.status_code == 422
    assert "可执行程序" in text(answer)
    assert Material.objects.filter(draft_id=draft.id).count() == 1


def test_somebody_elses_file_cannot_be_attached(lin, stranger):
    theirs = walk.begin(stranger)
    stranger.post(f"/drafts/{theirs.id}/materials/", {"marriage_certificate": photo()})
    file_id = Material.objects.get(draft_id=theirs.id).file_id
    mine = walk.begin(lin)
    lin.post(f"/drafts/{mine.id}/materials/", {"marriage_certificate_id": str(file_id)})
    assert not Material.objects.filter(draft_id=mine.id).exists()


def test_a_file_can_be_taken_off_again(lin):
    draft = walk.begin(lin)
    materials = f"/drafts/{draft.id}/materials/"
    lin.post(materials, {"marriage_certificate": photo()})
    lin.post(materials, {"remove": str(Material.objects.get(draft_id=draft.id).id)})
    assert not Material.objects.filter(draft_id=draft.id).exists()
    answer = lin.post(materials, {"go": "1"})
    assert answer.status_code == 422
    assert "请上传结婚证" in text(answer)


@pytest.mark.parametrize("path", ["", "spouse/", "materials/", "check/", "discard/"])
def test_somebody_elses_draft_is_not_there(lin, stranger, path):
    draft = walk.begin(lin)
    assert stranger.get(f"/drafts/{draft.id}/{path}").status_code == 404


def test_a_draft_is_deleted_after_one_question(lin):
    draft = walk.begin(lin)
    assert "不能恢复" in text(lin.get(f"/drafts/{draft.id}/discard/"))
    lin.post(f"/drafts/{draft.id}/discard/")
    assert not Draft.objects.exists()


def test_malformed_requests_get_a_sentence_and_the_log_says_where(lin, caplog):
    draft = walk.fill(lin)
    answer = lin.post(f"/drafts/{draft.id}/check/", {"request_id": "none", "declare": "yes"})
    assert answer.status_code == 400
    assert "请求不完整" in text(answer)
    (said,) = [record for record in caplog.records if record.name == "minjing.portals.citizen.access"]
    assert said.getMessage() == "check took a request for malformed"
    assert said.exc_info[0] is ValueError
    assert lin.get("/apply/HZ0000/").status_code == 404


def test_officers_are_told_to_change_doors(city):
    answer = signed_in(replace(world.CHEN)).get("/matters/")
    assert answer.status_code == 403
    assert "民警身份" in text(answer)


def test_pages_of_a_person_are_kept_in_no_cache(lin):
    draft = walk.begin(lin)
    assert "no-store" in lin.get(f"/drafts/{draft.id}/spouse/")["Cache-Control"]


def test_the_same_pages_speak_english(lin):
    lin.cookies["django_language"] = "en"
    draft = walk.begin(lin)
    shown = text(lin.get(f"/drafts/{draft.id}/spouse/"))
    assert "step 1 of 5" in shown
    assert "Save and continue" in shown
    assert isinstance(draft.id, UUID)
