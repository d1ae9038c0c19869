"""Specimen identity cards: made-up people, drawn faces, the layout of the real card. For the stand-in card reader,
tests and the benchmark. Pillow and the standard library only.

Nobody is shown: each face is drawn from a number. ID numbers carry a right check character and an area code ending in
99, which GB/T 2260 gives to no district: they belong to nobody. No emblem is drawn, and each side says so (样本).
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from minjing.base import idnumber

WIDTH, HEIGHT = 1011, 638  # 85.6 × 54 mm at 300 dpi
FONTS = Path(__file__).resolve().parents[3] / "papers" / "fonts"
SANS, SERIF = "NotoSansCJKsc-Bold.otf", "NotoSerifCJKsc-Regular.otf"
INK, LABEL = "#1d1d1f", "#3a6f9e"
ADDRESS_CHARS = 11  # a line of the address

SURNAMES = (
    "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
)
COMPOUND = ("欧阳", "司徒", "上官", "诸葛", "尉迟")
GIVEN = (
    "伟强磊军洋勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆晨轩泽睿航博文志远嘉天成家子思永国建宏海芳娜敏静丽艳娟霞秀燕玲桂"
    "英慧巧美雅芝萍红月彩春菊兰凤洁梅琳素云莲真环雪荣爱妹雨桐欣怡梦瑶佳诗涵"
)
FAR = ("阿依古丽·买买提", "迪丽热巴·艾合买提", "买买提·艾力", "扎西·顿珠", "卓玛·央金", "阿卜杜拉·木合塔尔")
# Where a card is issued: province with its city and district as the address writes them, the issuer, the area's first
# four digits. Real places, so that the text is real; the numbers made from them are not.
PLACES = (
    ("广东省深圳市福田区", "深圳市公安局福田分局", "4403"),
    ("广东省深圳市南山区", "深圳市公安局南山分局", "4403"),
    ("广东省深圳市龙岗区", "深圳市公安局龙岗分局", "4403"),
    ("广东省广州市越秀区", "广州市公安局越秀区分局", "4401"),
    ("广东省梅州市梅县区", "梅州市公安局梅县区分局", "4414"),
    ("湖南省长沙市芙蓉区", "长沙市公安局芙蓉分局", "4301"),
    ("湖南省衡阳市祁东县", "祁东县公安局", "4304"),
    ("湖北省武汉市武昌区", "武汉市公安局武昌分局", "4201"),
    ("江西省赣州市章贡区", "赣州市公安局章贡分局", "3607"),
    ("四川省成都市锦江区", "成都市公安局锦江分局", "5101"),
    ("河南省信阳市固始县", "固始县公安局", "4115"),
    ("安徽省安庆市怀宁县", "怀宁县公安局", "3408"),
    ("福建省泉州市晋江市", "晋江市公安局", "3505"),
    ("北京市朝阳区", "北京市公安局朝阳分局", "1101"),
    ("上海市浦东新区", "上海市公安局浦东分局", "3101"),
    ("重庆市渝中区", "重庆市公安局渝中区分局", "5001"),
    ("新疆喀什地区莎车县", "莎车县公安局", "6531"),
    ("西藏拉萨市城关区", "拉萨市公安局城关分局", "5401"),
)
ROADS = (
    "民安路",
    "和谐路",
    "同心路",
    "春风路",
    "深南支路",
    "海棠路",
    "木棉路",
    "勒杜鹃路",
    "荔枝路",
    "凤凰大道",
    "人民北路",
)
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
NATIONS = ("汉", "汉", "汉", "汉", "壮", "回", "土家", "维吾尔", "藏", "苗")


@dataclass(frozen=True, slots=True)
class Holder:
    """The made-up holder of a card. `valid_to` None: 长期."""

    name: str
    sex: str
    nation: str
    birth: date
    address: str
    number: str
    issuer: str
    valid_from: date
    valid_to: date | None
    face: int

    def fields(self) -> dict[str, str]:
        """Return what a reading must say, by the names of rules.card."""
        return {
            "name": self.name,
            "sex": self.sex,
            "birth_date": self.birth.isoformat(),
            "address": self.address,
            "id_number": self.number,
            "issuer": self.issuer,
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else "long_term",
        }


def holder(drawn: random.Random, today: date) -> Holder:
    """Return somebody whose card is valid today."""
    sex = drawn.choice("男女")
    age_days = drawn.randint(3, 85) * 365 + drawn.randint(1, 364)
    birth = today - timedelta(days=age_days)
    place, issuer, area = drawn.choice(PLACES)
    number = idnumber.compose(f"{area}99", birth, drawn.randint(0, 499) * 2 + (sex == "男"))
    valid_from, valid_to = _period(drawn, birth, today)
    return Holder(
        name=_name(drawn),
        sex=sex,
        nation=drawn.choice(NATIONS),
        birth=birth,
        address=place + _street(drawn),
        number=number,
        issuer=issuer,
        valid_from=valid_from,
        valid_to=valid_to,
        face=drawn.randint(0, 10**9),
    )


def _name(drawn: random.Random) -> str:
    if drawn.random() < 0.04:
        return drawn.choice(FAR)
    surname = drawn.choice(COMPOUND) if drawn.random() < 0.05 else drawn.choice(SURNAMES)
    return surname + "".join(drawn.choice(GIVEN) for _ in range(1 if drawn.random() < 0.2 else 2))


def _street(drawn: random.Random) -> str:
    kind = drawn.random()
    road = drawn.choice(ROADS)
    if kind < 0.45:
        house = f"{drawn.choice(GARDENS)}花园{drawn.randint(1, 28)}栋{drawn.randint(101, 3204)}"
        return f"{road}{drawn.randint(1, 399)}号{house}"
    if kind < 0.7:
        flat = f"{drawn.choice('ABCDE')}座{drawn.randint(101, 2904)}房"
        return f"{road}{drawn.randint(1, 2999)}号{drawn.randint(1, 9)}栋{flat}"
    if kind < 0.9:
        return (
            f"{drawn.choice(GARDENS)}街道{drawn.choice(GARDENS)}村{drawn.randint(1, 12)}组{drawn.randint(1, 199)}号"
        )
    return f"{road}{drawn.randint(1, 99)}号"


def _period(drawn: random.Random, birth: date, today: date) -> tuple[date, date | None]:
    """Return a period that fits the age, as rules.card has it, and holds today."""
    for _ in range(1000):
        start = today - timedelta(days=drawn.randint(10, 19 * 365))
        if start <= birth + timedelta(days=200) or start < date(2005, 1, 1):
            continue
        age = start.year - birth.year - ((start.month, start.day) < (birth.month, birth.day))
        years = 5 if age < 16 else 10 if age <= 25 else 20 if age <= 45 else None
        if years is None:
            return start, None
        if (start.month, start.day) != (2, 29) and start.replace(year=start.year + years) > today:
            return start, start.replace(year=start.year + years)
    start = today - timedelta(days=30)
    return start, start.replace(year=start.year + 5)


# --- the card --------------------------------------------------------------------------------------------------


def front(one: Holder, fonts: Path = FONTS, serif: bool = False) -> Image.Image:
    """Return the side with the portrait."""
    card, pen = _sheet(one.face, "#e9eff1", "#dfe9e4")
    text, label, digits = _fonts(fonts, serif)
    for left, top, words in (
        (58, 76, "姓名"), (58, 156, "性别"), (272, 156, "民族"), (58, 232, "出生"), (58, 312, "住址"),
        (58, 542, "公民身份号码"),
    ):  # fmt: skip
        pen.text((left, top), words, font=label, fill=LABEL)
    pen.text((170, 68), one.name, font=text if len(one.name) < 9 else label, fill=INK)
    pen.text((170, 150), one.sex, font=text, fill=INK)
    pen.text((356, 150), one.nation, font=text, fill=INK)
    _birth(pen, one.birth, text, label)
    for row, start in enumerate(range(0, len(one.address), ADDRESS_CHARS)):
        pen.text((170, 306 + row * 50), one.address[start : start + ADDRESS_CHARS], font=text, fill=INK)
    for at, char in enumerate(one.number):
        pen.text((330 + at * 32.5, 534), char, font=digits, fill=INK)
    portrait = face(one.face, one.sex, (300, 375))
    card.paste(portrait, (655, 82), _fade(portrait.size))
    pen.text((890, 600), "样本 SPECIMEN", font=ImageFont.truetype(str(fonts / SANS), 13), fill="#7f9aa8")
    return card


def back(one: Holder, fonts: Path = FONTS, serif: bool = False) -> Image.Image:
    """Return the side with the issuer and the period."""
    card, pen = _sheet(one.face + 1, "#e7eef2", "#efe6e4")
    text, label, _ = _fonts(fonts, serif)
    pen.ellipse((62, 60, 202, 200), outline="#b4544a", width=4)  # where the emblem is on a real card
    pen.text((98, 108), "样本", font=label, fill="#b4544a")
    title = ImageFont.truetype(str(fonts / SANS), 52)
    large = ImageFont.truetype(str(fonts / SANS), 78)
    pen.text((330, 66), "中华人民共和国", font=title, fill=INK)
    pen.text((330, 150), "居民身份证", font=large, fill=INK)
    pen.text((236, 452), "签发机关", font=label, fill=INK)
    pen.text((392, 448), one.issuer, font=text, fill=INK)
    pen.text((236, 532), "有效期限", font=label, fill=INK)
    end = f"{one.valid_to:%Y.%m.%d}" if one.valid_to else "长期"
    pen.text((392, 528), f"{one.valid_from:%Y.%m.%d}-{end}", font=text, fill=INK)
    pen.text((890, 600), "样本 SPECIMEN", font=ImageFont.truetype(str(fonts / SANS), 13), fill="#7f9aa8")
    return card


def _birth(
    pen: ImageDraw.ImageDraw, birth: date, text: ImageFont.FreeTypeFont, label: ImageFont.FreeTypeFont
) -> None:
    x = 170.0
    for value, unit in ((birth.year, "年"), (birth.month, "月"), (birth.day, "日")):
        pen.text((x, 226), str(value), font=text, fill=INK)
        x += pen.textlength(str(value), font=text) + 10
        pen.text((x, 232), unit, font=label, fill=LABEL)
        x += pen.textlength(unit, font=label) + 14


def _fonts(fonts: Path, serif: bool) -> tuple[ImageFont.FreeTypeFont, ImageFont.FreeTypeFont, ImageFont.FreeTypeFont]:
    face_file = str(fonts / (SERIF if serif else SANS))
    return (
        ImageFont.truetype(face_file, 37),
        ImageFont.truetype(face_file, 28),
        ImageFont.truetype(str(fonts / SANS), 42),
    )


def _sheet(seed: int, left: str, right: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return a card's ground: two tints, fine wavy lines, round corners left square."""
    ramp = Image.linear_gradient("L").rotate(90).resize((WIDTH, HEIGHT))
    card = Image.composite(Image.new("RGB", (WIDTH, HEIGHT), right), Image.new("RGB", (WIDTH, HEIGHT), left), ramp)
    pen = ImageDraw.Draw(card)
    phase = seed % 628 / 100
    for row in range(-20, HEIGHT + 20, 9):
        points = [(x, row + 7 * math.sin(x / 90 + phase + row / 50)) for x in range(0, WIDTH + 12, 12)]
        pen.line(points, fill="#d3e0e4" if row % 2 else "#e6dfdf", width=1)
    return card, pen


