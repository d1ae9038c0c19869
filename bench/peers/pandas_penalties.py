"""The same rules as a data analyst writes them with plain pandas: rolling counts by vehicle, a table of fines, masks.

Look-backs are calendar months; pandas rolls by days, so time is laid on months of 31 days first, as ours does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

FINES = {
    "SZP01": 500, "SZP02": 300, "SZP05": 500, "SZP12": 300, "SZP14": 500, "SZP15": 300, "SZP18": 200, "SZP19": 500,
    "SZP20": 1000, "SZP03": 500,
}  # fmt: skip
STEPS = {"SZP01": 1000, "SZP02": 500, "SZP14": 1000}  # each from the third within a year
MONTH = pd.Timedelta(days=31)


def evaluated(columns: Any) -> tuple[Any, Any]:
    """Return fines in fen and whether each is but a warning."""
    frame = pd.DataFrame(
        {
            "subject": columns.subject,
            "at": pd.to_datetime(columns.at_us, unit="us") + pd.Timedelta(hours=8),
            "conduct": np.array(columns.names["conduct"])[columns.conduct],
            "accident": columns.accident,
            "local": columns.local,
            "held": columns.held_slot,
        }
    )
    frame["slot"] = _slots(frame["at"])
    frame["fine"] = frame["conduct"].map(FINES)
    for conduct, step in STEPS.items():
        mine = frame[frame["conduct"] == conduct]
        nth = mine.groupby("subject").rolling(12 * MONTH, on="slot")["fine"].count().to_numpy()
        frame.loc[mine.index[nth >= 3], "fine"] = step
        frame.loc[mine.index, "nth"] = nth
    clean = (frame["slot"] - frame.groupby("subject")["slot"].shift()) // MONTH
    held = (frame["slot"].astype("int64") + _BASE_US - frame["held"]) // (31 * 86_400_000_000)
    suspends = (frame["conduct"] == "SZP01") & (frame["nth"] >= 5)
    warned = (
        (clean.isna() | (clean >= 24)) & (held >= 24) & frame["local"] & ~frame["accident"] & (frame["fine"] <= 500)
        & ~suspends
    )  # fmt: skip
    return frame["fine"].mask(warned, 0).to_numpy() * 100, warned.to_numpy()


# Months of 31 days counted from 1970: what `columns.held_slot` counts from the year 0.
_BASE_US = 1970 * 12 * 31 * 86_400_000_000


def _slots(at: Any) -> Any:
    months = (at.dt.year.astype("int64") - 1970) * 12 + at.dt.month - 1
    days = months.astype("int64") * 31 + at.dt.day - 1
    return pd.to_datetime(days * 86_400_000_000 + (at - at.dt.normalize()) // pd.Timedelta(microseconds=1), unit="us")
