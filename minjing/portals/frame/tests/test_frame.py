"""The frame: words in both languages, dates and masks, the line of stations, switches, and a strict page."""

import errno
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError
from django.template import Context, Template, TemplateSyntaxError
from django.test import Client
from django.utils import translation

import minjing
from minjing.base.clock import CHINA
from minjing.kernel.matters import queries, rules
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import city  # noqa: F401 - a fixture
from minjing.portals.frame import views
from minjing.portals.frame.language import office, pick, t

ROOT = Path(minjing.__file__).parent
TEMPLATES = sorted(ROOT.glob("portals/*/templates/**/*.html")) + sorted(ROOT.glob("kernel/*/templates/**/*.html"))


def shown(source: str, language: str = "zh-hans", **context: object) -> str:
    with translation.override(language):
        return Template("{% load minjing %}" + source).render(Context(context))


def test_words_are_picked_by_language():
    assert shown("{% t '办件' 'Matter' %}") == "办件"
    assert shown("{% t '办件' 'Matter' %}", "en") == "Matter"
    with translation.override("en"):
        assert t("是", "Yes") == "Yes"
        assert pick({"zh": "是", "en": "Yes"}) == "Yes"
        assert pick(None) == ""


def test_words_can_be_kept_under_a_name_and_what_is_no_word_of_ours_is_escaped():
    assert shown("{% t '办件' 'Matter' as said %}[{{ said }}]", "en") == "[Matter]"
    assert shown("{% t zh en %}", zh="<b>", en="<i>") == "&lt;b&gt;"
    assert shown("{% t zh en as said %}{{ said }}", zh="<b>", en="<i>") == "&lt;b&gt;"
    assert shown("{% autoescape off %}{% t zh en %}{% endautoescape %}", zh="<b>", en="<i>") == "<b>"


@pytest.mark.parametrize("wrong", ["{% t '是' %}", "{% t '是' 'Yes' 'no' %}", "{% t '是' 'Yes' for said %}"])
def test_a_pair_that_is_none_breaks_the_page_when_it_is_read(wrong):
    with pytest.raises(TemplateSyntaxError):
        shown(wrong)


def test_the_services_are_offered_with_the_chosen_one_marked(city):  # noqa: F811
    services = queries.current()
    service = services[0].service
    options = shown("{% service_options services chosen %}", services=services, chosen=service.code)
    assert options.count("<option") == len(services) > 0
    assert f'<option value="{service.code}" selected>{service.title.zh}</option>' in options
    assert options.count("selected") == 1
    english = shown("{% service_options services '' %}", "en", services=services)
    assert f'<option value="{service.code}">{service.title.en}</option>' in english


@pytest.mark.parametrize(
    ("source", "language", "expected"),
    [
        ("{{ at|day }}", "zh-hans", "2026年11月24日"),
        ("{{ at|day }}", "en", "24 November 2026"),
        ("{{ at|moment }}", "zh-hans", "2026年11月24日 07:30"),
        ("{{ at|iso }}", "en", "2026-11-24"),
        ("{{ '2019-05-20'|day }}", "zh-hans", "2019年5月20日"),
        ("{{ 'tomorrow'|day }}", "zh-hans", ""),
        ("{{ 2000|fen }}", "zh-hans", "¥20.00"),
        ("{{ 0|fen }}", "en", "No fee"),
        ("{{ '林晓夫'|mask_name }}", "zh-hans", "林*夫"),
        ("{{ '440304199001010011'|mask_id }}", "zh-hans", "4403************11"),
    ],
)
def test_figures_are_written_as_people_write_them(source, language, expected):
    at = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # the next morning in China
    assert shown(source, language, at=at) == expected


@pytest.mark.django_db
def test_the_line_of_stations_says_in_words_what_it_draws(city):  # noqa: F811
    begun = rules.Happening(
        1,
        world.MONDAY,
        "submit",
        "",
        "submitted",
        "resident",
        world.LIN.account_id,
        "",
        27,
        {"after": {"unit_id": 27}},
    )
    line = rules.stations(world.BODY, world.submitted(), [begun])
    drawn = shown("{% stations line 'down' %}", line=line)
    assert 'aria-current="step"' in drawn
    assert "受理审查" in drawn
    assert "（正在办理）" in drawn
    assert "单位27" in drawn
    ahead = shown("{% stations line 'down' %}", "en", line=rules.stations(world.BODY, None))
    assert "(next)" in ahead


