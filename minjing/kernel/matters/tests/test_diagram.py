"""The picture of a procedure: every state once, nothing on top of anything else, words inside their boxes."""

from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from minjing.kernel.matters import diagram
from minjing.kernel.matters.tests import world

FLOWS = ("reviewed", "instant", "counter")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_state_is_drawn_with_its_words_inside_its_box(flow, language):
    body = world.body(flow)
    picture = ET.fromstring(diagram.svg(body, language))  # noqa: S314 - our own drawing
    drawn = {text.text: text for text in picture.iter(f"{SVG}text")}
    for state in body.flow.states.values():
        words = state.title.zh if language == "zh" else state.title.en
        assert words in drawn
        ems = sum(1.0 if ord(c) > 0x2E80 else 0.56 for c in words)
        assert ems * float(drawn[words].get("font-size")) <= diagram.BOX_W - 17
    assert picture.find(f"{SVG}desc").text.startswith("1. ")


@pytest.mark.parametrize("flow", FLOWS)
def test_no_box_lies_on_another_and_all_lie_on_the_page(flow):
    body = world.body(flow)
    boxes = diagram.layout(body)
    assert set(boxes) == set(body.flow.states)
    for a, b in combinations(boxes.values(), 2):
        apart_x = a.x + diagram.BOX_W <= b.x or b.x + diagram.BOX_W <= a.x
        apart_y = a.y + a.height <= b.y or b.y + b.height <= a.y
        assert apart_x or apart_y, (a, b)
    picture = ET.fromstring(diagram.svg(body))  # noqa: S314 - our own drawing
    width, height = (int(picture.get(side)) for side in ("width", "height"))
    assert all(b.x + diagram.BOX_W < width and b.y + b.height < height for b in boxes.values())


def test_a_refusal_is_explained_by_the_decision_and_not_by_a_later_review():
    assert "维持原决定" not in diagram.svg(world.body("reviewed"))


def test_a_decision_that_is_kept_leads_back_to_every_decision_that_is_taken_up():
    found = diagram.arrows(world.body("reviewed"))
    ends = [b for a, b, titles in found if a == "reopening" and "维持原决定" in [t.zh for t in titles]]
    assert ends == ["refused", "not_accepted"]
