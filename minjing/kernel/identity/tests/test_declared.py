"""What the house may hold about people: declared, sealed, and never a track, a score or a face."""

import re

import pytest
from django.apps import apps
from django.db import models

from minjing.base.personal import PERSONAL, SENSITIVE, Personal

MODELS = [m for m in apps.get_models(include_auto_created=True) if m.__module__.startswith("minjing.")]
SEALED = ("_sealed", "_index")
# No path history, no scoring of people, no face templates, no belief, no origin (个人信息保护法 art. 28).
FORBIDDEN = re.compile(
    r"(^|_)(embedding|vector|face|faceprint|template_face|biometric|fingerprint|iris|voiceprint|gait|score|scoring|credit|"
    r"rank_of|risk|profile|track|tracking|trajectory|path_history|last_seen_at|whereabouts|location_history|religion|belief|"
    r"faith|opinion|politics|ethnic|ethnicity|origin)(_|$)"
)


def fields(model: type[models.Model]) -> list[models.Field]:  # type: ignore[type-arg]
    return [f for f in model._meta.get_fields() if isinstance(f, models.Field)]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.label)
def test_every_model_declares_its_personal_data(model: type[models.Model]) -> None:
    assert "personal" in model.__dict__, f"{model._meta.label} has no `personal`"
    names = {f.name for f in fields(model)}
    for name, declared in model.personal.items():  # type: ignore[attr-defined]
        assert name in names, f"{model._meta.label}.{name} is declared but does not exist"
        assert isinstance(declared, Personal)
        assert 1 <= declared.data_class <= SENSITIVE
        for part in ("purpose", "basis", "retention"):
            assert getattr(declared, part).strip(), f"{model._meta.label}.{name} has no {part}"


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.label)
def test_personal_and_sensitive_fields_are_sealed_or_indexed(model: type[models.Model]) -> None:
    for name, declared in model.personal.items():  # type: ignore[attr-defined]
        if declared.data_class >= PERSONAL:
            assert name.endswith(SEALED), f"{model._meta.label}.{name} is of class {declared.data_class} in the clear"
            assert isinstance(model._meta.get_field(name), models.BinaryField)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.label)
def test_what_is_sealed_is_declared(model: type[models.Model]) -> None:
    for field in fields(model):
        if field.name.endswith(SEALED) and isinstance(field, models.BinaryField):
            assert field.name in model.personal, f"{model._meta.label}.{field.name} is sealed but not declared"  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.label)
def test_nobody_is_tracked_scored_or_recognised(model: type[models.Model]) -> None:
    for field in fields(model):
        assert not FORBIDDEN.search(field.name), f"{model._meta.label}.{field.name} has no place in this house"
        kind = type(field).__name__
        assert kind not in ("VectorField", "ArrayField"), f"{model._meta.label}.{field.name} could hold a template"


def test_the_test_of_declarations_can_fail() -> None:
    for name in ("face_vector", "credit_score", "track", "last_seen_at", "religion", "risk_profile"):
        assert FORBIDDEN.search(name)
    for name in ("address", "seen_at", "name_sealed", "surface", "stars"):
        assert not FORBIDDEN.search(name)


def test_foreign_keys_point_inside_or_down() -> None:
    kernel = ["ledger", "watch", "identity", "files", "notify", "papers", "booking", "pay", "matters"]
    order = [*kernel, "kiosk", "household", "exit_entry", "help_desk", "supervision", "traffic"]
    for model in MODELS:
        for field in fields(model):
            target = getattr(field, "related_model", None)
            if target is None or not target.__module__.startswith("minjing."):
                continue
            here, there = model._meta.app_label, target._meta.app_label
            assert here == there or order.index(there) < order.index(here), f"{model._meta.label}.{field.name}"
