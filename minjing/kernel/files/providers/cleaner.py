"""Starts the cleaning of one file in a process of its own: limited in memory and time, without our keys."""

import json
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from minjing.kernel.files.errors import Refused
from minjing.kernel.files.rules import (
    IMAGES,
    PAGES_MAX,
    PIXELS_MAX,
    SIDE_MAX,
    THUMBNAIL_SIDE,
    Cleaned,
)

PROGRAM = Path(__file__).with_name("cleaning.py")
MEMORY_MB, CPU_S, WALL_S = 1000, 20, 40  # enough for the largest picture that is taken
AT_ONCE = 2  # of one process of ours: what is being decoded bounds the memory of the machine
WAIT_S = 60.0
HEAD_MAX = 10_000

_turns = BoundedSemaphore(AT_ONCE)


def clean(content: bytes, kind: str, side_max: int = SIDE_MAX) -> Cleaned:
    """Return the file written anew, no side over `side_max` pixels. Raises Refused.

    `kind` is a key of IMAGES or "pdf".
    """
    if not _turns.acquire(timeout=WAIT_S):
        raise Refused("too_complex")
    try:
        said, rest = _run(content, "PDF" if kind == "pdf" else IMAGES[kind], side_max)
    finally:
        _turns.release()
    if "fault" in said:
        raise Refused(said.pop("fault"), **said, limit_mp=PIXELS_MAX // 1_000_000, limit_pages=PAGES_MAX)
    kept, small = rest[: said["content"]], rest[said["content"] :]
    return Cleaned(
        kind="pdf" if kind == "pdf" else "image",
        media_type="application/pdf" if kind == "pdf" else "image/jpeg",
        content=kept,
        thumbnail=small or None,
        pages=said["pages"],
        width=said["width"],
        height=said["height"],
    )


def _run(content: bytes, form: str, side_max: int) -> tuple[dict[str, Any], bytes]:
    ask = {
        "format": form,
        "pixels_max": PIXELS_MAX,
        "side_max": side_max,
        "thumbnail_side": THUMBNAIL_SIDE,
        "pages_max": PAGES_MAX,
        "memory_mb": MEMORY_MB,
        "cpu_s": CPU_S,
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own program, our own argument
            [sys.executable, "-I", str(PROGRAM), json.dumps(ask)],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=WALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refused("too_complex") from None
    head, line_end, rest = done.stdout.partition(b"\n")
    if done.returncode != 0 or not line_end or len(head) > HEAD_MAX:
        raise Refused("too_complex")  # out of memory or time, or the decoder itself fell
    said = json.loads(head)
    if "fault" not in said and len(rest) != said["content"] + said["thumbnail"]:
        raise Refused("too_complex")
    return said, rest
