"""A procedure as BPMN 2.0 with its picture, for any modelling tool: for reading; the engine runs the table.

A task has one way on: where an action chooses between several, an exclusive gateway behind it does. Steps that leave
a matter where it is (claiming, asking for more time) are no ways and do not appear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from minjing.kernel.matters import rules
from minjing.kernel.matters.diagram import BOX_H, BOX_W, Box, layout
from minjing.kernel.matters.schema import ActionSpec, Body, Limit, Text

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DD = "http://www.omg.org/spec/DD/20100524/DI"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PREFIXES = {"bpmn": MODEL, "bpmndi": DI, "dc": DC, "di": DD, "xsi": XSI}

EVENT, GATEWAY = 36, 40  # how large a modelling tool draws them
AT_ONCE = "PT0S"
DURATIONS = {"day": "P{}D", "hour": "PT{}H", "workday": "{} working days"}
UNITS = {
    "day": Text(zh="{} 天", en="{} days"),
    "hour": Text(zh="{} 小时", en="{} hours"),
    "workday": Text(zh="{} 个工作日", en="{} working days"),
}


@dataclass(frozen=True, slots=True)
class Node:
    """Something that stands in the process: an event, a task or a gateway, and where it is drawn."""

    id: str
    kind: str
    name: str
    at: tuple[int, int]
    size: tuple[int, int] = (EVENT, EVENT)
    note: str = ""
    timer: str = ""
    by_message: bool = False
    attached_to: str = ""
    cancels: bool = True
    default: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """A sequence flow; `when` is empty where nothing is to be chosen."""

    id: str
    source: str
    target: str
    name: str = ""
    when: str = ""


@dataclass(slots=True)
class Process:
    """The nodes and ways of one procedure."""

    nodes: list[Node] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)

    def way(self, source: str, target: str, name: str = "", when: str = "", mark: str = "") -> None:
        """Add a sequence flow; `mark` tells apart two between the same nodes."""
        self.ways.append(Way(f"{source}-to-{target}{mark and f'-{mark}'}", source, target, name, when))


def bpmn(body: Body, language: str = "zh") -> str:
    """Return the procedure as a BPMN 2.0 file."""
    return _written(body, process_of(body, language), language)


def process_of(body: Body, language: str = "zh") -> Process:
    """Return the nodes and ways of a procedure."""
    boxes = layout(body)
    process = Process()
    _begin(process, body, boxes, language)
    for name, box in boxes.items():
        state = body.flow.states[name]
        if state.final:
            process.nodes.append(Node(name, "endEvent", _said(state.title, language), _corner(box)))
            continue
        kind = "receiveTask" if state.pauses else "userTask"
        process.nodes.append(Node(name, kind, _said(state.title, language), _corner(box), (BOX_W, BOX_H)))
        _lead_on(process, body, box, language)
        _lapse(process, body, box, language)
    _open_tasks(process, body, boxes, language)
    _begin_again(process, body, boxes, language)
    return process


def _said(text: Text, language: str) -> str:
    return text.en if language == "en" else text.zh


def _corner(box: Box) -> tuple[int, int]:
    """Return where a state is drawn: further apart than in the picture, for gateways and events stand between."""
    return box.x * 3 // 2 + 2 * EVENT, box.y * 3 // 2


def _begin(process: Process, body: Body, boxes: dict[str, Box], language: str) -> None:
    """Begin with the submission: in the first state, or waiting for the fee where one is due."""
    x, y = _corner(boxes[body.flow.start])
    submitted = Text(zh="提交", en="Submitted")
    process.nodes.append(Node("start", "startEvent", _said(submitted, language), (x - 3 * EVENT, y + 8)))
    if rules.PAYING not in boxes:
        process.way("start", body.flow.start)
        return
    default = f"start-gateway-to-{body.flow.start}"
    process.nodes.append(
        Node(
            "start-gateway", "exclusiveGateway", "", (x - 3 * EVENT // 2, y + 6), (GATEWAY, GATEWAY), default=default
        )
    )
    process.way("start", "start-gateway")
    process.way("start-gateway", rules.PAYING, _said(Text(zh="须先缴费", en="A fee is due"), language), "fee_due > 0")
    process.way("start-gateway", body.flow.start)


def _lead_on(process: Process, body: Body, box: Box, language: str) -> None:
    """Lead on from a task: straight where there is one way, else through a gateway that asks for the action."""
    ways = list(_ways_on(body, box.name, language))
    if len(ways) == 1:
        ((_, target, words, _),) = ways
        process.way(box.name, target, words)
        return
    x, y = _corner(box)
    gateway = f"{box.name}-gateway"
    process.nodes.append(Node(gateway, "exclusiveGateway", "", (x + BOX_W + EVENT // 2, y + 6), (GATEWAY, GATEWAY)))
    process.way(box.name, gateway)
    for action, target, words, when in ways:
        process.way(gateway, target, words, when, mark=action)


def _ways_on(body: Body, name: str, language: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield each way on from a state: the action, the state it leads to, its words and its condition."""
    for action, spec in body.flow.states[name].actions.items():
        if spec.to in ("", name) or (_limit(body, name) and _is_lapse(spec, action)):
            continue
        when = f'action == "{action}"' + (" and open_tasks == 0" if "tasks_done" in spec.needs else "")
        words = _said(spec.title, language)
        if spec.to != "back":
            yield action, spec.to, words, when
            continue
        before = _led_from(body, name)
        for state in before:
            only = f' and back_to == "{state}"' if len(before) > 1 else ""
            yield action, state, words, when + only


