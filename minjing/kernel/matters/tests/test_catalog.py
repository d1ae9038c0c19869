"""The catalogue: a wrong file is refused with path, line and reason; what cannot work is not published."""

from xml.etree import ElementTree as ET

import pytest
import yaml

from minjing.kernel.matters import catalog, diagram, plugs, rules
from minjing.kernel.matters.schema import Body
from minjing.kernel.matters.tests import world


@pytest.fixture
def folder(tmp_path):
    """Return a writer of service files."""

    def write(change=lambda text: text, **changes):
        data = world.service(**changes).model_dump(mode="json", exclude_defaults=True)
        text = change(yaml.safe_dump(data, allow_unicode=True, sort_keys=False))
        (tmp_path / "HZ9901.yaml").write_text(text, encoding="utf-8")
        return [tmp_path]

    return write


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.replace("code: HZ9901", "code: X"), "code: String should match pattern"),
        (lambda t: t.replace("decides: branch", "decides: nobody"), "decides: Input should be"),
        (lambda t: t.replace("flow: reviewed", "flow: unheard_of"), "no flow is called 'unheard_of'"),
        (lambda t: t + "colour: blue\n", "colour: Extra inputs are not permitted"),
        (lambda t: t.replace("title:", "title: ]", 1), ""),
        (lambda t: "- a list", "the file must be a mapping"),
    ],
)
def test_a_wrong_file_is_refused_with_path_line_and_reason(folder, change, reason):
    with pytest.raises(catalog.WrongFile) as raised:
        catalog.load(folder(change))
    assert "HZ9901.yaml:" in str(raised.value)
    assert reason in str(raised.value)
    assert raised.value.line >= 1


def test_the_line_is_that_of_the_fault(folder):
    place = folder(lambda t: t.replace("type: date", "type: dte"))
    with pytest.raises(catalog.WrongFile) as raised:
        catalog.load(place)
    lines = (place[0] / "HZ9901.yaml").read_text(encoding="utf-8").splitlines()
    assert "dte" in lines[raised.value.line - 1]


RULE = "rule:\n      before: tomorrow"


def with_rule(rule):
    return lambda text: text.replace(RULE, f"rule: {rule}")


def on_the_first_field(line):
    return lambda text: text.replace("- name: spouse_id\n", f"- name: spouse_id\n    {line}\n")


def on_the_first_paper(line):
    return lambda text: text.replace("- name: marriage_certificate\n", f"- name: marriage_certificate\n  {line}\n")


@pytest.mark.parametrize(
    ("change", "reason", "line"),
    [
        (with_rule("{befor: today}"), "rule.befor: Extra inputs are not permitted", "befor"),
        (with_rule("{before: tomorow}"), "'tomorow' names no day", "tomorow"),
        (with_rule("{after: today+99999999d}"), "'today+99999999d' names no day", "99999999"),
        (with_rule("{pattern: x}"), "rule.pattern: Extra inputs are not permitted", "pattern"),
        (with_rule("{max: 3}"), "rule.max: max cannot be asked of a field of the type date", "max: 3"),
        (with_rule("{not_same_as: ghost}"), "there is no field 'ghost'", "ghost"),
        (on_the_first_field("rule: {max_length: 9}"), "cannot be asked of a field of the type resident_id", "max_l"),
        (on_the_first_field("prefill: register.adress"), "nobody answers the prefill 'register.adress'", "adress"),
        (on_the_first_field("prefill: nobody.knows"), "nobody answers the prefill 'nobody.knows'", "nobody"),
        (on_the_first_field("prefill: [{of: register.adress}]"), "fields.0.prefill.0.of: nobody answers", "adress"),
        (on_the_first_paper("held_by: houshold"), "nobody is called 'houshold'", "houshold"),
        (lambda t: t.replace("valid: 40d", "valid: 40 days"), "grants.valid: String should match", "40 days"),
        (lambda t: t.replace("move_in_permit", "househld_book"), "no paper is of the kind", "househld"),
        (lambda t: t + "seen_by: [nobody_at_all]\n", "no city post is called 'nobody_at_all'", "nobody_at_all"),
        (lambda t: t + "about: married_on\n", "'married_on' is no number of a person", "about"),
        (lambda t: t + "refusals: [no_such_reason]\n", "refusals: Extra inputs are not permitted", "refusals"),
    ],
)
def test_a_name_that_nobody_knows_is_found_with_its_line(folder, change, reason, line):
    place = folder(change)
    with pytest.raises(catalog.WrongFile) as raised:
        catalog.load(place, posts={"station_clerk"})
    assert reason in raised.value.reason
    assert line in (place[0] / "HZ9901.yaml").read_text(encoding="utf-8").splitlines()[raised.value.line - 1]


