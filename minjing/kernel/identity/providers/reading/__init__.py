"""Reading of cards, zones, faces and photos. The engines run in a process of their own, started when first asked.

Nothing of numpy, OpenCV or onnxruntime is imported here: a web worker that asks stays as small as it was. The
pictures go over a Unix socket to the reading process (../engines/process.py), which is limited in memory and time,
has none of our keys, writes no file, reaches no network and ends after a minute without work. What it cannot do is
answered with Unread or NoEngine, and an officer compares instead.
"""

from __future__ import annotations

import base64
import dataclasses
import importlib.util
import time
from datetime import date
from typing import Any

from minjing.kernel.identity.providers.reading.client import Down, ask
from minjing.kernel.identity.rules.card import CardReading, Field, Remark
from minjing.kernel.identity.rules.faces import (
    STEP_OF,
    Doubt,
    FaceResult,
    NoEngine,
    Pose,
    Posed,
    answered,
    decide,
    doubt,
)
from minjing.kernel.identity.rules.mrz import Mrz
from minjing.kernel.identity.rules.photo import EXIT_ENTRY, PhotoSpec, remark

__all__ = [
    "CardReading", "Doubt", "FaceResult", "Mrz", "NoEngine", "Pose", "Posed", "Unread",
    "available", "check_photo", "check_pose", "compare_faces", "read_card", "read_mrz", "read_pose",
]  # fmt: skip


POSE_ENGINE = "dlib 5 points"


class Unread(Exception):
    """The picture was not read; `zh` and `en` say what to do. `key`: no_card, no_zone, not_a_picture, busy, broke."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key
        self.zh, self.en = _SENTENCES[key]


_SENTENCES = {
    "not_a_picture": (
        "这个文件打不开，或者图片太大。请换一张 JPEG 或 PNG 照片。",
        "The file cannot be opened or the picture is too large. Use a JPEG or PNG photo.",
    ),
    "no_card": (
        "照片里没有看到身份证。请把证件平放、四角都进画面，光线充足时重新拍。",
        "No identity card was seen. Lay it flat with all four corners in the picture and good light, and try again.",
    ),
    "no_zone": (
        "没有读到证件下方的机读码（带「<」的几行字）。请拍下整页，放平、拍清。",
        "The lines with “<” at the foot of the document were not read. Photograph the whole page, flat and sharp.",
    ),
    "busy": (
        "现在读证件的人多。请过一分钟再试，或者手工填写。",
        "Many are being read now. Try again in a minute, or type it.",
    ),
    "broke": (
        "机器没能读这张照片。请手工填写，由民警核对；也可以换一张再试。",
        "The machine could not read this photo. Type it, and an officer will check; or try another photo.",
    ),
    "too_slow": (
        "读这张照片花的时间太长，已经停下。请手工填写，由民警核对；也可以换一张小一些的。",
        "Reading took too long and was stopped. Type it, and an officer will check; or try a smaller photo.",
    ),
}


def read_card(front: bytes, back: bytes, *, today: date) -> CardReading:
    """Return what both sides of an identity card say, checked against each other. Raises Unread.

    The sides may come in either order. About 1 s of one core when warm, 3 s when the process must start.
    """
    said = _said(ask("card", {"today": today.isoformat()}, [front, back]))
    portrait = base64.b64decode(said["portrait"]) if said.get("portrait") else None
    return CardReading(
        fields={name: Field(**one) for name, one in said["fields"].items()},
        confirm=tuple(said["confirm"]),
        remarks=_remarks(said["remarks"]),
        engine=said["engine"],
        seconds=said["seconds"],
        portrait=portrait,
    )


def read_mrz(image: bytes, *, today: date) -> Mrz:
    """Return what the machine-readable zone of a passport or permit says. Raises Unread."""
    said = _said(ask("mrz", {"today": today.isoformat()}, [image]))
    for name in ("birth_date", "expiry_date"):
        said[name] = date.fromisoformat(said[name]) if said[name] else None
    tuples = {name: tuple(said[name]) for name in ("checked", "failed", "lines")}
    return Mrz(**{**said, **tuples, "remarks": _remarks(said["remarks"])})


def compare_faces(a: bytes, b: bytes) -> FaceResult | Doubt | NoEngine:
    """Compare the one face in each of two pictures of the same person, say a selfie and the card's portrait.

    The descriptors live in the reading process for the length of the call and are never returned or kept.
    """
    try:
        said = ask("faces", {}, [a, b])
    except Down as down:
        return NoEngine(down.reason)
    if "trouble" in said:
        known = said["trouble"]
        if known == "not_installed":
            return NoEngine(known)
        return doubt(
            "no_face" if known == "not_a_picture" else known,
            engine=said.get("engine", ""),
            version=said.get("version", ""),
            seconds=said.get("seconds", 0.0),
        )
    return decide(said["score"], said["engine"], said["version"], said["seconds"])


def read_pose(image: bytes) -> Pose | NoEngine:
    """Return how the face stands in the picture, for the steps of the challenge (`rules.faces.answered`)."""
    try:
        said = ask("pose", {}, [image])
    except Down as down:
        return NoEngine(down.reason)
    if said.get("trouble") == "not_installed":
        return NoEngine("not_installed")
    return Pose(0) if "trouble" in said else Pose(**said)


def check_pose(straight: bytes, turned: bytes, asked: str) -> Posed | Doubt | NoEngine:
    """Return whether the second picture does what was asked, seen against the first, straight one.

    `asked` is left, right (the person's own; pictures are not mirrored) or closer.
    """
    began = time.monotonic()
    looks: list[Pose] = []
    for image in (straight, turned):
        seen = read_pose(image)
        if isinstance(seen, NoEngine):
            return seen
        if seen.faces != 1:
            return doubt("many_faces" if seen.faces else "no_face", engine=POSE_ENGINE)
        looks.append(seen)
    followed = answered(STEP_OF[asked], looks[0], looks[1])
    return Posed(followed, POSE_ENGINE, round(time.monotonic() - began, 3))


def available() -> bool:
    """Return whether the extra `face` is installed, without loading it."""
    return all(importlib.util.find_spec(name) is not None for name in ("dlib", "face_recognition_models"))


def check_photo(image: bytes, spec: PhotoSpec = EXIT_ENTRY) -> list[Remark]:
    """Return what is wrong with a photo for a document, [] when nothing is. Nobody is recognised.

    Remarks whose `stops` is false are advice. When the machine is down, one remark says that an officer will look.
    """
    try:
        said = ask("photo", dataclasses.asdict(spec), [image])
    except Down:
        return [remark("face_unchecked")]
    if "trouble" in said:
        return [remark("unreadable")]
    return list(_remarks(said["remarks"]))


def _said(said: dict[str, Any]) -> dict[str, Any]:
    if "trouble" in said:
        raise Unread(said["trouble"])
    return said


def _remarks(said: list[dict[str, Any]]) -> tuple[Remark, ...]:
    return tuple(Remark(**{**one, "fields": tuple(one["fields"])}) for one in said)
