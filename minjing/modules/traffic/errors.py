"""Why traffic refuses: sentences for people, in both languages."""

from minjing.modules.traffic.rules.plates import WrongPlate

PLATE_WORDS = {
    "empty": ("请填写号牌号码。", "Enter the plate number."),
    "province": (
        "号牌第一位应是省份简称，例如“粤”。",
        "A plate begins with the character of its province, such as 粤.",
    ),
    "length": (
        "号牌位数不对：普通号牌 7 位，新能源号牌 8 位。",
        "The length is wrong: 7 signs for ordinary plates, 8 for new-energy plates.",
    ),
    "letter": (
        "号牌没有字母 I 和 O，请看看是不是数字 1 和 0。",
        "Plates have no letters I and O; are these the digits 1 and 0?",
    ),
    "office": ("号牌第二位应是发牌机关的字母。", "The second sign is the letter of the office."),
    "signs": ("没有这样排列的号牌，请核对。", "No plate is written like this; look again."),
}


class Unknown(Exception):
    """There is no such row in the registers."""


def plate_words(wrong: WrongPlate) -> dict[str, str]:
    """Return the sentence for a wrong plate in both languages."""
    zh, en = PLATE_WORDS[wrong.reason]
    return {"zh": zh, "en": en}
