"""Identity cards read from photos: 500 rendered cards: tilted, turned, lit, blurred, with glare and noise.

The set is made by bench/cards.py from the seeds 0 to 499 and is the same each time. A field counts as right when it
is the card's to the last character. READING_CARDS takes fewer. Time is what a page waits: the pictures go
to the reading process and the answer comes back, both sides in one request.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from bench import cards
from bench.table import Row, at_least, at_most, median, percentile

CARDS = int(os.environ.get("READING_CARDS") or 500)


@dataclass
class Found:
    """What was read of the set."""

    fields: int = 0
    wrong: int = 0
    wrong_unasked: int = 0  # wrong, and the holder is not asked to confirm it
    asked: int = 0  # right, and the holder is asked nevertheless
    whole: int = 0  # cards with all eight fields right
    seconds: list[float] = field(default_factory=list)
    by_field: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)


def read(seed: int, found: Found) -> None:
    """Read one card of the set and count."""
    from minjing.kernel.identity.providers import reading

    one, front, back, front_shot, back_shot = cards.pair(seed)
    began = time.monotonic()
    try:
        said = reading.read_card(front, back, today=cards.TODAY)
    except reading.Unread as unread:
        found.lines.append(f"{seed}: {unread.key}")
        said = None
    found.seconds.append(time.monotonic() - began)
    before = found.wrong
    for name, value in one.fields().items():
        found.fields += 1
        right = said is not None and said.value(name) == value
        asked = said is None or name in said.confirm
        found.asked += right and asked
        if not right:
            found.wrong += 1
            found.wrong_unasked += not asked
            found.by_field[name] += 1
            shot = back_shot if name in ("issuer", "valid_from", "valid_to") else front_shot
            got = said.value(name) if said else ""
            found.lines.append(f"{seed}: {name} {value!r} read {got!r}{'' if asked else ' UNASKED'} {shot}")
    found.whole += found.wrong == before


def run(say: Callable[[str], None]) -> list[Row]:
    """Read the set."""
    import django

    django.setup()
    from minjing.kernel.identity.providers import reading

    _, front, back, *_ = cards.pair(10_000)
    began = time.monotonic()
    reading.read_card(front, back, today=cards.TODAY)
    cold = time.monotonic() - began
    found = Found()
    for seed in range(CARDS):
        read(seed, found)
        if seed % 50 == 49:
            say(f"{seed + 1} cards, {found.wrong} of {found.fields} fields wrong")
    for line in found.lines:
        say(line)
    where = ", ".join(f"{name} {count}" for name, count in found.by_field.most_common()) or "none"
    right = 100 * (1 - found.wrong / found.fields)
    made = f"{CARDS} rendered cards, both sides; wrong: {where}"
    return [
        at_least("card: fields right", right, 99, "%", note=made),
        at_most("card: both sides, p50", median(found.seconds), 2, "s", note="warm, asked over the socket"),
        at_most("card: both sides, p95", percentile(found.seconds, 0.95), 2, "s"),
        Row("card: both sides, process started first", cold, None, None, "", None, "s"),
        at_most("card: wrong and not asked to confirm", 100 * found.wrong_unasked / found.fields, 0.2, "%"),
        Row("card: right but asked to confirm", 100 * found.asked / found.fields, None, None, "", None, "%"),
        Row("card: cards without any mistake", 100 * found.whole / CARDS, None, None, "", None, "%"),
    ]


__all__ = ["Found", "read", "run"]