def test_what_was_published_with_a_list_that_no_file_names_any_more_keeps_its_fingerprint():
    before = world.BODY.model_dump(mode="json")
    assert before["service"]["refusals"] == []
    assert catalog.fingerprint(Body.model_validate(before)) == catalog.fingerprint(world.BODY)


def problems(body: Body, posts=None) -> str:
    plugs.EFFECTS.setdefault("test.effect", lambda **_: None)
    try:
        return "\n".join(catalog.lint([body], posts))
    finally:
        plugs.EFFECTS.pop("test.effect", None)


def state(**changes):
    """Return the body with changes to single states."""
    states = {**world.BODY.flow.states}
    for name, update in changes.items():
        states[name] = states[name].model_copy(update=update)
    return world.BODY.model_copy(update={"flow": world.BODY.flow.model_copy(update={"states": states})})


FLOWS = [("reviewed", "branch"), ("reviewed", "bureau"), ("counter", "station"), ("instant", "station")]


@pytest.mark.parametrize(("name", "decides"), FLOWS)
def test_the_house_flows_are_clean(name, decides):
    assert problems(world.body(name, decides=decides)) == ""


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (state(recommended={"actions": {}}), "state recommended is a dead end"),
        (state(approved={"outcome": ""}), "the final state approved has no outcome"),
        (state(submitted={"share": 90}, recommended={"share": 20}), "the steps take 110 % of the legal limit"),
        (state(submitted={"tasks": ["dance"]}), "opens the task 'dance'"),
        (state(recommended={"post": ""}), "state recommended has no post that acts"),
        (world.body(effect="nobody.knows"), "no module offers the effect 'nobody.knows'"),
        (world.body(about="ghost"), "about: there is no field 'ghost'"),
        (world.body(auto={"spouse_id": "x", "ghost": 1}), "auto: there is no field 'ghost'"),
        (world.body(auto={"delivery": "balloon"}), "delivery has no option 'balloon'"),
        (world.body(grants=None), "the matter ends in no paper"),
    ],
)
def test_what_cannot_work_is_found_before_publishing(body, problem):
    assert problem in problems(body)


def test_an_unreachable_state_is_found():
    stray = world.BODY.flow.states["refused"].model_copy()
    flow = world.BODY.flow.model_copy(update={"states": {**world.BODY.flow.states, "limbo": stray}})
    assert "state limbo cannot be reached" in problems(world.BODY.model_copy(update={"flow": flow}))


def test_a_post_that_the_city_lacks_is_found():
    assert "no city post is called 'branch_approver'" in problems(world.BODY, {"station_clerk"})


def test_differences_are_said_in_words():
    (said,) = catalog.diff(world.BODY, world.body(limit={"value": 10, "unit": "workday"}))
    assert said.zh == "事项 › 办理时限 › 数值：由「20」改为「10」"
    assert said.en == "service › time limit › value: from “20” to “10”"


def test_the_diagram_shows_every_state_and_names_itself():
    root = ET.fromstring(diagram.svg(world.BODY, "en"))  # noqa: S314 - our own
    space = {"s": "http://www.w3.org/2000/svg"}
    assert root.find("s:title", space).text == "Move in to join a spouse"
    drawn = {text.text for text in root.findall("s:text", space)}
    assert {s.title.en for s in world.BODY.flow.states.values()} <= drawn


def test_every_procedure_of_the_house_keeps_a_decision_as_it_was():
    taken_up = [
        (body, name, body.flow.states[spec.to])
        for body in catalog.load()
        for name, state in body.flow.states.items()
        for key, spec in state.actions.items()
        if state.final and key == "ask_reopening"
    ]
    assert len({body.flow.flow for body, _, _ in taken_up}) == 6
    for body, name, reopening in taken_up:
        closed = world.submitted(body).but(state=name, outcome=body.flow.states[name].outcome, closed_at=world.MONDAY)
        asked = rules.enter(body, closed, "reopening", world.PLACE, world.CALENDAR, world.MONDAY)
        assert rules.leads_to(asked, reopening.actions["refuse_reopening"]) == name


def test_a_way_back_from_where_nothing_was_left_is_not_published():
    body = world.body()
    start = body.flow.states["submitted"]
    actions = {**start.actions, "return": start.actions["release"].model_copy(update={"to": "back"})}
    states = {**body.flow.states, "submitted": start.model_copy(update={"actions": actions})}
    wrong = body.model_copy(update={"flow": body.flow.model_copy(update={"states": states})})
    assert any("state submitted leads back" in said for said in catalog.lint([wrong]))
    assert not any("leads back" in said for said in catalog.lint(catalog.load()))
