"""Finding an article: in Chinese, by sound, by initials, in English, with common words left out."""

import time

import pytest

from minjing.modules.help_desk import finding, rules
from minjing.modules.help_desk.finding import Text

INDEX = finding.build(
    [
        Text(
            "code",
            ("收不到验证码怎么办", "No code arrives"),
            ("短信",),
            ("看手机信号，一分钟后再试。", "The signal."),
        ),
        Text("photo", ("照片上传不了怎么办", "A photo does not upload"), (), ("照片要小于 10 MB。", "Up to 10 MB.")),
        Text(
            "refund", ("缴费以后怎么退款", "Getting a refund"), ("退钱",), ("原路退回。", "Back where it came from.")
        ),
        Text("passport", ("护照到期怎么换", "Renewing a passport"), (), ("网上申请。", "Apply online.")),
    ]
)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("我一直收不到验证码，请问怎么办", "code"),
        ("短信收不到", "code"),
        ("照片传不上去，上传失败", "photo"),
        ("怎么退钱", "refund"),
        ("shoubudaoyanzhengma", "code"),
        ("zpsc", "photo"),
        ("how do I renew my passport", "passport"),
        ("photos upload", "photo"),
        ("passp", "passport"),
    ],
)
def test_it_is_found_however_it_is_said(words: str, first: str):
    assert INDEX.find(words)[0] == first


@pytest.mark.parametrize("words", ["", "怎么办", "如何可以", "how do I", "今天天气真好", "xyzzy"])
def test_what_says_nothing_or_something_else_finds_nothing(words: str):
    assert INDEX.find(words) == []


def test_a_thousand_articles_are_searched_in_milliseconds():
    index = finding.build(
        Text(str(n), (f"第 {n} 个问题关于照片上传", f"Question {n} about photos"), (), ("照片要清楚完整。" * 20,))
        for n in range(1000)
    )
    began = time.perf_counter()
    assert len(index.find("照片上传不了", 5)) == 5
    assert time.perf_counter() - began < 0.25


@pytest.mark.parametrize(
    ("route", "kept"),
    [
        ("matters/<str:number>/", True), ("open/services/<str:code>/", True), ("", True),
        ("matters/HZ04260000001/", False), ("me/?name=x", False), ("<script>alert(1)</script>", False),
    ],
)  # fmt: skip
def test_only_the_pattern_of_an_address_is_kept(route: str, kept: bool):
    assert (rules.route_of(route) == route) is kept
