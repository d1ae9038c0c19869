"""From facts to the pages of a PDF: typst with the vendored fonts, a QR code, nothing from outside."""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, Final

import segno
import typst

from minjing.base.clock import CHINA
from minjing.kernel.papers.rules import grouped, parse_ranges, printable

HERE = Path(__file__).parent
TEMPLATES, FONTS = HERE / "templates_typst", HERE / "fonts"
# PDF/A-2u: the archive's form; fonts inside, every glyph with its character, so that names can be searched.
STANDARD: Final = "a-2u"
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

Text = dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that is printed on a paper."""

    kind: str
    title: Text
    number: str
    matter_number: str
    code: str
    check_url: str  # without the code
    facts: Sequence[tuple[Text, str]]
    bureau: Text
    unit: Text
    issued_at: datetime
    valid_until: datetime | None
    demo: bool


def render(sheet: Sheet) -> bytes:
    """Return the paper as an unsigned PDF/A. About 15 ms once the fonts are read."""
    template = TEMPLATES / f"{sheet.kind}.typ"
    if not template.exists():
        template = TEMPLATES / "paper.typ"
    inputs = {"data": json.dumps(_data(sheet), ensure_ascii=False), "qr": qr(f"{sheet.check_url}{sheet.code}")}
    # One compiler for the process: it has read the fonts; it is not made for two threads at once.
    with _lock:
        made = _compiler().compile(
            template,
            format="pdf",
            sys_inputs=inputs,
            pdf_standards=STANDARD,
            timestamp=int(sheet.issued_at.timestamp()),
        )
    if not isinstance(made, bytes):
        raise TypeError(f"typst made no PDF of {template.name}")
    return made


def qr(url: str) -> str:
    """Return the QR code of an address as SVG, readable with 15 % of it damaged."""
    out = BytesIO()
    segno.make(url, error="m", micro=False).save(out, kind="svg", border=2, dark="#14213A", xmldecl=False)
    return out.getvalue().decode()


def day(at: datetime) -> Text:
    """Return the day in China on which `at` falls, as the two languages write it."""
    local = at.astimezone(CHINA)
    return {
        "zh": f"{local.year}年{local.month}月{local.day}日",
        "en": f"{local.day} {MONTHS[local.month - 1]} {local.year}",
    }


def has_glyph(character: str) -> bool:
    """Say whether the text font can draw a character."""
    starts, ends = _coverage()
    place = bisect_right(starts, ord(character)) - 1
    return place >= 0 and ord(character) <= ends[place]


def _data(sheet: Sheet) -> dict[str, Any]:
    if sheet.demo:
        seal = "示范"
        footer = {
            "zh": "示范系统签发，人员与内容均为虚构，不具有法律效力。",
            "en": "Issued by a demonstration; people and facts are invented; no legal effect.",
        }
    else:
        seal = "电子签章"
        footer = {
            "zh": "本证照经可靠电子签名，电子印章与实物印章具有同等法律效力（国务院令第 716 号第九条）。",
            "en": "Signed electronically; an electronic seal equals a physical one (State Council Decree 716, 9).",
        }
    return {
        "kind": sheet.kind,
        "title": sheet.title,
        "number": sheet.number,
        "matter": sheet.matter_number,
        "code": [grouped(half) for half in (sheet.code[:16], sheet.code[16:])],
        "check_url": sheet.check_url.split("://", 1)[-1].rstrip("/"),
        "facts": [
            {"zh": label["zh"], "en": label.get("en", ""), "value": printable(value, has_glyph) or "—"}
            for label, value in sheet.facts
        ],
        "bureau": sheet.bureau,
        "unit": sheet.unit,
        "issued": day(sheet.issued_at),
        "valid_until": None if sheet.valid_until is None else day(sheet.valid_until),
        "demo": sheet.demo,
        "seal": seal,
        "footer": footer,
    }


_lock = Lock()


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
    return typst.Compiler(root=TEMPLATES, font_paths=fonts, ignore_system_fonts=True)


@lru_cache(maxsize=1)
def _coverage() -> tuple[list[int], list[int]]:
    ranges = parse_ranges((FONTS / "coverage.txt").read_text().splitlines())
    return [first for first, _ in ranges], [last for _, last in ranges]