def _fade(size: tuple[int, int]) -> Image.Image:
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rectangle((4, 4, size[0] - 5, size[1] - 5), fill=255)
    return mask.filter(ImageFilter.GaussianBlur(2))


# --- the face --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class View:
    """How a drawn face is seen: turned (−1 to 1, positive to its own left), lit from, grown or moved."""

    yaw: float = 0.0
    roll_deg: float = 0.0
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    light: float = 0.0
    smile: float = 0.0
    ground: str = "#f4f5f6"


STRAIGHT = View()


def face(seed: int, sex: str, size: tuple[int, int], view: View = STRAIGHT) -> Image.Image:
    """Return the drawn head and shoulders that belong to the number; nobody's likeness."""
    drawn = random.Random(seed)  # noqa: S311 - a face must be the same each time
    big = 2
    width, height = size[0] * big, size[1] * big
    picture = Image.new("RGB", (width, height), view.ground)
    head = _Head(drawn, sex, width, height, view)
    head.paint(picture)
    if view.roll_deg:
        picture = picture.rotate(view.roll_deg, Image.Resampling.BICUBIC, fillcolor=view.ground)
    picture = _lit(picture, view.light)
    return picture.resize(size, Image.Resampling.LANCZOS)


def _lit(picture: Image.Image, light: float) -> Image.Image:
    if not light:
        return picture
    ramp = Image.linear_gradient("L").rotate(90 if light > 0 else -90).resize(picture.size)
    darker = ramp.point(lambda v: int(255 - abs(light) * (255 - v) * 0.6))
    return ImageChops.multiply(picture, Image.merge("RGB", (darker,) * 3))


