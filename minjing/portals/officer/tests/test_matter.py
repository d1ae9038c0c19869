"""A matter on the workbench: who sees what, what a step says before it is done, two at once, nothing lost."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.ledger.providers.promise import promise_verifier
from minjing.kernel.ledger.rules.promise import open_promise
from minjing.kernel.matters import actions, queries
from minjing.kernel.matters.models import Matter, MatterEvent
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, LIN, LUO, MA, ZHOU
from minjing.portals.officer.tests.conftest import AUDIT, SUPERVISOR, act, submitted, text, url

SPOUSE = ANSWERS["spouse_id"]
LOOKED = "identity:person:looked"


def take(browser: Client, matter, action: str, **typed):
    return browser.post(
        url(matter, f"steps/{action}/"),
        {"ver": typed.pop("ver", matter.ver), "request_id": typed.pop("request_id", new_id()), **typed},
    )


def looks() -> int:
    return Outbox.objects.filter(kind=LOOKED).count()


def test_before_the_claim_the_form_is_masked_and_the_papers_are_closed(bench):
    matter = submitted()
    page = text(bench(CHEN).get(url(matter)))
    assert SPOUSE not in page
    assert f"{SPOUSE[:4]}************{SPOUSE[-2:]}" in page
    assert "领办之后查看材料" in page
    paper = queries.materials(matter)[0]
    assert bench(CHEN).get(url(matter, f"sheets/{paper.id}/")).status_code == 403


def test_after_the_claim_everything_is_shown_and_each_look_is_in_the_ledger_first(bench):
    matter = act(submitted(), "claim", CHEN)
    before = looks()
    page = text(bench(CHEN).get(url(matter)))
    assert SPOUSE in page
    assert looks() > before
    paper = queries.materials(matter)[0]
    before = looks()
    sheet = bench(CHEN).get(url(matter, f"sheets/{paper.id}/"))
    assert (sheet.status_code, sheet["Content-Type"].split("/")[0]) == (200, "image")
    assert "no-store" in sheet["Cache-Control"]
    assert "sandbox" in sheet["Content-Security-Policy"]
    assert looks() == before + 1


def test_a_colleague_who_has_not_claimed_it_sees_it_masked(bench):
    matter = act(submitted(), "claim", CHEN)
    assert SPOUSE not in text(bench(ZHOU).get(url(matter)))


def test_in_full_without_a_claim_takes_a_reason_and_lasts_ten_minutes(bench):
    matter = submitted()
    browser = bench(CHEN)
    assert browser.post(url(matter, "reveal/"), {"reason": ""}).status_code == 403
    assert SPOUSE not in text(browser.get(url(matter)))
    browser.post(url(matter, "reveal/"), {"reason": "counter"})
    assert SPOUSE in text(browser.get(url(matter)))
    session = browser.session
    session["revealed"] = {
        str(matter.id): {"reason": "counter", "until": (clock.now() - timedelta(seconds=1)).isoformat()}
    }
    session.save()
    assert SPOUSE not in text(browser.get(url(matter)))


def test_another_unit_is_told_that_there_is_nothing(bench):
    matter = submitted()
    answer = bench(ELSEWHERE).get(url(matter))
    assert answer.status_code == 404
    assert "夫妻投靠" not in text(answer)
    assert take(bench(ELSEWHERE), matter, "claim").status_code == 404


def test_a_supervisor_sees_progress_but_no_personal_data(bench):
    matter = act(submitted(), "claim", CHEN)
    before = looks()
    page = text(bench(SUPERVISOR).get(url(matter)))
    assert "不看个人信息" in page
    assert SPOUSE[:4] + "***" not in page
    assert looks() == before
    paper = queries.materials(matter)[0]
    assert bench(SUPERVISOR).get(url(matter, f"sheets/{paper.id}/")).status_code == 403


def test_an_administrator_finds_no_matter_at_all(bench):
    assert bench(AUDIT).get(url(submitted())).status_code == 404


def test_the_wrong_post_is_told_which_post_it_takes_and_which_it_holds(bench):
    matter = act(act(submitted(), "claim", CHEN), "recommend", CHEN)
    answer = take(bench(ZHOU), matter, "approve")
    assert answer.status_code == 403
    assert "岗位branch_approver" in text(answer)
    assert "岗位station_clerk" in text(answer)


def test_claiming_shows_the_strong_step_and_shuts_the_others_out(bench):
    matter = submitted()
    done = take(bench(CHEN), matter, "claim")
    assert done.status_code == 302
    assert "提出同意意见" in text(bench(CHEN).get(url(matter)))
    late = take(bench(ZHOU), queries.matter(matter.number, ZHOU, clock.now()), "claim")
    assert late.status_code == 409
    assert CHEN.name in text(late)


def test_a_step_says_what_it_will_do_before_it_is_done(bench):
    matter = act(act(submitted(), "claim", CHEN), "recommend", CHEN)
    matter = act(matter, "claim", LUO)
    page = text(bench(LUO).get(url(matter) + "?step=approve"))
    assert "户籍登记随之变更" in page
    assert "签发电子证照《准予迁入证明》" in page
    assert "申请人收到" in page
    assert "户口登记条例" in page
    refusal = text(bench(LUO).get(url(matter) + "?step=refuse"))
    assert "行政复议" in refusal
    assert "不符合办理条件" in refusal
    assert Matter.objects.get(id=matter.id).ver == matter.ver


def test_a_decision_changes_the_state_and_shows_the_paper(bench):
    matter = act(act(act(submitted(), "claim", CHEN), "recommend", CHEN), "claim", LUO)
    assert take(bench(LUO), matter, "approve").status_code == 302
    from minjing.kernel.papers import queries as papers

    (paper,) = papers.of_matter(matter.id, now=clock.now())
    browser = bench(LUO)
    assert "签发的证照" in text(browser.get(url(matter)))
    assert browser.get(url(matter, f"papers/{paper.id}/")).status_code == 403
    browser.post(url(matter, "reveal/"), {"reason": "phone_enquiry"})
    pdf = browser.get(url(matter, f"papers/{paper.id}/"))
    assert pdf.content.startswith(b"%PDF")


def test_a_refusal_without_reason_keeps_what_was_typed(bench):
    matter = act(act(act(submitted(), "claim", CHEN), "recommend", CHEN), "claim", LUO)
    answer = take(bench(LUO), matter, "refuse", note="住址与登记不一致，已电话核对。")
    assert answer.status_code == 422
    assert "请从法定理由中选择一项" in text(answer)
    assert "住址与登记不一致，已电话核对。" in text(answer)


def test_asking_for_papers_pauses_the_clock(bench):
    matter = act(submitted(), "claim", CHEN)
    page = text(bench(CHEN).get(url(matter) + "?step=ask_supplement"))
    assert "时钟暂停" in page
    assert take(bench(CHEN), matter, "ask_supplement", note="请补全").status_code == 422
    done = take(bench(CHEN), matter, "ask_supplement", materials=["marriage_certificate"], note="请上传清晰照片")
    assert done.status_code == 302
    assert Matter.objects.get(id=matter.id).paused_since is not None
    assert "等待申请人补正" in text(bench(CHEN).get(url(matter)))


def test_a_stale_page_says_who_acted_and_keeps_what_was_typed(bench):
    matter = act(submitted(), "claim", CHEN)
    seen = matter
    act(matter, "ask_extension", CHEN, note="须外调", days=3)
    answer = take(bench(CHEN), seen, "ask_supplement", materials=["marriage_certificate"], note="请补结婚证正面")
    page = text(answer)
    assert answer.status_code == 409
    assert CHEN.name in page
    assert "申请延长期限" in page
    assert "请补结婚证正面" in page
    assert 'value="marriage_certificate" checked' in page
    assert Matter.objects.get(id=matter.id).paused_since is None
    # Sending it again from the page that came back goes through: it carries the new version.
    again = take(bench(CHEN), queries.matter(matter.number, CHEN, clock.now()), "ask_supplement",
                 materials=["marriage_certificate"], note="请补结婚证正面")  # fmt: skip
    assert again.status_code == 302


def test_the_page_offers_no_more_time_than_the_law_leaves(bench):
    matter = act(
        act(act(submitted(), "claim", CHEN), "ask_extension", CHEN, note="须外调", days=6), "grant_extension", LUO
    )
    panel = text(bench(CHEN).get(url(matter), {"step": "ask_extension"}))
    assert 'max="4"' in panel
    assert "最长 4 个工作日" in panel
    offered = {step.action: step.max_days for step in queries.steps(matter, CHEN, clock.now())}
    assert (offered["ask_extension"], offered["ask_supplement"]) == (4, 0)
    matter = act(act(matter, "ask_extension", CHEN, note="须外调", days=4), "grant_extension", LUO)
    assert "合计最多 10 个工作日" in text(bench(CHEN).get(url(matter)))


def test_sending_the_same_page_twice_does_it_once(bench):
    matter = submitted()
    request_id = new_id()
    assert take(bench(CHEN), matter, "claim", request_id=request_id).status_code == 302
    assert take(bench(CHEN), matter, "claim", request_id=request_id).status_code == 302
    assert MatterEvent.objects.filter(matter_id=matter.id, action="claim").count() == 1


def test_the_one_who_recommended_cannot_decide_even_as_a_deputy(bench):
    from minjing.kernel.identity.models import Appointment

    matter = act(act(submitted(), "claim", CHEN), "recommend", CHEN)
    Appointment.objects.create(
        account_id=CHEN.account_id,
        unit_id=4,
        post_id="branch_approver",
        since=clock.now() - timedelta(days=1),
        until=clock.now() + timedelta(days=1),
        deputy_for_id=LUO.account_id,
    )
    answer = take(bench(CHEN), matter, "claim")
    assert answer.status_code == 403
    assert "另一名民警" in text(answer)


def test_both_sides_see_another_open_matter_of_the_same_person(bench):
    first, second = submitted(), submitted()
    page = text(bench(CHEN).get(url(second)))
    assert "还有在办的办件" in page
    assert first.number in page


def test_a_correction_is_proposed_with_values_and_shown_to_the_approver(bench):
    matter = act(act(act(submitted(), "claim", CHEN), "recommend", CHEN), "claim", LUO)
    matter = act(matter, "approve", LUO)
    browser = bench(CHEN)
    assert "为什么要查看" in text(browser.get(url(matter) + "?step=ask_correction"))
    shown = browser.post(url(matter, "reveal/"), {"reason": "register_upkeep", "step": "ask_correction"})
    assert shown["Location"].endswith("?step=ask_correction")
    assert "c_married_on" in text(browser.get(url(matter) + "?step=ask_correction"))
    nothing = take(browser, matter, "ask_correction", note="日期有误", c_married_on="2019-05-20")
    assert nothing.status_code == 422
    done = take(browser, matter, "ask_correction", note="日期有误", c_married_on="2019-05-21")
    assert done.status_code == 302
    page = text(bench(LUO).get(url(matter)))
    assert "2019-05-21" in page
    assert "批准更正" in page


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_page_stands_in_both_languages(bench, language):
    from minjing.kernel.matters.tests.conftest import signed_in

    matter = act(submitted(), "claim", CHEN)
    page = text(signed_in(CHEN, language).get(url(matter)))
    assert ("What to do next" in page) is (language == "en")
    assert ("下一步" in page) is (language != "en")


def test_a_resident_is_not_let_in(bench):
    matter = submitted()
    from minjing.kernel.matters.tests.conftest import signed_in

    refused = signed_in(LIN).get(url(matter))
    assert refused.status_code == 403
    page = text(refused)
    assert "您现在以居民身份登录" in page
    assert "退出后以民警登录" in page
    assert 'href="/officer/ledger/"' not in page  # no links that would be refused in their turn
    nobody = Client(HTTP_HOST="localhost").get(url(matter))
    assert nobody.status_code == 302
    assert "/officer/sign-in/" in nobody["Location"]


def test_a_session_that_ends_in_the_middle_of_a_form_keeps_what_was_typed(bench):
    from minjing.kernel.identity.models import Session

    matter = act(submitted(), "claim", CHEN)
    browser = bench(CHEN)
    page = f"http://localhost{url(matter)}?step=refuse_to_accept"
    browser.get(page)
    Session.objects.all().delete()
    answer = browser.post(
        url(matter, "steps/refuse_to_accept/"),
        {"ver": matter.ver, "request_id": new_id(), "note": "材料复印件看不清。", "reason": "conditions"},
        HTTP_REFERER=page,
    )
    assert answer.status_code == 401
    assert "材料复印件看不清。" in text(answer)
    assert "step%3Drefuse_to_accept" in text(answer)
    assert Matter.objects.get(id=matter.id).ver == matter.ver


def test_the_address_of_a_step_opened_by_hand_leads_to_its_panel(bench):
    matter = act(submitted(), "claim", CHEN)
    answer = bench(CHEN).get(url(matter, "steps/recommend/"))
    assert answer["Location"] == f"{url(matter)}?step=recommend"
    assert bench(CHEN).get(url(matter) + "?step=approve").status_code == 200


def test_each_act_hands_out_the_ledgers_promise(bench):
    matter = submitted()
    assert take(bench(CHEN), matter, "claim").status_code == 302
    links = re.findall(r'href="([^"]+\.promise)"', text(bench(CHEN).get(url(matter))))
    assert len(links) == 2
    said = {open_promise(text(bench(CHEN).get(link)), [promise_verifier()]).leaves for link in links}
    assert len(said) == 2
    assert bench(CHEN).get(url(matter, f"promises/{new_id()}.promise")).status_code == 404
    assert bench(ELSEWHERE).get(links[0]).status_code == 404


def test_the_facts_of_all_papers_are_asked_for_once(bench):
    counted = []
    for number in (1, 4):
        papers = {"marriage_certificate": [scan(shade=100 + n) for n in range(number)]}
        matter = actions.submit_whole(
            "HZ9901", ANSWERS, by=LIN, now=clock.now(), request_id=new_id(), materials=papers
        )
        act(matter, "claim", CHEN)
        with CaptureQueriesContext(connection) as asked:
            page = text(bench(CHEN).get(url(matter)))
        assert page.count("sheets/") >= number
        counted.append(sum('FROM "files_file"' in one["sql"] for one in asked))
    assert counted[0] == counted[1] > 0


def test_an_approver_takes_a_paper_back_and_keeps_what_was_typed_until_it_is_complete(bench):
    from minjing.kernel.papers import queries as papers

    matter = act(act(act(submitted(), "claim", CHEN), "recommend", CHEN), "claim", LUO)
    matter = act(matter, "approve", LUO)
    (paper,) = papers.of_matter(matter.id, now=clock.now())
    back = url(matter, f"papers/{paper.id}/take-back/")
    assert back not in text(bench(LUO).get(url(matter)))
    assert bench(LUO).post(back, {"reason": "issued_in_error", "note": "x", "ver": matter.ver}).status_code == 403
    browser = bench(MA)
    assert back in text(browser.get(url(matter)))
    asked = {"note": "内容与审批不一致。", "ver": matter.ver, "request_id": new_id()}
    again = browser.post(back, asked)
    assert again.status_code == 422
    assert "请选择一项理由" in text(again)
    assert "内容与审批不一致。" in text(again)
    assert browser.post(back, {**asked, "reason": "issued_in_error"}).status_code == 302
    assert papers.check(paper.code, now=clock.now()).state == "revoked"
    page = text(browser.get(url(matter)))
    assert "撤销证照" in page
    assert page.count("签发有误") == 2, "beside the paper and in the history"
    assert back not in page
    stale = browser.post(back, {**asked, "reason": "issued_in_error", "request_id": new_id()})
    assert stale.status_code == 409
    own = text(bench(LIN).get(f"/matters/{matter.number}/"))
    assert "证照被作废" in own
    assert "签发有误" in own
