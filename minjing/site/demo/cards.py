"""The ID cards of the residents one can be in the demo, for the stand-in of the card reader; none of them exists."""

from __future__ import annotations

import json
from pathlib import Path

from minjing.base import idnumber
from minjing.site.demo.residents import RESIDENTS, Known

ISSUERS = {"440303": "深圳市公安局罗湖分局", "440304": "深圳市公安局福田分局", "440305": "深圳市公安局南山分局"}
ELSEWHERE = "长沙市公安局芙蓉分局"


def lay_out(folder: Path) -> None:
    """Write the cards of the demo's residents into the stand-in's folder, before the ones it has drawn itself."""
    file = folder / "cards.json"
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    own = [_fields(known) for known in RESIDENTS]
    numbers = {card["id_number"] for card in own}
    cards = [*own, *(card for card in kept if card["id_number"] not in numbers)]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_text(json.dumps(cards, ensure_ascii=False, indent=1), encoding="utf-8")


def _fields(known: Known) -> dict[str, object]:
    number = known.id_number
    old = int(known.birth[:4]) <= 1979  # forty-six and older on the day of issue: valid for ever
    return {
        "name": known.name, "sex": "男" if known.sex == "1" else "女", "birth_date": known.birth,
        "address": "广东省深圳市福田区福田街道民安路88号", "id_number": number,
        "issuer": ISSUERS.get(number[:6], ELSEWHERE), "valid_from": "2021-05-10",
        "valid_to": "long_term" if old else "2041-05-10" if known.birth < "1995" else "2031-05-10",
        "face": int(idnumber.normalise(number)[:17]) % 10_000,
    }  # fmt: skip
