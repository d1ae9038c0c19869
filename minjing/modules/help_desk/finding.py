"""Finding an article by words: Chinese, pinyin, initials or English, typed as people type. Pure, in memory.

A knowledge base has hundreds of articles, not millions: all of them are scored at every question, so that the
database needs no extension. Rare words count more than common ones (inverse document frequency), the title more
than the body.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from minjing.base.sounds import sounds_of

TITLE, ALIAS, BODY = 4.0, 3.0, 1.0
ENOUGH = 0.3  # share of the weight of what was typed that an article must hold to be shown
_HAN = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"[a-z0-9]+")
# Pairs of characters and words that say that something is asked, not what.
ASKING = frozenset({
    "怎么", "么办", "如何", "什么", "为什", "可以", "我的", "请问", "您好", "你好", "是否", "不是", "哪里", "多少",
    "没有",
    "the", "how", "do", "does", "is", "my", "can", "what", "to", "of", "in", "it", "for", "and", "where", "an",
    "not", "on", "with", "get", "are", "why",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """An article as the index takes it."""

    key: str
    titles: Sequence[str]
    aliases: Sequence[str] = ()
    bodies: Sequence[str] = ()


@dataclass(frozen=True)
class Index:
    """What stands in which article, with what weight; and the titles' pinyin."""

    weights: Mapping[str, Mapping[str, float]]  # token → article → weight
    sounds: Mapping[str, Sequence[str]]  # article → pinyin written together, and initials
    size: int = field(default=0)

    def find(self, words: str, limit: int = 5) -> list[str]:
        """Return the keys of the articles that fit the words, best first."""
        wanted = Counter(tokens(words))
        rarity = {token: self._rarity(token) for token in wanted}
        total = sum(rarity.values())
        scores: dict[str, float] = defaultdict(float)
        for token, weight in rarity.items():
            for key, held in self._held(token).items():
                scores[key] += weight * min(held, TITLE + ALIAS)
        found = [(score, key) for key, score in scores.items() if score >= ENOUGH * total]
        heard = self._sounding(words)
        found += [(total + 1.0, key) for key in heard if key not in {k for _, k in found}]
        return [key for _, key in sorted(found, key=lambda f: (-f[0], f[1]))][:limit]

    def _rarity(self, token: str) -> float:
        return math.log(1 + self.size / (1 + len(self._held(token))))

    def _held(self, token: str) -> Mapping[str, float]:
        """Return the articles with a token; an unfinished English word counts for those it begins."""
        whole = self.weights.get(token)
        if whole is not None or not token.isascii() or len(token) < 3:
            return whole or {}
        begun: dict[str, float] = {}
        for known, articles in self.weights.items():
            if known.startswith(token):
                for key, weight in articles.items():
                    begun[key] = max(begun.get(key, 0.0), weight)
        return begun

    def _sounding(self, words: str) -> list[str]:
        """Return the articles whose title sounds like what was typed in Latin letters."""
        typed = re.sub(r"[^a-z]", "", words.lower())
        if len(typed) < 3 or _HAN.search(words):
            return []
        return [key for key, sounds in self.sounds.items() if any(typed in sound for sound in sounds)]


def build(texts: Iterable[Text]) -> Index:
    """Return the index of some articles."""
    weights: dict[str, dict[str, float]] = {}
    sounds: dict[str, list[str]] = {}
    listed = list(texts)
    for text in listed:
        for share, parts in ((TITLE, text.titles), (ALIAS, text.aliases), (BODY, text.bodies)):
            for token in {token for part in parts for token in tokens(part)}:
                held = weights.setdefault(token, {})
                held[text.key] = held.get(text.key, 0.0) + share
        sounds[text.key] = [sound for part in (*text.titles, *text.aliases) for sound in _sounds(part)]
    return Index(weights, sounds, len(listed))


def tokens(text: str) -> list[str]:
    """Return the pairs of Chinese characters and the words of a text, without those that only ask."""
    lowered = text.lower()
    found: list[str] = []
    for run in _HAN.findall(lowered):
        found += [run[at : at + 2] for at in range(len(run) - 1)] if len(run) > 1 else [run]
    found += [_stem(word) for word in _LATIN.findall(lowered) if len(word) > 1]
    return [token for token in found if token not in ASKING]


def _stem(word: str) -> str:
    """Return an English word without its plural: a light hand, so that nothing is cut to nonsense."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _sounds(text: str) -> list[str]:
    return list(sounds_of(text)) if _HAN.search(text) else []
