"""The BPMN file says what the engine does: one way on from each task, gateways that ask, timers, what runs beside."""

import io
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from minjing.kernel.matters import bpmn, catalog
from minjing.kernel.matters.management.commands.catalog import city_facts
from minjing.kernel.matters.tests import world

M = f"{{{bpmn.MODEL}}}"
TASKS, STARTS, ENDS = {"userTask", "receiveTask"}, {"startEvent"}, {"endEvent"}
NODES = {*TASKS, *STARTS, *ENDS, "boundaryEvent", "exclusiveGateway"}
FLOWS = ("reviewed", "instant", "counter")


def kind(element):
    return element.tag.removeprefix(M)


def read(body, language="zh"):
    return ET.fromstring(bpmn.bpmn(body, language))  # noqa: S314 - our own drawing


def nodes(file):
    return {e.get("id"): e for e in file.find(f"{M}process") if kind(e) in NODES}


def flows(file):
    return list(file.iter(f"{M}sequenceFlow"))


def leads(file, source, target):
    """Return the words and conditions of the flows between two nodes."""
    between = [f for f in flows(file) if (f.get("sourceRef"), f.get("targetRef")) == (source, target)]
    return [(f.get("name"), f.findtext(f"{M}conditionExpression")) for f in between]


def bodies():
    """Return the procedures of the whole catalogue, as the city has them."""
    return catalog.load(city=city_facts())


def wrong(file):
    """Return what a reader of BPMN would misread, a sentence each."""
    known, out = nodes(file), Counter(flow.get("sourceRef") for flow in flows(file))
    into = Counter(flow.get("targetRef") for flow in flows(file))
    ids = Counter(element.get("id") for element in file.iter() if element.get("id"))
    found = [f"{name} is there {n} times" for name, n in ids.items() if n > 1]
    for flow in flows(file):
        source, condition = known[flow.get("sourceRef")], flow.findtext(f"{M}conditionExpression")
        is_choice = kind(source) == "exclusiveGateway" and source.get("default") != flow.get("id")
        if bool(condition) != is_choice:
            found.append(f"{flow.get('id')}: condition {condition!r}")
    for name, node in known.items():
        if kind(node) != "exclusiveGateway" and out[name] > 1:
            found.append(f"{name} has {out[name]} ways on at once")
        if kind(node) not in ENDS and not out[name]:
            found.append(f"{name} has no way on")
        if kind(node) not in (STARTS | {"boundaryEvent"}) and not into[name]:
            found.append(f"nothing leads to {name}")
        if node.get("attachedToRef") and node.get("attachedToRef") not in known:
            found.append(f"{name} hangs on nothing")
        if Counter(e.text for e in node if kind(e) == "outgoing") != Counter(
            f.get("id") for f in flows(file) if f.get("sourceRef") == name
        ):
            found.append(f"{name} names other ways on than there are")
    drawn = {s.get("bpmnElement") for s in file.iter(f"{{{bpmn.DI}}}BPMNShape")}
    return [*found, *(f"{name} is not drawn" for name in known.keys() - drawn)]


def test_no_file_of_the_catalogue_says_something_else_than_the_engine_does():
    assert {b.service.code: said for b in bodies() if (said := wrong(read(b)))} == {}
    assert {name: said for name in FLOWS if (said := wrong(read(world.body(name), "en")))} == {}


def test_a_bpmn_file_names_every_state():
    body = world.body("reviewed")
    assert set(body.flow.states) <= set(nodes(read(body)))


def test_a_gateway_behind_a_task_asks_for_the_action():
    file = read(world.body("reviewed"))
    assert leads(file, "recommended", "recommended-gateway") == [(None, None)]
    assert leads(file, "recommended-gateway", "approved") == [("批准", 'action == "approve" and open_tasks == 0')]
    assert leads(file, "recommended-gateway", "submitted") == [("退回派出所", 'action == "return"')]
    assert not leads(file, "submitted", "recommended")


def test_a_pause_returns_to_where_it_began_and_lapses_by_a_timer():
    switched_on = {catalog.ORIGINALS: ["HZ9901"]}
    file = read(world.body("reviewed", city=switched_on), "en")
    back = [leads(file, "supplement-gateway", goal) for goal in ("submitted", "originals")]
    assert back == [
        [("Send the papers", 'action == "supplement" and back_to == "submitted"')],
        [("Send the papers", 'action == "supplement" and back_to == "originals"')],
    ]
    assert not leads(file, "supplement-gateway", "lapsed")
    timer = nodes(file)["supplement-lapses"]
    assert (timer.get("attachedToRef"), timer.get("cancelActivity")) == ("supplement", "true")
    assert timer.get("name") == "Not supplemented in time (30 days)"
    assert timer.findtext(f"{M}timerEventDefinition/{M}timeDuration") == "P30D"
    assert leads(file, "supplement-lapses", "lapsed") == [(None, None)]


def test_a_record_check_runs_beside_the_review_and_says_what_waits_for_it():
    file = read(world.body("reviewed", checks=["record_check"]))
    opened = nodes(file)["submitted-record_check-opened"]
    assert (opened.get("attachedToRef"), opened.get("cancelActivity")) == ("submitted", "false")
    assert leads(file, "submitted-record_check-opened", "submitted-record_check")
    said = nodes(file)["submitted-record_check"].findtext(f"{M}documentation")
    assert said == "与「受理审查」同时进行，完成后才能「提出同意意见」、「批准」。"


def test_corrections_and_reopenings_begin_after_the_end():
    file = read(world.body("reviewed"))
    begun = {e.get("id"): e.get("name") for e in nodes(file).values() if kind(e) in STARTS}
    assert begun == {
        "start": "提交",
        "again-ask_correction-correcting": "提请更正（准予后）",
        "again-ask_reopening-reopening": "提请重新办理（不予批准、不予受理后）",
    }
    assert leads(file, "again-ask_reopening-reopening", "reopening")
    assert leads(file, "reopening-gateway", "submitted") == [("批准重新办理", 'action == "approve_reopening"')]


def test_another_reader_of_bpmn_takes_the_files():
    parsing = pytest.importorskip("SpiffWorkflow.bpmn.parser")
    validator = parsing.BpmnValidator()
    for body in bodies():
        parser = parsing.BpmnParser(validator=validator)
        text = bpmn.bpmn(body).replace('isExecutable="false"', 'isExecutable="true"')  # else it is not read at all
        parser.add_bpmn_io(io.BytesIO(text.encode()))
        assert set(body.flow.states) <= set(parser.get_spec(body.service.code).task_specs)
