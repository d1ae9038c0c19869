"""A procedure as a picture (SVG) and as BPMN 2.0: for reading; the engine runs the table."""

from dataclasses import dataclass
from xml.etree import ElementTree as ET

from minjing.kernel.matters.rules import main_line
from minjing.kernel.matters.schema import Body, Text

BOX_W, BOX_H, GAP_X, GAP_Y, PAD = 132, 48, 60, 46, 24
INK, BLUE, LINE, MUTED, RED = "#14213A", "#16479D", "#D9DEE7", "#5B6678", "#C3272B"


@dataclass(frozen=True, slots=True)
class Box:
    """Where a state stands in the picture."""

    name: str
    x: int
    y: int
    is_main: bool


def layout(body: Body) -> dict[str, Box]:
    """Return the boxes: the line of stations in a row, every other state below the first that leads to it."""
    line = main_line(body)
    boxes = {n: Box(n, PAD + i * (BOX_W + GAP_X), PAD, True) for i, n in enumerate(line)}
    depth: dict[int, int] = {}
    ahead = list(line)
    while ahead:
        name = ahead.pop(0)
        for spec in body.flow.states[name].actions.values():
            if spec.to in ("", "back") or spec.to in boxes:
                continue
            column = boxes[name].x
            depth[column] = depth.get(column, 0) + 1
            boxes[spec.to] = Box(spec.to, column, PAD + depth[column] * (BOX_H + GAP_Y), False)
            ahead.append(spec.to)
    return boxes


def arrows(body: Body) -> list[tuple[str, str, list[Text]]]:
    """Return which state leads to which, and by what acts; returns from a pause lead back to the start."""
    found: dict[tuple[str, str], list[Text]] = {}
    for name, state in body.flow.states.items():
        for spec in state.actions.values():
            goal = body.flow.start if spec.to == "back" else spec.to
            if goal and goal != name:
                found.setdefault((name, goal), []).append(spec.title)
    return [(a, b, titles) for (a, b), titles in found.items()]


def svg(body: Body, language: str = "zh") -> str:
    """Return the diagram as an SVG text with a title and description for those who do not see it."""
    boxes = layout(body)
    width = max(b.x for b in boxes.values()) + BOX_W + PAD
    height = max(b.y for b in boxes.values()) + BOX_H + PAD
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "role": "img",
            "font-family": "PingFang SC, Noto Sans SC, Microsoft YaHei, system-ui, sans-serif",
        },
    )
    ET.SubElement(root, "title").text = _said(body.service.title, language)
    ET.SubElement(root, "desc").text = in_words(body, language)
    defs = ET.SubElement(root, "defs")
    marker = ET.SubElement(
        defs,
        "marker",
        {"id": "tip", "viewBox": "0 0 8 8", "refX": "7", "refY": "4", "markerWidth": "7", "markerHeight": "7",
         "orient": "auto"},
    )  # fmt: skip
    ET.SubElement(marker, "path", {"d": "M0 0 L8 4 L0 8 z", "fill": MUTED})
    for start, goal, _ in arrows(body):
        ET.SubElement(root, "path", {"d": _curve(boxes[start], boxes[goal]), "fill": "none",
                                     "stroke": BLUE if boxes[start].is_main and boxes[goal].is_main else LINE,
                                     "stroke-width": "2", "marker-end": "url(#tip)"})  # fmt: skip
    for box in boxes.values():
        _draw(root, body, box, language)
    return ET.tostring(root, encoding="unicode")


