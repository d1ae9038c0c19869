"""Names of people: what may be written, and how they are shown where they are not needed."""

import re
import unicodedata

MAX_NAME = 30  # characters; the longest names in the population register, with · between parts
# Of the signs between U+3000 and U+303F only 々〆〇 are written in names.
_ALLOWED = re.compile(r"[A-Za-z \-.'’·\u2E80-\u2FFF\u3005-\u3007\u3040-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF]+\Z")


class WrongName(ValueError):
    """The text cannot be a name; `reason` is one of empty, long, characters."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse(text: str) -> str:
    """Return the name in its stored form (NFC, one kind of middle dot), or raise WrongName."""
    name = unicodedata.normalize("NFC", text).strip()
    name = re.sub(r"[•‧∙・．.](?=[\u3400-\U0003FFFF])", "·", name)
    if not name:
        raise WrongName("empty")
    if len(name) > MAX_NAME:
        raise WrongName("long")
    if not _ALLOWED.match(name) or not any(sign.isalpha() or sign == "〇" for sign in name):
        raise WrongName("characters")
    return name


def mask(name: str) -> str:
    """Return the name with its inner characters hidden: 林*夫, 林*, 阿******提."""
    if len(name) <= 1:
        return "*"
    if len(name) == 2:
        return name[0] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]
