"""How Chinese words sound: what people type who write pinyin or its initials."""

from functools import lru_cache


@lru_cache(maxsize=4096)
def sounds_of(text: str) -> tuple[str, str]:
    """Return the pinyin of `text` written together, and its initials: 夫妻投靠 → fuqitoukao, fqtk."""
    # Its dictionary takes half a second and 50 MB: the pages load it once for all of them (site/wsgi.py), others when
    # they search.
    from pypinyin import Style, lazy_pinyin

    return (
        "".join(lazy_pinyin(text, errors="ignore")),
        "".join(lazy_pinyin(text, style=Style.FIRST_LETTER, errors="ignore")),
    )