def _is_lapse(spec: ActionSpec, action: str) -> bool:
    return action == "lapse" and spec.by == "system"


def _limit(body: Body, name: str) -> Limit | None:
    """Return how long a matter may stay in a state before it lapses."""
    state = body.flow.states[name]
    if name == rules.PAYING and body.service.fee is not None:
        return Limit(value=body.service.fee.days, unit="day")
    return state.lapses_after


def _led_from(body: Body, name: str) -> list[str]:
    """Return where a way back leads: to what a pause interrupted, or to the decisions that are taken up."""
    takes_up = not body.flow.states[name].pauses
    states = body.flow.states.items()
    found = [n for n, s in states if s.final == takes_up and any(a.to == name for a in s.actions.values())]
    return found or [body.flow.start]


def _lapse(process: Process, body: Body, box: Box, language: str) -> None:
    """End a state whose time runs out, by a timer on its edge."""
    limit, state = _limit(body, box.name), body.flow.states[box.name]
    act = next((spec for action, spec in state.actions.items() if _is_lapse(spec, action)), None)
    target = state.lapses_to or (act.to if act else "")
    if limit is None or not target:
        return
    x, y = _corner(box)
    time = _said(UNITS[limit.unit], language).format(limit.value)
    words = _said(act.title if act else Text(zh="逾期", en="Time has run out"), language)
    name = f"{words}（{time}）" if language == "zh" else f"{words} ({time})"
    timer = f"{box.name}-lapses"
    process.nodes.append(
        Node(
            timer,
            "boundaryEvent",
            name,
            (x + BOX_W - 2 * EVENT, y + BOX_H - EVENT // 2),
            timer=DURATIONS[limit.unit].format(limit.value),
            attached_to=box.name,
        )
    )
    process.way(timer, target)


def _open_tasks(process: Process, body: Body, boxes: dict[str, Box], language: str) -> None:
    """Hang the child tasks on the states that open them: they run beside and are awaited by some actions only."""
    y = max(_corner(box)[1] for box in boxes.values()) + 3 * BOX_H
    for name, box in boxes.items():
        for place, task in enumerate(_tasks_of(body, name)):
            x = _corner(box)[0]
            opened, done, node = f"{name}-{task}-opened", f"{name}-{task}-done", f"{name}-{task}"
            on_edge = (x + EVENT * (place + 1), _corner(box)[1] + BOX_H - EVENT // 2)
            begins = _said(Text(zh="同时开始", en="Begins at once"), language)
            process.nodes += [
                Node(opened, "boundaryEvent", begins, on_edge, timer=AT_ONCE, attached_to=name, cancels=False),
                Node(
                    node,
                    "userTask",
                    _said(body.flow.tasks[task].title, language),
                    (x, y),
                    (BOX_W, BOX_H),
                    note=_awaited(body, name, language),
                ),
                Node(done, "endEvent", _said(Text(zh="完成", en="Done"), language), (x + BOX_W + EVENT, y + 8)),
            ]
            process.way(opened, node)
            process.way(node, done)
            y += 2 * BOX_H


def _tasks_of(body: Body, name: str) -> list[str]:
    """Return the child tasks opened on entering a state; the payment too, where the decision waits for it."""
    fee = body.service.fee
    pays = fee is not None and fee.due == "before_decision" and name == body.flow.start
    return [*body.flow.states[name].tasks, *([rules.PAYMENT] if pays else [])]


def _awaited(body: Body, name: str, language: str) -> str:
    """Return the sentence that says which actions wait for the child tasks."""
    actions = [spec for state in body.flow.states.values() for spec in state.actions.values()]
    titles = dict.fromkeys(_said(spec.title, language) for spec in actions if "tasks_done" in spec.needs)
    beside = _said(body.flow.states[name].title, language)
    if language == "en":
        waiting = ", ".join(f"“{title}”" for title in titles)
        return f"Runs beside “{beside}”; awaited before: {waiting}."
    waiting = "、".join(f"「{title}」" for title in titles)
    return f"与「{beside}」同时进行，完成后才能{waiting}。"


def _begin_again(process: Process, body: Body, boxes: dict[str, Box], language: str) -> None:
    """Begin anew with what may be asked for after the end: corrections and reopenings."""
    asked: dict[tuple[str, str], list[Text]] = {}
    words: dict[tuple[str, str], Text] = {}
    for state in body.flow.states.values():
        for action, spec in state.actions.items():
            if state.final and spec.to and body.flow.states[spec.to] is not state:
                asked.setdefault((action, spec.to), []).append(state.title)
                words.setdefault((action, spec.to), spec.title)
    for (action, target), ended in asked.items():
        x, y = _corner(boxes[target])
        again = f"again-{action}-{target}"
        name = _after(words[action, target], ended, language)
        process.nodes.append(Node(again, "startEvent", name, (x - 2 * EVENT, y + 8), by_message=True))
        process.way(again, target)


def _after(words: Text, ended: Sequence[Text], language: str) -> str:
    if language == "en":
        return f"{words.en} (after: {', '.join(title.en for title in ended)})"
    return f"{words.zh}（{'、'.join(title.zh for title in ended)}后）"


# ---- writing --------------------------------------------------------------------------------------------


def _written(body: Body, process: Process, language: str) -> str:
    for prefix, address in PREFIXES.items():
        ET.register_namespace(prefix, address)
    root = ET.Element(f"{{{MODEL}}}definitions", {"targetNamespace": "https://minjing.example/catalogue"})
    named = {"id": body.service.code, "name": _said(body.service.title, language), "isExecutable": "false"}
    inside = ET.SubElement(root, f"{{{MODEL}}}process", named)
    picture = ET.SubElement(root, f"{{{DI}}}BPMNDiagram", {"id": "picture"})
    plane = ET.SubElement(picture, f"{{{DI}}}BPMNPlane", {"id": "plane", "bpmnElement": body.service.code})
    for node in process.nodes:
        _write_node(inside, node, process)
        _draw_node(plane, node)
    at = {node.id: node for node in process.nodes}
    for way in process.ways:
        _write_way(inside, way)
        _draw_way(plane, way, at[way.source], at[way.target])
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _write_node(inside: ET.Element, node: Node, process: Process) -> None:
    said = {"id": node.id, **({"name": node.name} if node.name else {})}
    if node.attached_to:
        said |= {"attachedToRef": node.attached_to, "cancelActivity": str(node.cancels).lower()}
    if node.default:
        said["default"] = node.default
    written = ET.SubElement(inside, f"{{{MODEL}}}{node.kind}", said)
    if node.note:
        ET.SubElement(written, f"{{{MODEL}}}documentation").text = node.note
    for way in process.ways:
        if way.target == node.id:
            ET.SubElement(written, f"{{{MODEL}}}incoming").text = way.id
    for way in process.ways:
        if way.source == node.id:
            ET.SubElement(written, f"{{{MODEL}}}outgoing").text = way.id
    if node.by_message:
        ET.SubElement(written, f"{{{MODEL}}}messageEventDefinition", {"id": f"{node.id}-message"})
    if node.timer:
        timer = ET.SubElement(written, f"{{{MODEL}}}timerEventDefinition", {"id": f"{node.id}-timer"})
        _write_expression(timer, "timeDuration", node.timer)


def _write_way(inside: ET.Element, way: Way) -> None:
    said = {"id": way.id, "sourceRef": way.source, "targetRef": way.target}
    written = ET.SubElement(inside, f"{{{MODEL}}}sequenceFlow", said | ({"name": way.name} if way.name else {}))
    if way.when:
        _write_expression(written, "conditionExpression", way.when)


def _write_expression(above: ET.Element, kind: str, text: str) -> None:
    kept = {f"{{{XSI}}}type": "bpmn:tFormalExpression"}
    ET.SubElement(above, f"{{{MODEL}}}{kind}", kept).text = text


def _draw_node(plane: ET.Element, node: Node) -> None:
    shown = {"id": f"{node.id}-shape", "bpmnElement": node.id}
    if node.kind == "exclusiveGateway":
        shown["isMarkerVisible"] = "true"
    shape = ET.SubElement(plane, f"{{{DI}}}BPMNShape", shown)
    (x, y), (width, height) = node.at, node.size
    bounds = {"x": str(x), "y": str(y), "width": str(width), "height": str(height)}
    ET.SubElement(shape, f"{{{DC}}}Bounds", bounds)


def _draw_way(plane: ET.Element, way: Way, source: Node, target: Node) -> None:
    edge = ET.SubElement(plane, f"{{{DI}}}BPMNEdge", {"id": f"{way.id}-edge", "bpmnElement": way.id})
    leaves = (source.at[0] + source.size[0], source.at[1] + source.size[1] // 2)
    arrives = (target.at[0], target.at[1] + target.size[1] // 2)
    for x, y in (leaves, arrives):
        ET.SubElement(edge, f"{{{DD}}}waypoint", {"x": str(x), "y": str(y)})
