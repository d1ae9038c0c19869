"""The travel documents of the demo: every state there is, with endorsements and crossings. All of it is made up."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

from minjing.base.clock import local_day
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import SYSTEM
from minjing.modules.exit_entry import queries, rules
from minjing.modules.exit_entry.actions import take_over
from minjing.modules.exit_entry.actions.take_over import Stocked
from minjing.modules.household import queries as register
from minjing.site.demo import residents

SEED = 20151028
HOLDERS = 3_000  # heads of households that have documents
PORTS = ("福田口岸", "罗湖口岸", "深圳湾口岸", "莲塘口岸", "深圳宝安机场", "西九龙站口岸")
KINDS = ("HK-G-3M1", "HK-G-3M2", "HK-G-1Y1", "HK-G-1Y2", "HK-G-1YM", "HK-L-1Y1")


def load(now: datetime, say: Callable[[str], None]) -> None:
    """Take over the documents of the demo; nothing if there are some already."""
    if queries.any_document():
        return
    dice = random.Random(SEED)  # noqa: S311 - a demo's dice
    today = local_day(now)
    stock = list(_known(today))
    have = {one.person_id for one in stock}
    for person_id, birth, org_id in register.heads_with_birth(HOLDERS):
        if person_id not in have:
            stock += _drawn(dice, person_id, birth, org_id, today)
    crossed = {
        one.person_id: _crossings(dice, one, today) for one in stock if one.kind == "hk_macao" and one.endorsed
    }
    many = take_over.take_over(stock, crossed, by=SYSTEM, now=now)
    say(f"{many} travel documents, {sum(map(len, crossed.values()))} border records")


def _known(today: date) -> Iterator[Stocked]:
    """Yield the documents of the residents one can be in the demo: one for each thing the pages can say."""

    def who(known: residents.Known) -> UUID:
        found = people.person_by_id_number(known.id_number)
        assert found is not None
        return found

    def ago(years: float) -> date:
        return today - timedelta(days=int(365.25 * years))

    lin, min_, chen = who(residents.LIN), who(residents.CHEN_DAUGHTER), who(residents.CHEN)
    # Lin's passport runs out within the year: the renewal of the README; his permit is for the endorsement online.
    yield Stocked(lin, 2, "passport", ago(9.5), 10)
    yield Stocked(lin, 2, "hk_macao", ago(4), 10, endorsed=[("HK-G-1Y2", "hongkong", ago(1.1))])
    yield Stocked(min_, 1, "passport", ago(12), 10)  # has run out
    yield Stocked(min_, 1, "hk_macao", ago(2), 10, endorsed=[("HK-G-1YM", "hongkong", ago(0.9))])
    yield Stocked(min_, 1, "taiwan", ago(3), 10, endorsed=[("TW-G-6M1", "taiwan", ago(1))])
    yield Stocked(chen, 1, "hk_macao", ago(8), 10, electronic=False, fingers_on_file=False)  # a booklet
    yield Stocked(who(residents.ZHENG), 2, "passport", ago(2), 10)
    yield Stocked(who(residents.WU), 2, "passport", ago(3), 10, state="lost")
    yield Stocked(who(residents.STUDENT), 3, "passport", ago(3), 5)
    yield Stocked(who(residents.RARE), 3, "hk_macao", ago(9.8), 10, endorsed=[("HK-G-3M1", "macao", ago(0.6))])


def _drawn(dice: random.Random, person_id: UUID, birth: date, org_id: int, today: date) -> list[Stocked]:
    """Return what somebody may have, with a few of the rarer states among them."""
    found = []
    if dice.random() < 0.7:
        issued = today - timedelta(days=dice.randrange(30, 365 * 10 + 200))
        state = dice.choices(("valid", "lost", "cancelled"), (94, 3, 3))[0]
        found.append(Stocked(person_id, org_id, "passport", issued, rules.years_valid(birth, issued), state))
    if dice.random() < 0.6:
        issued = today - timedelta(days=dice.randrange(30, 365 * 10 + 100))
        endorsed = [
            (dice.choice(KINDS), dice.choice(("hongkong", "macao")), max(issued, today - timedelta(days=400)))
        ]
        found.append(
            Stocked(
                person_id, org_id, "hk_macao", issued, rules.years_valid(birth, issued),
                electronic=dice.random() < 0.95, fingers_on_file=dice.random() < 0.93, endorsed=endorsed,
            )
        )  # fmt: skip
    if dice.random() < 0.08:
        issued = today - timedelta(days=dice.randrange(30, 365 * 8))
        found.append(Stocked(person_id, org_id, "taiwan", issued, rules.years_valid(birth, issued)))
    return found


def _crossings(dice: random.Random, one: Stocked, today: date) -> list[dict[str, str]]:
    """Return trips there and back within the endorsement's time."""
    rows = []
    for _ in range(dice.randrange(0, 4)):
        since = one.endorsed[0][2]
        day = min(today, since + timedelta(days=dice.randrange(0, 300)))
        port = dice.choice(PORTS)
        back = min(today, day + timedelta(days=dice.randrange(0, 6)))
        rows += [
            {"day": day.isoformat(), "way": "out", "port": port, "document": one.kind},
            {"day": back.isoformat(), "way": "in", "port": port, "document": one.kind},
        ]
    return rows
