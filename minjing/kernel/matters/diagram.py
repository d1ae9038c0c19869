"""A procedure as a picture (SVG): for reading; the engine runs the table."""

from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree as ET

from minjing.kernel.matters.rules import main_line
from minjing.kernel.matters.schema import ActionSpec, Body, Text

BOX_W, BOX_H, SIDE_H, GAP_X, GAP_Y, PAD = 176, 52, 60, 68, 14, 24
INDENT = 26  # how far side states stand to the right of their station; the trunk runs in that space
INK, BLUE, LINE, MUTED, RED = "#14213A", "#16479D", "#9AA6B8", "#5B6678", "#C3272B"


@dataclass(frozen=True, slots=True)
class Box:
    """Where a state stands in the picture."""

    name: str
    x: int
    y: int
    is_main: bool

    @property
    def height(self) -> int:
        """Return how high the box is; side states also say how one comes there and leaves."""
        return BOX_H if self.is_main else SIDE_H


def layout(body: Body) -> dict[str, Box]:
    """Return the boxes: the line of stations in a row, every other state below the first that leads to it."""
    line = main_line(body)
    boxes = {n: Box(n, PAD + i * (BOX_W + GAP_X), PAD, True) for i, n in enumerate(line)}
    column = {n: n for n in line}
    depth: dict[str, int] = {}
    ahead = list(line)
    while ahead:
        name = ahead.pop(0)
        for spec in body.flow.states[name].actions.values():
            if spec.to in ("", "back") or spec.to in boxes:
                continue
            top = column[spec.to] = column[name]
            place = depth[top] = depth.get(top, 0) + 1
            y = PAD + BOX_H + GAP_Y + (place - 1) * (SIDE_H + GAP_Y)
            boxes[spec.to] = Box(spec.to, boxes[top].x + INDENT, y, False)
            ahead.append(spec.to)
    return boxes


def arrows(body: Body) -> list[tuple[str, str, list[Text]]]:
    """Return which state leads to which, and by what acts; returns from a pause lead back to the start."""
    found: dict[tuple[str, str], list[Text]] = {}
    for name, state in body.flow.states.items():
        for spec in state.actions.values():
            for goal in _goals(body, name, spec):
                found.setdefault((name, goal), []).append(spec.title)
    return [(a, b, titles) for (a, b), titles in found.items()]


def _goals(body: Body, name: str, spec: ActionSpec) -> list[str]:
    """Return where an act leads: back to the start from a pause, back to each decision that is taken up here."""
    if spec.to != "back":
        return [spec.to] if spec.to not in ("", name) else []
    if body.flow.states[name].pauses:
        return [body.flow.start]
    return [n for n, state in body.flow.states.items() if any(s.to == name for s in state.actions.values())]


def svg(body: Body, language: str = "zh") -> str:
    """Return the diagram as an SVG text with a title and description for those who do not see it."""
    boxes = layout(body)
    width = max(b.x for b in boxes.values()) + BOX_W + PAD
    height = max(b.y + b.height for b in boxes.values()) + PAD
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "width": str(width),
            "height": str(height),
            "role": "img",
            "font-family": "PingFang SC, Noto Sans SC, Microsoft YaHei, system-ui, sans-serif",
        },
    )
    ET.SubElement(root, "title").text = _said(body.service.title, language)
    ET.SubElement(root, "desc").text = in_words(body, language)
    _draw_line(root, [b for b in boxes.values() if b.is_main])
    _draw_trunks(root, boxes)
    for box in boxes.values():
        _draw(root, body, box, language)
    return ET.tostring(root, encoding="unicode")


def _draw_line(root: ET.Element, stations: list[Box]) -> None:
    """Draw the way of a matter that goes well, from station to station."""
    y = PAD + BOX_H // 2
    for here, there in pairwise(stations):
        _path(root, f"M{here.x + BOX_W} {y} H{there.x - 9}", BLUE, "3")
        tip = {"d": f"M{there.x - 11} {y - 6} L{there.x - 1} {y} L{there.x - 11} {y + 6} z", "fill": BLUE}
        ET.SubElement(root, "path", tip)


def _draw_trunks(root: ET.Element, boxes: dict[str, Box]) -> None:
    """Hang the side states on their stations: one trunk, a branch each, so that no line crosses another."""
    for box in boxes.values():
        if not box.is_main:
            x, y = box.x - INDENT // 2, box.y + SIDE_H // 2
            _path(root, f"M{x} {PAD + BOX_H} V{y} H{box.x}", LINE, "2")


def _path(root: ET.Element, way: str, colour: str, width: str) -> None:
    ET.SubElement(root, "path", {"d": way, "fill": "none", "stroke": colour, "stroke-width": width})


def _draw(root: ET.Element, body: Body, box: Box, language: str) -> None:
    state = body.flow.states[box.name]
    ends_badly = state.final and state.outcome not in ("approved", "answered", "referred")
    colour = RED if ends_badly else (BLUE if box.is_main else MUTED)
    ET.SubElement(
        root,
        "rect",
        {"x": str(box.x), "y": str(box.y), "width": str(BOX_W), "height": str(box.height),
         "rx": "22" if state.final else "10", "fill": "#FFFFFF", "stroke": colour, "stroke-width": "2",
         **({"stroke-dasharray": "5 4"} if state.pauses else {})},
    )  # fmt: skip
    if box.is_main:
        _write(root, box, box.y + BOX_H // 2 + 6, _said(state.title, language), 16, INK)
    else:
        _write(root, box, box.y + 24, _said(state.title, language), 15, INK)
        _write(root, box, box.y + 45, _why(body, box.name, language), 12, MUTED)


def _why(body: Body, name: str, language: str) -> str:
    """Return how a matter comes to a side state and, where it goes on from there, how: in a few words."""
    line = main_line(body)
    # From a station rather than from another side state: refused is first of all an answer to the application.
    ways_in = sorted((a not in line, _said(titles[0], language)) for a, goal, titles in arrows(body) if goal == name)
    said = ways_in[0][1] if ways_in else ""
    state = body.flow.states[name]
    if state.pauses and any(spec.to == "back" for spec in state.actions.values()):
        return f"{said}，补正后继续" if language == "zh" else f"{said}, then goes on"
    return said


def _write(root: ET.Element, box: Box, y: int, words: str, size: int, colour: str) -> None:
    """Write words in the middle of a box, as large as `size` allows and as small as they need to fit."""
    ems = sum(1.0 if ord(c) > 0x2E80 else 0.56 for c in words)
    fitted = min(float(size), (BOX_W - 18) / max(ems, 1))
    text = ET.SubElement(
        root,
        "text",
        {
            "x": str(box.x + BOX_W // 2),
            "y": str(y),
            "text-anchor": "middle",
            "font-size": f"{fitted:.1f}",
            "fill": colour,
        },
    )
    text.text = words


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
