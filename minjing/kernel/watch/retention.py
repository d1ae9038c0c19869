"""What has been kept for its time goes: one mechanism for all models, by what each declares in `kept`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models, transaction

from minjing.base.clock import local_day
from minjing.base.personal import Kept
from minjing.kernel.ledger import actions as ledger

ENDED = "watch:retention:ended"  # {model, rows, emptied: the fields, or none where rows are deleted}
A_TIME = 2_000  # rows of one transaction: nobody waits long for a lock


def declared() -> Iterator[tuple[type[models.Model], Kept]]:
    """Yield every model of the house that says how long its rows are kept, with each time that it names."""
    for model in apps.get_models():
        for kept in getattr(model, "kept", ()):
            yield model, kept


def carry_out(now: datetime) -> dict[str, int]:
    """Delete or empty whatever has been kept for its time; return how many rows of which model. Safe to run twice."""
    done: dict[str, int] = {}
    for model, kept in declared():
        rows = 0
        while found := _end_some(model, kept, now):
            rows += found
        if rows:
            done[model._meta.label] = done.get(model._meta.label, 0) + rows
    return done


def _end_some(model: type[models.Model], kept: Kept, now: datetime) -> int:
    """End some rows, with the ledger's entry in the same transaction; return how many."""
    with transaction.atomic():
        keys = list(over(model, kept, now).values_list("pk", flat=True)[:A_TIME])
        if not keys:
            return 0
        rows = model._default_manager.filter(pk__in=keys)
        if kept.emptied:
            rows.update(**{name: _nothing(model, name) for name in kept.emptied})
        else:
            rows.delete()
        said = {"model": model._meta.label_lower, "rows": len(keys), "emptied": list(kept.emptied)}
        ledger.append(ledger.entry(ENDED, said, at=now))
    return len(keys)


def over(model: type[models.Model], kept: Kept, now: datetime) -> models.QuerySet[models.Model]:
    """Return the rows that have been kept for their time and still hold something."""
    at: Any = now - kept.time
    if not isinstance(_field(model, kept.since), models.DateTimeField):
        at = local_day(at)
    rows = model._default_manager.filter(**{f"{kept.since}__lt": at}, **kept.where)
    if not kept.emptied:
        return rows
    return rows.exclude(**{name: _nothing(model, name) for name in kept.emptied})


def _field(model: type[models.Model], path: str) -> models.Field[Any, Any]:
    *through, name = path.split("__")
    for step in through:
        model = model._meta.get_field(step).related_model  # type: ignore[assignment]
    found: models.Field[Any, Any] = model._meta.get_field(name)  # type: ignore[assignment]
    return found


def _nothing(model: type[models.Model], name: str) -> Any:
    """Return what an emptied field holds."""
    found = _field(model, name)
    if found.null:
        return None
    return b"" if isinstance(found, models.BinaryField) else ""
