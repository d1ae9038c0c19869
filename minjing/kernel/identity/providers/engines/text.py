"""Text in a picture by RapidOCR. The models are those inside its wheel, named by path: nothing is ever fetched."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from minjing.kernel.identity.providers.engines.pictures import Picture, half_turn, quarter_turn, turned
from minjing.kernel.identity.rules.card_text import Line

DET, REC, CLS = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx", "ch_ppocr_mobile_v2.0_cls_mobile.onnx"
SKEW_MIN_DEG = 2.0
ASKED_FOR_UP = 5  # lines asked which way is up


def name() -> str:
    """Return the engine with its version, for the record."""
    return f"rapidocr {version('rapidocr')} {Path(REC).stem}"


@cache
def _engine() -> Any:
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.model_root_dir": str(models),
            "Global.text_score": 0.0,  # what is doubtful is shown as doubtful, not left out
            "Det.model_path": str(models / DET),
            "Rec.model_path": str(models / REC),
            "Cls.model_path": str(models / CLS),
            # One core reads while the other serves the pages; a second thread mostly waits, at full speed.
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "Rec.rec_batch_num": 1,  # lines of different lengths would be padded to the longest
            "Det.limit_side_len": 576,  # a card is looked at as it was cut out
            "Det.limit_type": "min",
        }
    )


def lines(picture: Picture, long: float = 0.0) -> tuple[list[Line], Picture]:
    """Return the lines of text, boxes in parts of the width, and the picture as it was turned to be upright.

    With `long`, only lines so many times as wide as high are read: a zone's, without the page above it.
    """
    engine = _engine()
    crops, boxes = _found(engine, picture)
    if not crops:
        return [], picture
    straight = _straightened(picture, boxes)
    if straight is not None:
        picture = straight
        crops, boxes = _found(engine, picture)
        if not crops:
            return [], picture
    if long:
        kept = [at for at, box in enumerate(boxes) if _span(box)[0] >= long * _span(box)[1]]
        crops, boxes = [crops[at] for at in kept], [boxes[at] for at in kept]
        if not crops:
            return [], picture
    if _upside_down(engine, crops):
        picture = half_turn(picture)
        height, width = picture.shape[:2]
        boxes = [np.roll(np.array([width, height], np.float32) - box, 2, axis=0) for box in boxes]
        crops = [half_turn(crop) for crop in crops]
    return _read(engine, crops, boxes, picture.shape[1]), picture


def _found(engine: Any, picture: Picture) -> tuple[list[Picture], list[Any]]:
    from rapidocr.main import RapidOCRError

    try:
        crops, said = engine.detect_and_crop(picture, {"preprocess": {"ratio_h": 1.0, "ratio_w": 1.0}})
    except RapidOCRError:
        return [], []
    return list(crops), list(said.boxes)


def _straightened(picture: Picture, boxes: list[Any]) -> Picture | None:
    """Return the picture turned so that its text runs across, None when it does already."""
    tall = sum(_span(box)[1] > 1.5 * _span(box)[0] for box in boxes)
    if tall > len(boxes) / 2:
        return quarter_turn(picture)
    long = [box for box in boxes if _span(box)[0] > 4 * _span(box)[1]]
    if not long:
        return None
    slopes = [np.degrees(np.arctan2(box[1][1] - box[0][1], box[1][0] - box[0][0])) for box in long]
    slope = float(np.median(slopes))
    return turned(picture, slope) if SKEW_MIN_DEG < abs(slope) < 45 else None


def _span(box: Any) -> tuple[float, float]:
    """Return width and height of a box along its own sides."""
    return float(np.linalg.norm(box[1] - box[0])), float(np.linalg.norm(box[3] - box[0]))


def _upside_down(engine: Any, crops: list[Picture]) -> bool:
    wide = sorted(crops, key=lambda crop: -crop.shape[1] / crop.shape[0])[:ASKED_FOR_UP]
    _, said = engine.cls_and_rotate([crop.copy() for crop in wide])
    turned = sum(score if way == "180" else -score for way, score in said.cls_res)
    return bool(turned > 0)


def _read(engine: Any, crops: list[Picture], boxes: list[Any], width: int) -> list[Line]:
    said = engine.recognize_txt(crops)
    found = []
    for box, text, score in zip(boxes, said.txts, said.scores, strict=True):
        if text.strip():
            left, top = (box.min(axis=0) / width).tolist()
            right, bottom = (box.max(axis=0) / width).tolist()
            found.append(Line(text, float(score), left, top, right, bottom))
    return found


def quiet() -> None:
    """Let OpenCV use one thread beside onnxruntime's: two cores serve the city's pages as well."""
    cv2.setNumThreads(1)
