"""What the machine in a hall issues at once: the certificate of one's own entries, by two large buttons."""

from collections.abc import Mapping
from typing import Any

from minjing.portals.kiosk.plugs import AtOnce

# Who receives it stands on the certificate; at a machine nobody types it, so it follows from what it is for.
RECIPIENTS = {
    "school": "学校",
    "work": "用人单位",
    "housing": "房屋管理部门",
    "inheritance": "公证机构",
    "social": "社会保险经办机构",
    "court": "人民法院",
}


def _follows(said: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"recipient": RECIPIENTS[str(said["purpose"])]}


CERTIFICATE = AtOnce(
    code="HZ1003",
    asks=("certificate_kind", "purpose"),
    fixed={"for_whom": "self", "delivery": "electronic", "data_consent": True},
    follows=_follows,
    # Past changes go to an officer, and what else it is for would have to be typed.
    leaves_out=frozenset({("certificate_kind", "history"), ("purpose", "other")}),
)
