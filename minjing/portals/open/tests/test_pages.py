"""Bo has no account. He reads a guide, checks Lin's permit, and learns nothing of Lin."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger import queries as queries_of_ledger
from minjing.kernel.ledger.actions import drain
from minjing.kernel.ledger.providers.policy import policy
from minjing.kernel.ledger.rules.receipt import check_receipt, parse_receipt
from minjing.kernel.matters import figures, publishing, queries
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.test_figures import MONDAY, make_matter
from minjing.kernel.papers import actions as papers
from minjing.kernel.papers import queries as paper_queries
from minjing.kernel.papers import rules
from minjing.kernel.papers.tests import scan
from minjing.portals.open import rate

NAME = "林㛃夫"


@pytest.fixture
def english():
    client = Client()
    client.post("/language/", {"language": "en", "next": "/open/"})
    return client


@pytest.fixture
def permit(city):
    return issue()


def issue(now=None, days=40):
    now = now or clock.now()
    return papers.issue(
        kind="move_in_permit", title={"zh": "准予迁入证明", "en": "Permit to move in"}, matter_id=new_id(),
        matter_number="HZ04260000123", org_id=4, holder_person=world.LIN.person_id,
        facts=[({"zh": "姓名", "en": "Name"}, NAME)], valid_until=now + timedelta(days=days), unit_id=4,
        by=SYSTEM, now=now,
    )  # fmt: skip


def page(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status, address
    html = response.content.decode()
    # Nothing left over from a template, no style or script that the policy would block.
    assert "{%" not in html
    assert "{{" not in html
    assert not re.search(r"<[^>]+\sstyle=|<[^>]+\son[a-z]+=|<script>", html)
    return html


# ---- guide ----------------------------------------------------------------------------------------------


def test_the_guide_says_the_answer_first(client, city):
    html = page(client, "/open/services/HZ9901/")
    assert "可以网上办，约 10 分钟填完；要 1 份材料；由公安分局在 20 个工作日内决定；不收费。" in " ".join(
        html.split()
    )
    assert "「有无子女随迁」为是" in html
    assert "户口登记条例" in html
    assert "行政复议" in html
    assert "<svg" in html


def test_the_guide_in_english_is_english(english, city):
    html = page(english, "/open/services/HZ9901/")
    assert "You can do this online in about 10 minutes; you need 1 paper; decided by the district branch" in " ".join(
        html.split()
    )
    assert "“Children along?” is yes" in html


def test_a_service_in_person_says_what_to_bring_and_where(client, city):
    guide = {
        "summary": {"zh": "换领身份证。", "en": "Renew your identity card."},
        "who": {"zh": "本人。", "en": "Yourself."},
        "result": {"zh": "居民身份证", "en": "Identity card"},
        "bring": [{"zh": "旧身份证", "en": "the old card"}],
        "where": {"zh": "任一派出所", "en": "any police station"},
    }
    body = world.body(
        "counter", code="HZ9902", guide=guide, form=[], materials=[], grants=None, effect="", channel="appointment"
    )
    publishing.publish([world.BODY, body], by=world.PUBLISHER, now=world.MONDAY)
    queries.forget_kept()
    html = page(client, "/open/services/HZ9902/")
    assert "旧身份证" in html
    assert "任一派出所" in html
    assert "带 1 样东西" in html
    assert "不用交材料" not in html
    assert "开始办理" not in html


def test_where_the_city_has_originals_shown_the_guide_says_so_and_shows_the_station(client, city):
    assert "带原件" not in page(client, "/open/services/HZ9901/")
    publishing.publish([world.body(city={"originals_check": ["HZ9901"]})], by=world.PUBLISHER, now=world.MONDAY)
    queries.forget_kept()
    html = page(client, "/open/services/HZ9901/")
    assert "带原件到派出所核对一次" in html
    assert html.count("核验原件") >= 2  # in the line of stations and in the diagram


@pytest.mark.parametrize("asked", ["夫妻", "fuqi", "fqtk", "spouse", "hz9901"])
def test_services_are_found_by_many_words(client, city, asked):
    assert "夫妻投靠入户" in page(client, f"/open/services/?q={asked}")


def test_nothing_found_offers_other_words(client, city):
    html = page(client, "/open/services/?q=zzzz")
    assert "没有找到" in html
    assert "夫妻投靠入户" not in html


def test_what_is_typed_is_shown_as_text(client, city):
    html = page(client, "/open/services/?q=<script>alert(1)</script>")
    assert "<script>alert" not in html


def test_an_unknown_service_is_not_found(client, city):
    assert client.get("/open/services/HZ0000/").status_code == 404


def test_an_empty_catalogue_is_said(client, db):
    queries.forget_kept()
    assert "还没有发布任何服务" in page(client, "/open/services/")


# ---- checking papers ------------------------------------------------------------------------------------


def test_bo_scans_the_code_and_learns_only_what_the_paper_is(client, permit):
    html = page(client, f"/open/check/{permit.code}")
    for shown in ("有效", "准予迁入证明", permit.number, "单位4", rules.grouped(permit.code)):
        assert shown in html
    assert NAME not in html
    assert str(world.LIN.person_id) not in html
    assert str(permit.matter_id) not in html


def test_a_typed_code_leads_to_the_answer(client, permit):
    typed = rules.grouped(permit.code).lower()
    response = client.get("/open/check/", {"code": f" {typed} "}, follow=True)
    assert response.status_code == 200
    assert permit.number in response.content.decode()


def test_a_pasted_address_leads_to_the_answer(client, permit):
    response = client.get("/open/check/", {"code": f"http://localhost:8000/open/check/{permit.code}/"}, follow=True)
    assert permit.number in response.content.decode()


def test_a_malformed_code_is_explained(client, city):
    assert "核验码应有 32 位" in page(client, "/open/check/?code=abc", 400)


def test_a_revoked_paper_is_said_to_be_void_and_why(client, permit):
    papers.revoke(permit.id, reason="corrected", by=SYSTEM, now=clock.now())
    html = page(client, f"/open/check/{permit.code}")
    assert "已作废" in html
    assert "内容经批准更正" in html


def test_an_expired_paper_is_said_to_be_expired(client, city):
    old = issue(now=clock.now() - timedelta(days=50))
    assert "已过期" in page(client, f"/open/check/{old.code}")


def test_an_unknown_code_is_not_found_and_says_what_to_do(client, city):
    assert "查无此证" in page(client, f"/open/check/{rules.new_code(4)}", 404)
    html = page(client, "/open/check/hello-you", 404)
    assert "查无此证" in html
    assert "HELL-OYOU" in html
    assert "核验码有 32 位，这里是 8 位。" in html
    assert 'href="/open/check/?again=HELL-OYOU"' in html
    assert 'value="HELL-OYOU"' in page(client, "/open/check/?again=HELL-OYOU")
    whole = rules.new_code(4)
    html = page(client, f"/open/check/{whole}", 404)
    assert rules.grouped(whole) in html
    assert "位，这里是" not in html


def test_the_code_printed_on_the_signed_paper_leads_to_its_check(client, permit):
    (address,) = scan.codes(scan.drawn(paper_queries.pdf(permit.id)))
    assert address.startswith(settings.BASE_URL)
    assert "有效" in page(client, address.removeprefix(settings.BASE_URL))


def test_the_file_itself_is_recognised_and_a_changed_one_is_not(client, permit):
    pdf = paper_queries.pdf(permit.id)
    good = client.post("/open/check/", {"file": SimpleUploadedFile("p.pdf", pdf, "application/pdf")})
    assert permit.number in good.content.decode()
    assert "与签发时完全一致" in good.content.decode()
    changed = client.post("/open/check/", {"file": SimpleUploadedFile("p.pdf", pdf[:-1] + b"x", "application/pdf")})
    assert changed.status_code == 404
    assert "本市没有签发过这个文件" in changed.content.decode()
    assert "请持有人提供原始文件" in changed.content.decode()
    assert "再核对一遍核验码" not in changed.content.decode()


def test_what_is_no_pdf_or_too_large_or_missing_is_explained(client, city):
    exe = client.post("/open/check/", {"file": SimpleUploadedFile("p.pdf", b"MZ...", "application/pdf")})
    assert (exe.status_code, "不是 PDF" in exe.content.decode()) == (400, True)
    assert client.post("/open/check/").status_code == 400
    large = client.post("/open/check/", {"file": SimpleUploadedFile("p.pdf", b"%PDF" + b"0" * 2_000_001)})
    assert large.status_code == 413


def test_checking_too_often_is_slowed_down(client, permit, monkeypatch):
    monkeypatch.setattr(rate, "CHECKS", rate.Limit(2, timedelta(minutes=1)))
    address = f"/open/check/{permit.code}"
    assert [client.get(address).status_code for _ in range(3)] == [200, 200, 429]
    assert int(client.get(address)["Retry-After"]) > 0


def test_the_root_certificate_can_be_fetched(client, db):
    response = client.get("/open/papers/authority.pem")
    assert response.content.startswith(b"-----BEGIN CERTIFICATE-----")
    assert b"PRIVATE" not in response.content


# ---- figures, ledger, home ------------------------------------------------------------------------------


def test_the_home_page_has_doors_to_everything(client, city):
    html = page(client, "/open/")
    for name in ("open:services", "open:check", "open:figures", "open:ledger"):
        assert reverse(name) in html
    assert "夫妻投靠入户" in html


def test_figures_without_matters_say_so(client, city):
    assert "最近十二个月还没有办件" in page(client, "/open/figures/")


def test_the_raw_file_has_twelve_months(client, city):
    lines = client.get("/open/figures.csv").content.decode().splitlines()
    assert lines[0].startswith("month,received,decided,in_time_percent")
    assert len(lines) == 13


def test_the_figures_of_a_month_are_shown_and_small_ones_are_not(client, city):
    for number in range(6):
        make_matter(number, closed=MONDAY + timedelta(days=2), outcome="approved")
    with_ratings = page(client, "/open/figures/")
    assert "100%" in with_ratings
    assert ">少<" not in with_ratings
    figures.forget_kept()
    for number in range(6, 9):
        make_matter(number, submitted=MONDAY - timedelta(days=40))
    assert ">少<" in page(client, "/open/figures/")


def test_the_proof_of_an_entry_holds_and_a_strange_one_is_unknown(client, permit, transactional_db):
    address = reverse("open:ledger_entry", args=[permit.entry_id])
    assert "还在排队" in page(client, address)
    drain(clock.now())
    html = page(client, address)
    assert "这一条在账本里" in html
    assert "签发了一份证照" in html
    assert NAME not in html
    assert "账本里没有这一条" in page(client, reverse("open:ledger_entry", args=[new_id()]), 404)
    head = page(client, "/open/ledger/")
    assert client.get("/open/ledger/vkey").content.decode().strip() in head
    assert queries_of_ledger.checkpoints(1)[0].root.hex()[:16] + "…" in head
    assert client.get("/open/ledger/checkpoint").content.decode().splitlines()[1] in head


def test_the_code_on_a_printed_paper_leads_to_the_receipt_of_its_issue(client, permit, transactional_db):
    printed = f"/open/check/{permit.code}"
    assert ".tlog-proof" not in page(client, printed), "it is not in the ledger yet"
    drain(clock.now())
    address = reverse("open:entry_receipt", args=[permit.entry_id])
    assert address in page(client, printed)
    receipt = parse_receipt(client.get(address).content.decode())
    assert receipt.extra == queries_of_ledger.public_entry_of(permit.entry_id)
    check_receipt(receipt, receipt.extra, policy())
    assert NAME not in client.get(address).content.decode()
    assert client.get(reverse("open:entry_receipt", args=[new_id()])).status_code == 404


@pytest.mark.parametrize("name", ["home", "services", "check", "figures", "ledger"])
def test_no_chinese_is_left_in_the_english_frame_of_a_page(english, db, name):
    queries.forget_kept()
    html = page(english, reverse(f"open:{name}"))
    main = html[html.index("<main") : html.index("</main>")]
    assert not re.findall(r"[\u4e00-\u9fff]+", main)
