"""The people of the journeys: synthetic, with ID numbers that are well formed and nobody's."""

import secrets
import time
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO

from PIL import Image, ImageDraw

from minjing.base.idnumber import compose
from minjing.site.demo.officers import PASSWORD, TOTP_SECRET
from minjing.site.demo.residents import LIN
from minjing.site.journey import totp

SPOUSE_HERE = LIN  # registered at Futian, household 602000001
STATION = "440304004"
HOUSEHOLD = "602000001"


@dataclass(frozen=True)
class Resident:
    """Somebody from elsewhere who is married to Lin and wants to move in."""

    name: str
    id_number: str
    phone: str

    def answers(self) -> dict[str, str]:
        """Return what goes into the form of 夫妻投靠入户, by the names of its fields."""
        return {
            "applying_as": "mover",
            "person_name": self.name,
            "person_id": self.id_number,
            "person_sex": "2",
            "person_ethnicity": "01",
            "origin_addr": "湖南省长沙市芙蓉区示范路 1 号",
            "spouse_name": SPOUSE_HERE.name,
            "spouse_id": SPOUSE_HERE.id_number,
            "married_on-y": "2019",
            "married_on-m": "5",
            "married_on-d": "20",
            "marriage_cert_no": "J440304-2019-000001",
            "landing_household_no": HOUSEHOLD,
            "relation": "other",
            "head_agrees": "yes",
            "minor_children_along": "no",
            "office": STATION,
            "delivery": "electronic",
            "contact_phone": self.phone,
            "data_consent": "yes",
        }


def newcomer(name: str = "苏晚晴") -> Resident:
    """Return a new resident each time, so that a journey can be walked again on the same database."""
    born = date(1993, 1, 1) + timedelta(days=secrets.randbelow(2000))
    number = compose("430102", born, 2 * secrets.randbelow(400) + 2)
    return Resident(name, number, f"199{secrets.randbelow(10**8):08d}")


def photo(words: str) -> bytes:
    """Return a photo of a paper, different each time."""
    picture = Image.new("RGB", (900, 640), "#F4EFE2")
    ImageDraw.Draw(picture).text((60, 60), f"{words}\n{secrets.token_hex(8)}", fill="#333333")
    kept = BytesIO()
    picture.save(kept, "JPEG")
    return kept.getvalue()


__all__ = ["PASSWORD", "SPOUSE_HERE", "TOTP_SECRET", "Resident", "newcomer", "now_code", "photo"]


def now_code(drift_s: int = 0) -> str:
    """Return the officers' time code."""
    return totp(TOTP_SECRET, time.time() + drift_s)
