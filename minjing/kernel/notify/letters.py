"""A batch of letters as one PDF: a list with the count first, then each letter, its address where the window is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

from django.conf import settings

from minjing.base.clock import CHINA
from minjing.kernel.identity.plugs import plugs as identity_plugs
from minjing.kernel.notify import addresses
from minjing.kernel.notify.models import Batch, Message

TEMPLATE = Path(__file__).with_name("templates_typst") / "letters.typ"


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter as it is printed."""

    number: str  # of the letter in its batch
    name: str
    address: Sequence[str]
    subject: str
    paragraphs: Sequence[str]
    matter: str
    day: str
    language: str


def typeset(batch_id: UUID, *, sender: str, now: datetime) -> bytes:
    """Return a batch as PDF, not kept anywhere. The caller has put the download on record (actions.downloaded)."""
    batch = Batch.objects.get(pk=batch_id)
    letters = list(_letters(batch))
    data = {
        "number": batch.number,
        "sender": sender,
        "day": f"{batch.day_date:%Y-%m-%d}",
        "count": len(letters),
        "demo": settings.DEMO,
        "letters": [asdict(one) for one in letters],
    }
    with _lock:
        made = _compiler().compile(TEMPLATE, format="pdf", sys_inputs={"data": json.dumps(data, ensure_ascii=False)})
    assert isinstance(made, bytes)
    return made


def _letters(batch: Batch) -> Sequence[Letter]:
    rows = list(Message.objects.filter(batch_id=batch.pk, envelope_sealed__isnull=False).order_by("id"))
    read = identity_plugs.matter_numbers
    numbers = read([m.matter_id for m in rows if m.matter_id]) if read else {}
    found = []
    for at, one in enumerate(rows, 1):
        address, _ = addresses.open_envelope(one.pk, bytes(one.envelope_sealed or b""))
        name, *lines = address.splitlines()
        text = one.text_zh  # an officer prints, a postman reads: letters are in Chinese, English below
        found.append(
            Letter(
                number=f"{batch.number}-{at:03d}",
                name=name,
                address=lines,
                subject="办件通知",
                paragraphs=[text, one.text_en],
                matter=numbers.get(one.matter_id, "") if one.matter_id else "",
                day=_day(one.created_at),
                language="zh",
            )
        )
    return found


def _day(at: datetime) -> str:
    local = at.astimezone(CHINA)
    return f"{local.year} 年 {local.month} 月 {local.day} 日"


_lock = Lock()


@lru_cache(maxsize=1)
def _compiler() -> Any:
    import typst  # six megabytes: only where a batch is printed

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(settings.FONTS_DIR)]
    )
    return typst.Compiler(root=TEMPLATE.parent, font_paths=fonts, ignore_system_fonts=True)
