"""What the house may hold about people: declared, sealed, and never a track, a score or a face."""

import re
from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.db import models

from minjing.base.personal import PERSONAL, SENSITIVE, Kept, Personal
from minjing.kernel.watch import retention

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


# A time that ends by itself: so many minutes, hours, days, months, years.
DEFINITE = re.compile(r"[\d一二三四五六七八九十]+ ?(分钟|小时|日|天|个月|年)")
# Times that something else ends than the night's work on `kept`, each with what does.
ENDED_BY = {
    "notify.Heard": "kernel/notify/actions/wechat.py: forgotten while the next message is heard",
    "identity.PhoneCode": "kernel/identity/tasks.py: sweep",
    "identity.Tally": "kernel/identity/tasks.py: sweep",
    "identity.Check": "kernel/identity/actions/checks.py: sweep_checks; the rest is under the person's key",
    "identity.CheckPicture": "kernel/identity/actions/checks.py: sweep_checks",
    "identity.Account": "kernel/identity/actions/people.py: erase_person takes the key at once, before three years",
    "identity.Evidence": "kernel/identity/actions/people.py: erase_person takes the key at once, before three years",
    "identity.Recovery": "kernel/identity/actions/people.py: erase_person takes the key at once, before three years",
    "files.Upload": "kernel/files/actions.py: sweep",
    "pay.Request": "kernel/pay/actions/upkeep.py: sweep",
    "pay.Order": "nothing is ten years old before 2036",
    "pay.Waiver": "nothing is ten years old before 2036",
    "pay.Refund": "nothing is ten years old before 2036",
    "pay.Difference": "nothing is ten years old before 2036",
    "traffic.TrackPart": "modules/traffic/actions/yielding/keeping.py: a month as one table",
    "traffic.MoveCall": "modules/traffic/actions/yielding/keeping.py",
    "traffic.Accident": "the code itself says until when it is good",
    "traffic.RuleDraft": "modules/traffic/actions/drafts.py: drop_old",
    "traffic.DraftReplay": "modules/traffic/actions/drafts.py: drop_old",
}


def is_definite(model: type[models.Model]) -> bool:
    return any(DEFINITE.search(declared.retention) for declared in model.personal.values())  # type: ignore[attr-defined]


def test_a_definite_time_is_ended_by_something() -> None:
    definite = {model._meta.label for model in MODELS if is_definite(model)}
    kept = {model._meta.label for model in MODELS if getattr(model, "kept", ())}
    assert len(kept) > 10
    assert sorted(definite - kept - set(ENDED_BY)) == []
    assert sorted(set(ENDED_BY) - (definite - kept)) == [], "named for nothing"


@pytest.mark.parametrize("model", [m for m in MODELS if getattr(m, "kept", ())], ids=lambda m: m._meta.label)
def test_what_is_kept_for_a_time_can_go(model: type[models.Model]) -> None:
    for kept in model.kept:  # type: ignore[attr-defined]
        assert isinstance(kept, Kept)
        assert kept.days > 0
        assert set(kept.emptied) <= {f.name for f in fields(model)}
        str(retention.over(model, kept, datetime(2026, 11, 26, tzinfo=UTC)).query)  # the fields are there
        holders = {r.get_accessor_name() for r in model._meta.related_objects if r.on_delete is models.PROTECT}
        named = {path.partition("__")[0] for path in kept.where}
        assert kept.emptied or holders <= named, f"{model._meta.label} is held by {holders - named}"


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
