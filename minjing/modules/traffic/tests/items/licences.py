"""Class B: licences and tests."""

from __future__ import annotations

from datetime import date

from minjing.modules.traffic.tests.items.given import learning, licence_is, with_booking
from minjing.modules.traffic.tests.items.spec import Spec, filed, given_up, holds, licensed, on_file, says, subject_is
from minjing.modules.traffic.tests.items_world import SU

S = Spec
LEARNER = {"given": learning, "by": SU}

SPECS: dict[str, Spec] = {
    "B01": S({"class_wanted": "C1"}, by=SU, fee=1000, after=filed("learner")),
    "B02": S({"class_wanted": "D"}, fee=1000, after=filed("learner")),
    "B03": S({"military_class": "B2"}, by=SU, fee=1000, after=licensed("B2")),
    "B04": S({"class_wanted": "C1"}, by=SU, fee=1000, after=licensed("C1")),
    "B05": S({"hk_class": "3"}, by=SU, fee=1000, after=licensed("D")),
    "B06": S(by=SU, fee=1000),
    "B07": S(**LEARNER, after=subject_is("1")),
    "B08": S(**LEARNER, after=subject_is("2")),
    "B09": S(**LEARNER, after=subject_is("3")),
    "B10": S(**LEARNER, after=subject_is("4")),
    "B11": S(given=with_booking, by=SU, after=given_up),
    "B12": S({"subject": "one"}, given=with_booking, by=SU, after=says("已预约")),
    "B13": S({"subject": "two"}, fee=15000, **LEARNER),
    "B14": S(**LEARNER),
    "B15": S(**LEARNER),
    "B16": S({"class_wanted": "C2"}, **LEARNER, after=filed("learner")),
    "B17": S(**LEARNER, fee=1000),
    "B18": S({"photo_on_file": True}, fee=1000, after=holds(valid_until_date=date(2036, 12, 20))),
    "B19": S({"class_held": "A2", "first_issued": "2015-05-01"}, by=SU, fee=1000, after=licensed("A2")),
    "B20": S(fee=1000, after=on_file("licence_particulars", "licence_paper")),
    "B21": S(fee=1000, after=on_file("exchange_damaged", "licence_paper")),
    "B22": S(fee=1000, after=on_file("replace_lost", "licence_paper")),
    "B23": S(fee=1000, after=holds(classes="C2")),
    "B24": S(fee=1000, after=holds(classes="C2")),
    "B25": S(fee=1000, after=holds(classes="C2")),
    "B26": S(after=holds(valid_until_date=date(2027, 6, 30))),
    "B27": S(after=holds(checkup_due_date=date(2027, 6, 30))),
    "B28": S(after=holds(checkup_due_date=date(2027, 6, 30))),
    "B29": S(after=holds(checkup_due_date=date(2027, 11, 27))),
    "B30": S(after=holds(checkup_due_date=date(2027, 11, 27))),
    "B31": S({"district": "futian"}, after=says("福田区第二人民医院")),
    "B32": S(after=holds(status="cancelled")),
    "B33": S(given=licence_is(status="cancelled"), fee=1000, after=holds(status="valid")),
    "B34": S(given=licence_is(status="cancelled"), fee=1000, after=holds(status="valid")),
    "B35": S(fee=1000, after=on_file("school_bus_driver")),
}
