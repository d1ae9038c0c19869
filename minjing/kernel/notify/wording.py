"""Texts as files: `texts/<template>.<channel>.<zh|en>.txt`, and `kinds.yaml` that says what each is about.

A channel without a file of its own says what the in-app text says. Files are read once, at the first use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from minjing.kernel.notify.plugs import plugs
from minjing.kernel.notify.rules import CHANNELS, IN_APP, Text, Topic

OWN = Path(__file__).with_name("texts")
NAME = re.compile(r"([a-z][a-z0-9_]{0,39})\.(" + "|".join(CHANNELS) + r")\.(zh|en)\.txt")
PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
LANGUAGES = ("zh", "en")


class WrongText(Exception):
    """A text that is missing, is not in both languages, or names what it is not given."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a template is about, and whether it may ring at night."""

    topic: str
    urgent: bool = False
    words_elsewhere: bool = False  # they come from the procedure, not from a file


# Notices of matters come with their own words from the flow; these are what they are about.
OF_MATTERS = Kind("matters", words_elsewhere=True)


def words(template: str, channel: str, params: Mapping[str, Any]) -> Text:
    """Return the text of a template in a channel, in both languages. Raises WrongText."""
    return {language: _filled(template, channel, language, params) for language in LANGUAGES}


def has(template: str, channel: str) -> bool:
    """Say whether the template has words of its own for the channel."""
    return (template, channel, "zh") in _files()


def kind(template: str) -> Kind:
    """Return what a template is about; what nobody declares is a notice of a matter."""
    return _kinds().get(template, OF_MATTERS)


def topic(name: str) -> Topic:
    """Return a topic by name."""
    return topics()[name]


@cache
def topics() -> Mapping[str, Topic]:
    """Return what a person can choose channels for, in the order of the page."""
    declared = _yaml(OWN / "topics.yaml")
    return {
        name: Topic(name, said["title"], bool(said.get("required")), tuple(said["channels"]))
        for name, said in declared.items()
    }


def faults() -> list[str]:
    """Return what is wrong with the texts of the house, as sentences: for the check at the start and a test."""
    found = []
    files = _files()
    for template, channel, language in files:
        other = "en" if language == "zh" else "zh"
        if (template, channel, other) not in files:
            found.append(f"{template}.{channel} is there in {language} only")
        elif set(PLACE.findall(files[template, channel, language])) != set(
            PLACE.findall(files[template, channel, other])
        ):
            found.append(f"{template}.{channel} names other places in {language} than in {other}")
    for template, said in _kinds().items():
        if not said.words_elsewhere and (template, IN_APP, "zh") not in files:
            found.append(f"{template} has no in-app text")
        if said.topic not in topics():
            found.append(f"{template} is about {said.topic}, which is no topic")
    found += [
        f"{name} stands in no kinds.yaml" for name in sorted({t for t, _, _ in files} - set(_kinds()) - {"any"})
    ]
    return sorted(set(found))


def _filled(template: str, channel: str, language: str, params: Mapping[str, Any]) -> str:
    files = _files()
    text = files.get((template, channel, language)) or files.get((template, IN_APP, language))
    if text is None:
        raise WrongText(f"no text {template}.{channel}.{language}.txt")

    def value(place: re.Match[str]) -> str:
        if place[1] not in params:
            raise WrongText(f"{template}.{channel}.{language}.txt names {{{place[1]}}}, which is not given")
        given = params[place[1]]
        # A value may itself be a pair: a service's title.
        return str(given[language] if isinstance(given, Mapping) else given)

    return PLACE.sub(value, text)


def _folders() -> Iterator[Path]:
    yield OWN
    yield from plugs.texts


@cache
def _files() -> Mapping[tuple[str, str, str], str]:
    found: dict[tuple[str, str, str], str] = {}
    for folder in _folders():
        for path in sorted(folder.glob("*.txt")):
            name = NAME.fullmatch(path.name)
            if name is None:
                raise WrongText(f"{path}: a text is called <template>.<channel>.<zh|en>.txt")
            key = (name[1], name[2], name[3])
            if key in found:
                raise WrongText(f"{path}: another part has a text of this name")
            found[key] = path.read_text(encoding="utf-8").strip()
    return found


@cache
def _kinds() -> Mapping[str, Kind]:
    found: dict[str, Kind] = {}
    for folder in _folders():
        for template, said in _yaml(folder / "kinds.yaml").items():
            found[template] = Kind(str(said["topic"]), bool(said.get("urgent")), said.get("words") == "elsewhere")
    return found


def _yaml(path: Path) -> dict[str, Any]:
    import yaml  # only processes that tell need it

    found = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found if isinstance(found, dict) else {}