def _draw(root: ET.Element, body: Body, box: Box, language: str) -> None:
    state = body.flow.states[box.name]
    ends_badly = state.final and state.outcome != "approved"
    colour = RED if ends_badly else (BLUE if box.is_main else MUTED)
    ET.SubElement(
        root,
        "rect",
        {"x": str(box.x), "y": str(box.y), "width": str(BOX_W), "height": str(BOX_H),
         "rx": "24" if state.final else "10", "fill": "#FFFFFF", "stroke": colour, "stroke-width": "2",
         **({"stroke-dasharray": "4 4"} if state.pauses else {})},
    )  # fmt: skip
    words = _said(state.title, language)
    size = 14 if len(words) <= (9 if language == "zh" else 17) else 11
    text = ET.SubElement(
        root,
        "text",
        {"x": str(box.x + BOX_W // 2), "y": str(box.y + BOX_H // 2 + 5), "text-anchor": "middle",
         "font-size": str(size), "fill": INK},
    )  # fmt: skip
    text.text = words


def _curve(a: Box, b: Box) -> str:
    if a.y == b.y and b.x > a.x:
        return f"M{a.x + BOX_W} {a.y + BOX_H // 2} L{b.x - 2} {b.y + BOX_H // 2}"
    if a.x == b.x and b.y > a.y:
        side = a.x - 10 if b.y - a.y > BOX_H + GAP_Y else a.x + BOX_W // 2
        if side < a.x:
            return f"M{a.x} {a.y + BOX_H // 2} H{side} V{b.y + BOX_H // 2} H{b.x - 2}"
        return f"M{side} {a.y + BOX_H} L{side} {b.y - 2}"
    start_x, start_y = a.x + BOX_W // 2 + 14, a.y if b.y < a.y else a.y + BOX_H
    end_x, end_y = b.x + BOX_W // 2 + 14, b.y + BOX_H + 2 if b.y < a.y else b.y - 2
    bend = (start_y + end_y) // 2
    return f"M{start_x} {start_y} C{start_x} {bend} {end_x} {bend} {end_x} {end_y}"


def in_words(body: Body, language: str = "zh") -> str:
    """Return the line of stations as sentences, for the guide page and for readers who hear it."""
    parts = []
    for position, name in enumerate(main_line(body), 1):
        state = body.flow.states[name]
        title, plain = _said(state.title, language), _said(state.plain, language)
        parts.append(f"{position}. {title}：{plain}" if language == "zh" else f"{position}. {title}: {plain}")
    return "\n".join(parts)


def _said(text: Text, language: str) -> str:
    return text.en if language == "en" else text.zh


BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DD = "http://www.omg.org/spec/DD/20100524/DI"


def bpmn(body: Body, language: str = "zh") -> str:
    """Return the procedure as a BPMN 2.0 file with its picture, for any modelling tool."""
    for prefix, address in (("bpmn", BPMN), ("bpmndi", DI), ("dc", DC), ("di", DD)):
        ET.register_namespace(prefix, address)
    root = ET.Element(f"{{{BPMN}}}definitions", {"targetNamespace": "https://minjing.example/catalogue"})
    process = ET.SubElement(
        root,
        f"{{{BPMN}}}process",
        {"id": body.service.code, "name": _said(body.service.title, language), "isExecutable": "false"},
    )
    plane = ET.SubElement(
        ET.SubElement(root, f"{{{DI}}}BPMNDiagram", {"id": "picture"}),
        f"{{{DI}}}BPMNPlane",
        {"id": "plane", "bpmnElement": body.service.code},
    )
    boxes = layout(body)
    ET.SubElement(
        process, f"{{{BPMN}}}startEvent", {"id": "start", "name": "提交" if language == "zh" else "Submitted"}
    )
    first = boxes[body.flow.start]
    _shape(plane, "start", first.x - 50, first.y + 6, 36, 36)
    for name, box in boxes.items():
        state = body.flow.states[name]
        kind = "endEvent" if state.final else ("receiveTask" if state.pauses else "userTask")
        ET.SubElement(process, f"{{{BPMN}}}{kind}", {"id": name, "name": _said(state.title, language)})
        _shape(plane, name, box.x, box.y, 36 if state.final else BOX_W, 36 if state.final else BOX_H)
    flows = [("start", body.flow.start, ""), *((a, b, _said(t[0], language)) for a, b, t in arrows(body))]
    for start, goal, words in flows:
        if start != "start" and body.flow.states[start].final:
            continue  # an end event has no way on; corrections and reopenings begin a new one
        name = f"{start}-{goal}"
        ET.SubElement(
            process,
            f"{{{BPMN}}}sequenceFlow",
            {"id": name, "name": words, "sourceRef": start, "targetRef": goal},
        )
        edge = ET.SubElement(plane, f"{{{DI}}}BPMNEdge", {"id": f"{name}-edge", "bpmnElement": name})
        source = boxes.get(start, first)
        for x, y in ((source.x, source.y + BOX_H // 2), (boxes[goal].x, boxes[goal].y + BOX_H // 2)):
            ET.SubElement(edge, f"{{{DD}}}waypoint", {"x": str(x), "y": str(y)})
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _shape(plane: ET.Element, name: str, x: int, y: int, width: int, height: int) -> None:
    shape = ET.SubElement(plane, f"{{{DI}}}BPMNShape", {"id": f"{name}-shape", "bpmnElement": name})
    bounds = {"x": str(x), "y": str(y), "width": str(width), "height": str(height)}
    ET.SubElement(shape, f"{{{DC}}}Bounds", bounds)