@pytest.mark.parametrize(
    ("received", "at", "said"),
    [
        ("2026-09-14 08:00", "2026-09-14 08:00", "还剩 20 个工作日"),  # before offices open, on day 0
        ("2026-09-14 10:00", "2026-09-14 10:00", "还剩 20 个工作日"),
        ("2026-09-14 10:00", "2026-09-14 17:59", "还剩 20 个工作日"),
        ("2026-09-13 22:00", "2026-09-13 22:00", "还剩 20 个工作日"),  # on a Sunday
        ("2026-09-14 10:00", "2026-09-15 09:00", "还剩 20 个工作日"),  # day 1 is beginning
        ("2026-09-14 10:00", "2026-09-15 09:01", "还剩 19 个工作日"),
        ("2026-09-14 10:00", "2026-10-15 09:00", "还剩 1 个工作日"),  # the last day: a week off, two made up
        ("2026-09-14 10:00", "2026-10-15 09:01", "还剩 6 小时"),
        ("2026-09-14 10:00", "2026-10-15 17:59", "还剩 不到 1 小时"),
        ("2026-09-14 10:00", "2026-10-15 18:30", "已超 不到 1 小时"),
        ("2026-09-14 10:00", "2026-10-16 18:00", "已超 1 个工作日"),
    ],
)
@pytest.mark.django_db
def test_the_clock_says_what_remains_and_never_more_than_the_limit(city, received, at, said):  # noqa: F811
    since, now = (datetime.fromisoformat(text).replace(tzinfo=CHINA) for text in (received, at))
    matter = rules.clocked(world.BODY, world.submitted().but(submitted_at=since), world.CALENDAR, since)
    matter = matter.but(procedure_id=queries.service("HZ9901")[0])
    chip = shown("{% clock matter at %}", matter=matter, at=now)
    assert said in chip
    assert "<svg" in chip
    assert ("已超期" in chip) == ("已超" in said)


@pytest.mark.django_db
def test_a_pause_on_the_first_morning_and_an_extension_count_by_what_was_given(city):  # noqa: F811
    early = datetime(2026, 9, 14, 8, 0, tzinfo=CHINA)
    given = rules.clocked(world.BODY, world.submitted().but(submitted_at=early), world.CALENDAR, early)
    given = given.but(procedure_id=queries.service("HZ9901")[0])
    moved = given.but(due_at=world.CALENDAR.from_work(world.CALENDAR.to_work(given.due_at) + world.CALENDAR.day_s))
    resumed = early + timedelta(days=1)
    assert "还剩 20 个工作日" in shown("{% clock matter at %}", matter=moved, at=resumed)
    assert "还剩 21 个工作日" in shown("{% clock matter at %}", matter=moved.but(extension_days=1), at=resumed)


def test_lights_have_shape_colour_and_word():
    drawn = {name: shown("{% light name %}", name=name) for name in ("green", "yellow", "red", "paused", "done")}
    assert len({re.sub(r".*<svg[^>]*>(.*)</svg>.*", r"\1", html) for html in drawn.values()}) == 5
    assert "已超期" in drawn["red"]


@pytest.mark.django_db
def test_the_language_is_kept_and_leads_back_to_our_own_pages_only(city):  # noqa: F811
    browser = Client()
    answer = browser.post("/language/", {"language": "en", "next": "/find/"})
    assert answer["Location"] == "/find/"
    assert "What would you like to do?" in browser.get("/").content.decode()
    assert browser.post("/language/", {"language": "en", "next": "https://evil.example/"})["Location"] == "/"
    assert browser.get("/language/").status_code == 405


@pytest.mark.django_db
def test_the_elder_mode_is_kept(city):  # noqa: F811
    browser = Client()
    browser.post("/elder/", {"elder": "1", "next": "/"})
    assert 'class="elder"' in browser.get("/").content.decode()


