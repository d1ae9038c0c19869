"""What of the city stands on its papers: the name of its police and the prefix of their numbers, from city.yaml."""

from dataclasses import dataclass, field
from functools import lru_cache

import yaml
from django.conf import settings


@dataclass(frozen=True, slots=True)
class City:
    """The city's own words; a folder without them gets plain ones."""

    police: dict[str, str] = field(default_factory=lambda: {"zh": "公安局", "en": "Public Security Bureau"})
    prefix: str = "公户"


@lru_cache(maxsize=1)
def city() -> City:
    """Return what city.yaml says under `police` and `papers.prefix`."""
    path = settings.CITY_DIR / "city.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.exists() else {}
    given = {
        "police": data.get("police"),
        "prefix": (data.get("papers") or {}).get("prefix"),
    }
    return City(**{key: value for key, value in given.items() if value})
