"""What was noticed about a batch, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# {…} are fields of the finding.
SENTENCES = {
    "clock": (
        "发送方时钟与本平台相差约 {off} 分钟，整批先不采用，待人工核定。",
        "The sender’s clock is off by about {off} minutes; the batch is held until somebody decides.",
    ),
    "gcj02": (
        "任务 {mission} 的轨迹自称 WGS-84，却像是 GCJ-02（{as_gcj02} 处吻合，按 WGS-84 只有 {as_sent} 处），"
        "整批先不采用。",
        "The track of mission {mission} says WGS-84 and looks like GCJ-02 ({as_gcj02} places agree, as WGS-84"
        " {as_sent}); the batch is held.",
    ),
    "late": ("晚到 {late} 分钟，已按时间补入并重新比对。", "Late by {late} minutes: put in place and matched again."),
    "repeated": (
        "任务 {mission} 有 {count} 个重复定位点，已略去。",
        "Mission {mission}: {count} repeated fixes left out.",
    ),
    "contradicting": (
        "任务 {mission} 有 {count} 处同一时刻位置不一，以先到为准。",
        "Mission {mission}: {count} instants with two positions; the first counts.",
    ),
    "jumps": ("任务 {mission} 有 {count} 个跳变点，已略去。", "Mission {mission}: {count} jumps left out."),
    "breaks": (
        "任务 {mission} 的轨迹有 {count} 处断开，断开处不连线。",
        "Mission {mission}: broken in {count} places; no line is drawn across.",
    ),
    "unordered": ("任务 {mission} 的定位点乱序，已排序。", "Mission {mission}: fixes out of order; sorted."),
}


def said_of(finding: Mapping[str, Any]) -> dict[str, str]:
    """Return the sentence for a finding in both languages."""
    zh, en = SENTENCES[finding["code"]]
    values = {"mission": "", "count": 0, "as_sent": 0, "as_gcj02": 0, **finding}
    values["off"] = round(values.get("off_s", 0) / 60)
    values["late"] = round(values.get("late_s", 0) / 60)
    return {"zh": zh.format(**values), "en": en.format(**values)}
