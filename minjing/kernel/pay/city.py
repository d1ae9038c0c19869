"""What of the city stands on its bills: the area code, from city.yaml."""

from functools import lru_cache

import yaml
from django.conf import settings


@lru_cache(maxsize=1)
def area() -> str:
    """Return the city's area code (GB/T 2260), of which bills carry the first four digits."""
    path = settings.CITY_DIR / "city.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.exists() else {}
    return str(data.get("area") or "000000")
