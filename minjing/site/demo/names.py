"""Made-up people: names from syllables, valid ID numbers, families that could be. Pure, and the same for one seed."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from minjing.base import idnumber

SURNAMES = (
    "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
    "汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
COMPOUND = ("欧阳", "司徒", "上官", "诸葛", "尉迟")
MALE_CHARS = "伟强磊军洋勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆晨轩泽睿航博文志远嘉天成家子思永国建宏海"
FEMALE_CHARS = "芳娜敏静丽艳娟霞秀燕玲桂英慧巧美雅芝萍红月彩春菊兰凤洁梅琳素云莲真环雪荣爱妹雨桐欣怡梦瑶佳诗涵"
# Characters that break careless software: beyond the first plane, or rare.
RARE = ("𬭎", "㛃", "䶮", "𠅤", "𣲗", "㙓", "燚", "垚")
FAR = (
    "阿依古丽·买买提", "迪丽热巴·艾合买提", "古力娜扎·吐尔逊", "买买提·艾力", "艾克拜尔·阿布都热依木",
    "扎西·顿珠", "卓玛·央金", "阿卜杜拉·木合塔尔",
)  # fmt: skip
# Where people who moved to the city were born (area codes of counties, GB/T 2260).
ELSEWHERE = (
    "430102", "430181", "430426", "420106", "420684", "360103", "360702", "450103", "450881", "510104", "510525",
    "500103", "410105", "411522", "340104", "340822", "320106", "330106", "350104", "350582", "440103", "440981",
    "441402", "445202", "610104", "370102", "210102", "230102", "520102", "530102",
)  # fmt: skip
GARDENS = (
    "翠景",
    "海韵",
    "云山",
    "丽景",
    "荔湾",
    "金湖",
    "碧海",
    "锦绣",
    "桃苑",
    "鹏程",
    "天健",
    "百合",
    "紫荆",
    "榕树",
)
ROADS = ("民安路", "和谐路", "同心路", "春风路", "深南支路", "海棠路", "木棉路", "勒杜鹃路", "荔枝路", "凤凰路")


@dataclass
class Someone:
    """A made-up person."""

    name: str
    sex: str
    birth: date
    id_number: str
    relation: str
    ethnicity: str = "01"
    marital: str = "10"
    spouse: str = ""
    father: str = ""
    mother: str = ""


@dataclass
class Family:
    """A made-up household."""

    address: str
    since: date
    people: list[Someone] = field(default_factory=list)


class Maker:
    """Makes people and families; every ID number once."""

    def __init__(self, seed: int, today: date) -> None:
        self.random = Random(seed)  # noqa: S311 - a demo must be the same each time
        self.today = today
        self._orders: dict[tuple[str, date], int] = {}

    def number(self, area: str, birth: date, sex: str) -> str:
        """Return a valid ID number that was not given out before."""
        key = (area + sex, birth)
        self._orders[key] = self._orders.get(key, self.random.randrange(20, 60) * 2) + 2
        return idnumber.compose(area, birth, self._orders[key] + (1 if sex == "1" else 0))

    def name(self, sex: str, surname: str = "") -> str:
        """Return a name; one in a hundred has a rare character, one in two hundred a dot."""
        chance = self.random.random()
        if not surname and chance < 0.005:
            return self.random.choice(FAR)
        family = surname or (
            self.random.choice(COMPOUND) if self.random.random() < 0.01 else self.random.choice(SURNAMES)
        )
        chars = MALE_CHARS if sex == "1" else FEMALE_CHARS
        given = self.random.choice(chars)
        if chance > 0.99:
            return family + given + self.random.choice(RARE)
        return family + given + (self.random.choice(chars) if self.random.random() < 0.75 else "")

    def day(self, first_year: int, last_year: int) -> date:
        """Return a day in these years, never after today."""
        first, last = date(first_year, 1, 1), min(date(last_year, 12, 31), self.today)
        return first + timedelta(days=self.random.randrange((last - first).days + 1))

    def someone(self, area: str, sex: str, birth: date, relation: str, surname: str = "") -> Someone:
        """Return a person; those born before they came have a number from elsewhere."""
        born_in = area if birth.year >= 2005 or self.random.random() < 0.3 else self.random.choice(ELSEWHERE)
        ethnicity = self.random.choice(("02", "03", "08", "11", "15")) if self.random.random() < 0.04 else "01"
        name = self.name(sex, surname)
        if "·" in name:
            ethnicity = "05" if "扎西" not in name and "卓玛" not in name else "04"
        return Someone(name, sex, birth, self.number(born_in, birth, sex), relation, ethnicity)

    def family(self, area: str, place: str) -> Family:
        """Return a family at a made-up address in `place`: one person, a couple, children, a grandparent."""
        address = self.address(place)
        family = Family(address, self.day(2001, 2024))
        head = self.someone(area, self.random.choice("112"), self.day(1955, 2000), "02")
        family.people.append(head)
        if self.random.random() < 0.14:
            return family
        spouse_sex = "2" if head.sex == "1" else "1"
        birth = head.birth + timedelta(days=self.random.randrange(-1200, 1200))
        spouse = self.someone(area, spouse_sex, birth, "12" if spouse_sex == "2" else "11")
        head.marital = spouse.marital = "20"
        head.spouse, spouse.spouse = spouse.id_number, head.id_number
        family.people.append(spouse)
        father, mother = (head, spouse) if head.sex == "1" else (spouse, head)
        for _ in range(self.random.choices((0, 1, 2, 3), (20, 45, 30, 5))[0]):
            self._child(family, area, father, mother)
        if self.random.random() < 0.15:
            self._grandparent(family, area, head)
        return family

    def _child(self, family: Family, area: str, father: Someone, mother: Someone) -> None:
        first, last = mother.birth.year + 22, min(mother.birth.year + 38, self.today.year)
        if first > last:
            return
        birth = self.day(first, last)
        if (self.today - birth).days > 30 * 365:
            return  # grown up and gone
        sex = self.random.choice("12")
        surname = father.name[:2] if father.name[:2] in COMPOUND else father.name[0]
        child = self.someone(
            area, sex, birth, "20" if sex == "1" else "30", surname if "·" not in father.name else ""
        )
        child.father, child.mother = father.id_number, mother.id_number
        family.people.append(child)

    def _grandparent(self, family: Family, area: str, head: Someone) -> None:
        sex = self.random.choice("12")
        birth = self.day(max(1935, head.birth.year - 34), max(1936, head.birth.year - 21))
        elder = self.someone(area, sex, birth, "51" if sex == "1" else "52")
        elder.marital = "30"
        if sex == "1":
            head.father = elder.id_number
        else:
            head.mother = elder.id_number
        family.people.append(elder)

    def address(self, place: str) -> str:
        """Return a made-up home in `place`."""
        road, garden = self.random.choice(ROADS), self.random.choice(GARDENS)
        house, block = self.random.randrange(1, 220), self.random.randrange(1, 19)
        room = f"{self.random.randrange(1, 32)}{self.random.choice('ABCDEF')}"
        return f"{place}{road}{house}号{garden}花园{block}栋{room}"