class _Head:
    """One face's own measures, drawn from its number, and how to paint it."""

    def __init__(self, drawn: random.Random, sex: str, width: int, height: int, view: View) -> None:
        part = drawn.uniform
        self.view, self.sex = view, sex
        self.unit = width * 0.29 * view.scale  # half the width of the head
        self.cx = width * (0.5 + view.shift[0])
        self.cy = height * (0.46 + view.shift[1])
        self.long = part(1.25, 1.45)
        self.jaw = part(0.72, 0.95)
        self.eyes_at, self.eye_gap = part(-0.14, -0.02), part(0.36, 0.46)
        self.eye_wide, self.eye_high = part(0.15, 0.21), part(0.055, 0.095)
        self.brow_up, self.brow_thick, self.brow_tilt = part(0.17, 0.25), part(0.03, 0.075), part(-0.05, 0.06)
        self.nose_long, self.nose_wide = part(0.40, 0.54), part(0.13, 0.22)
        self.mouth_at, self.mouth_wide, self.lip = part(0.68, 0.80), part(0.24, 0.36), part(0.05, 0.10)
        red = drawn.randint(196, 236)
        self.skin = (red, int(red * part(0.78, 0.86)), int(red * part(0.62, 0.74)))
        self.hair = drawn.choice(((28, 24, 24), (44, 34, 30), (20, 20, 26), (70, 66, 64)))
        self.hair_line, self.hair_side = part(0.62, 0.86), part(0.0, 0.3) if sex == "男" else part(0.5, 1.1)
        self.glasses = drawn.random() < 0.2
        self.coat = drawn.choice(((40, 52, 78), (70, 42, 46), (34, 60, 54), (58, 58, 62), (96, 84, 70)))

    def at(self, x: float, y: float, depth: float = 0.0) -> tuple[float, float]:
        """Return the place of a point of the face: the nearer to us, the farther it moves when the head turns."""
        turned = self.view.yaw
        return self.cx + self.unit * (x * (1 - 0.25 * abs(turned)) + turned * (0.25 + depth)), self.cy + self.unit * y

    def oval(self, x: float, y: float, rx: float, ry: float, depth: float = 0.0) -> tuple[float, float, float, float]:
        """Return the box of an ellipse around a point of the face."""
        cx, cy = self.at(x, y, depth)
        rx, ry = rx * self.unit * (1 - 0.25 * abs(self.view.yaw)), ry * self.unit
        return cx - rx, cy - ry, cx + rx, cy + ry

    def paint(self, picture: Image.Image) -> None:
        """Paint from the back to the front."""
        self._shoulders(picture)
        self._skull(picture)
        for side in (-1, 1):
            self._eye(picture, side)
        self._nose(picture)
        self._mouth(picture)
        if self.glasses:
            self._glasses(ImageDraw.Draw(picture))

    def tone(self, by: float) -> tuple[int, int, int]:
        """Return the skin lighter or darker."""
        red, green, blue = (max(0, min(255, int(part * by))) for part in self.skin)
        return red, green, blue

    def _soft(
        self, picture: Image.Image, box: tuple[float, ...], fill: tuple[int, int, int], blur: float, much: float
    ) -> None:
        mask = Image.new("L", picture.size, 0)
        ImageDraw.Draw(mask).ellipse(box, fill=int(255 * much))
        mask = mask.filter(ImageFilter.GaussianBlur(blur * self.unit))
        picture.paste(Image.new("RGB", picture.size, fill), (0, 0), mask)

    def _shoulders(self, picture: Image.Image) -> None:
        pen = ImageDraw.Draw(picture)
        u, height = self.unit, picture.size[1]
        neck = self.cy + 1.1 * u
        if self.hair_side > 0.45:
            pen.ellipse(self.oval(0, 0.35, 1.18, self.hair_side + 0.9), fill=self.hair)
        pen.rectangle((self.cx - 0.5 * u, neck, self.cx + 0.5 * u, neck + 0.9 * u), fill=self.tone(0.82))
        pen.ellipse((self.cx - 2.1 * u, neck + 0.45 * u, self.cx + 2.1 * u, height + 2.5 * u), fill=self.coat)
        pen.polygon(
            [(self.cx - 0.55 * u, neck + 0.5 * u), (self.cx, neck + 1.1 * u), (self.cx + 0.55 * u, neck + 0.5 * u)],
            fill=self.tone(0.86),
        )

    def _skull(self, picture: Image.Image) -> None:
        pen = ImageDraw.Draw(picture)
        pen.ellipse(self.oval(0, -0.28, 1.08, self.long - 0.12), fill=self.hair)
        for side in (-1, 1):
            pen.ellipse(self.oval(side * 1.0, 0.1, 0.13, 0.26, -0.2), fill=self.tone(0.86))
        mask = Image.new("L", picture.size, 0)
        shape = ImageDraw.Draw(mask)
        shape.ellipse(self.oval(0, -0.12, 0.96, self.long - 0.33), fill=255)
        shape.ellipse(self.oval(0, 0.45, self.jaw * 0.92, self.long - 0.45), fill=255)
        mask = mask.filter(ImageFilter.GaussianBlur(0.05 * self.unit))
        hair = Image.new("L", picture.size, 255)
        ImageDraw.Draw(hair).ellipse(self.oval(0.1, -self.long - 0.1, 1.25, self.long + 0.1 - self.hair_line), fill=0)
        mask = ImageChops.multiply(mask, hair.filter(ImageFilter.GaussianBlur(0.02 * self.unit)))
        picture.paste(Image.new("RGB", picture.size, self.skin), (0, 0), mask)
        shade = Image.new("RGB", picture.size, self.tone(0.72))
        rim = Image.new("L", picture.size, 150)
        ImageDraw.Draw(rim).ellipse(self.oval(0, 0.05, 0.74, self.long - 0.4), fill=0)
        rim = ImageChops.multiply(rim.filter(ImageFilter.GaussianBlur(0.22 * self.unit)), mask)
        picture.paste(shade, (0, 0), rim)
        for side in (-1, 1):
            self._soft(picture, self.oval(side * 0.5, 0.42, 0.24, 0.18, 0.1), self.tone(1.08), 0.12, 0.5)
        self._soft(picture, self.oval(0, -0.5, 0.5, 0.22, 0.1), self.tone(1.1), 0.14, 0.6)

    def _eye(self, picture: Image.Image, side: int) -> None:
        x, y, wide, high = side * self.eye_gap, self.eyes_at, self.eye_wide, self.eye_high
        self._soft(picture, self.oval(x, y - 0.02, wide * 1.5, high * 2.4, 0.12), self.tone(0.62), 0.07, 0.75)
        pen = ImageDraw.Draw(picture)
        pen.ellipse(self.oval(x, y, wide, high, 0.14), fill=(238, 234, 230))
        iris = high * 0.98
        pen.ellipse(self.oval(x, y, iris, iris, 0.16), fill=(52, 36, 28))
        pen.ellipse(self.oval(x, y, iris * 0.5, iris * 0.5, 0.16), fill=(12, 10, 10))
        pen.ellipse(self.oval(x + 0.02, y - 0.025, 0.018, 0.018, 0.16), fill=(250, 250, 250))
        line = max(2, int(0.035 * self.unit))
        pen.arc(self.oval(x, y, wide, high * 1.15, 0.14), 185, 355, fill=(36, 26, 24), width=line)
        pen.arc(self.oval(x, y, wide, high, 0.14), 20, 160, fill=self.tone(0.6), width=max(1, line // 2))
        inner, outer = x - side * wide * 1.05, x + side * wide * 1.25
        brow = [
            self.at(inner, y - self.brow_up + self.brow_tilt, 0.13),
            self.at(x, y - self.brow_up - 0.03, 0.13),
            self.at(outer, y - self.brow_up + 0.04, 0.13),
        ]
        pen.line(brow, fill=self.hair, width=max(3, int(self.brow_thick * self.unit * 1.6)), joint="curve")

    def _nose(self, picture: Image.Image) -> None:
        tip, wide = self.eyes_at + self.nose_long, self.nose_wide
        self._soft(
            picture,
            self.oval(0.06, (self.eyes_at + tip) / 2, 0.06, self.nose_long / 2, 0.34),
            self.tone(0.78),
            0.05,
            0.6,
        )
        self._soft(
            picture,
            self.oval(-0.02, (self.eyes_at + tip) / 2, 0.04, self.nose_long / 2, 0.36),
            self.tone(1.15),
            0.03,
            0.7,
        )
        self._soft(picture, self.oval(0, tip + 0.07, wide * 1.2, 0.07, 0.48), self.tone(0.66), 0.05, 0.8)
        self._soft(picture, self.oval(0, tip - 0.01, wide * 0.6, 0.08, 0.56), self.tone(1.1), 0.04, 0.7)
        pen = ImageDraw.Draw(picture)
        for side in (-1, 1):
            pen.ellipse(self.oval(side * wide * 0.55, tip + 0.06, 0.045, 0.03, 0.5), fill=self.tone(0.38))

    def _mouth(self, picture: Image.Image) -> None:
        y, wide, lip = self.mouth_at, self.mouth_wide * (1 + 0.2 * self.view.smile), self.lip
        self._soft(picture, self.oval(0, y + lip * 1.9, wide * 0.7, 0.05, 0.26), self.tone(0.74), 0.05, 0.7)
        pen = ImageDraw.Draw(picture)
        red = (int(self.skin[0] * 0.78), int(self.skin[1] * 0.55), int(self.skin[2] * 0.58))
        pen.ellipse(self.oval(0, y, wide, lip, 0.3), fill=red)
        lift = 0.10 * self.view.smile
        middle = [self.at(-wide, y - lift, 0.27), self.at(0, y + 0.01, 0.3), self.at(wide, y - lift, 0.27)]
        pen.line(middle, fill=(86, 40, 40), width=max(2, int(0.03 * self.unit)), joint="curve")

    def _glasses(self, pen: ImageDraw.ImageDraw) -> None:
        line = max(2, int(0.03 * self.unit))
        for side in (-1, 1):
            pen.ellipse(
                self.oval(side * self.eye_gap, self.eyes_at + 0.02, 0.31, 0.24, 0.2), outline=(40, 40, 46), width=line
            )
        a, b = self.at(-0.13, self.eyes_at, 0.22), self.at(0.13, self.eyes_at, 0.22)
        pen.line([a, b], fill=(40, 40, 46), width=line)