@pytest.mark.django_db
def test_pages_that_are_not_there_say_what_to_do(city):  # noqa: F811
    answer = Client().get("/nowhere/")
    assert answer.status_code == 404
    assert "回首页" in answer.content.decode()


@pytest.mark.parametrize(("handler", "status"), [(views.malformed, 400), (views.server_error, 500)])
@pytest.mark.parametrize(("language", "words"), [("zh-hans", "回首页"), ("en", "Home page")])
def test_trouble_is_told_in_the_readers_language_without_the_database(rf, handler, status, language, words):
    with translation.override(language):
        answer = handler(rf.get("/"))
    assert answer.status_code == status
    assert words in answer.content.decode()


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (OperationalError("could not extend file: No space left on device"), 503),
        (InterfaceError("the connection is closed"), 503),
        (OSError(errno.ENOSPC, "No space left on device"), 503),
        (OSError(errno.EACCES, "Permission denied"), 500),
        (IntegrityError("duplicate key"), 500),
        (ValueError("a fault of ours"), 500),
    ],
)
@pytest.mark.parametrize("path", ["/matters/", "/api/matters"])
def test_what_will_pass_is_said_to_pass(rf, trouble, status, path):
    try:
        raise trouble
    except Exception:
        answer = views.server_error(rf.get(path))
    assert answer.status_code == status
    assert (answer.headers.get("Retry-After") == "5") is (status == 503)
    assert (answer["Content-Type"] == "application/json") is path.startswith("/api/")


def test_a_fault_of_ours_is_told_to_a_program_in_both_languages_and_nothing_of_it(rf):
    try:
        raise ValueError("林小雨 19912345678")
    except ValueError:
        answer = views.server_error(rf.get("/api/matters"))
    said = json.loads(answer.content)
    assert said["key"] == "server_error"
    assert said["message"].keys() == {"zh", "en"}
    assert "19912345678" not in answer.content.decode()
    assert "林小雨" not in str(said)


@pytest.mark.django_db
def test_the_policy_allows_no_inline_code(city):  # noqa: F811
    policy = Client().get("/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("page", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT)))
def test_templates_carry_no_inline_code_and_no_style(page):
    source = page.read_text(encoding="utf-8")
    assert not re.search(r"<[a-z][^>]*\sstyle=", source)
    assert not re.search(r"<[a-z][^>]*\son[a-z]+=", source)
    assert not re.search(r"<style\b", source)
    assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script\b[^>]*>", source))


def test_vendored_files_are_what_the_manifest_says():
    folder = ROOT / "portals/frame/static/vendor"
    listed = json.loads((folder / "MANIFEST.json").read_text())
    assert {row["file"] for row in listed} == {p.name for p in folder.iterdir()} - {"MANIFEST.json"}
    for row in listed:
        assert hashlib.sha256((folder / row["file"]).read_bytes()).hexdigest() == row["sha256"]
        assert row["licence"]
        assert row["version"]


@pytest.mark.parametrize(
    ("unit", "post", "zh", "en"),
    [
        (
            {"zh": "深圳市公安局福田分局", "en": "Futian Branch"},
            {"zh": "分局户政审批民警", "en": "Branch approver"},
            "深圳市公安局福田分局户政审批民警",
            "Branch approver, Futian Branch",
        ),
        (
            {"zh": "福田派出所", "en": "Futian Police Station"},
            {"zh": "派出所所领导", "en": "Head of station"},
            "福田派出所所领导",
            "Head of station, Futian Police Station",
        ),
        (
            {"zh": "福田派出所", "en": "Futian Police Station"},
            {"zh": "户籍民警", "en": "Household officer"},
            "福田派出所户籍民警",
            "Household officer, Futian Police Station",
        ),
        (
            {"zh": "深圳市公安局", "en": "Shenzhen Public Security Bureau"},
            {"zh": "市局督察民警", "en": "Inspector"},
            "深圳市公安局督察民警",
            "Inspector, Shenzhen Public Security Bureau",
        ),
        (None, {"zh": "分局核查民警", "en": "Record checker"}, "分局核查民警", "Record checker"),
    ],
)
def test_a_post_and_its_unit_say_the_level_once(unit, post, zh, en):
    assert office(unit, post) == zh
    with translation.override("en"):
        assert office(unit, post) == en
