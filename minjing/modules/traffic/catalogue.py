"""What traffic hangs into the engine: effects, checks, what is held already, what forms are filled with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from minjing.base.clock import local_day
from minjing.kernel.identity import plugs as identity
from minjing.kernel.matters import plugs
from minjing.kernel.matters.schema import Text
from minjing.kernel.notify import plugs as notify
from minjing.modules.traffic import accepts, charges
from minjing.modules.traffic.actions import plate_numbers
from minjing.modules.traffic.actions.effects import EFFECTS, STEP_ACTS
from minjing.modules.traffic.actions.effects.answers import RECORD
from minjing.modules.traffic.actions.effects.licences import learner_of
from minjing.modules.traffic.models import Accident, FileEntry
from minjing.modules.traffic.queries import evidence, registers
from minjing.modules.traffic.rules import passes, plates
from minjing.portals.citizen import plugs as citizen

HERE = Path(__file__).parent


def hang() -> None:
    """Hang the 165 services into the engine."""
    for name, run in EFFECTS.items():
        plugs.effect(name, run)
    for name, act in STEP_ACTS.items():
        plugs.step_act(name, act)
    for name in accepts.CHECKS:
        plugs.accepts(f"traffic.{name}", accepts.accepts(name))
    for name, table in charges.tables().items():
        plugs.fee(name, table, table.prices)
    plugs.prefill("traffic", prefill, PATHS)
    for holder in HELD:
        plugs.held(holder, held(holder))
    citizen.begins_at("JT0142", "traffic:plates")
    citizen.own_page(
        "traffic:consents",
        title=Text(zh="等我确认的交通业务", en="Traffic matters waiting for me"),
        about=Text(zh="过户、指认驾驶人：同意或者拒绝", en="A sale, who drove: agree or refuse"),
    )
    citizen.own_page(
        "traffic:roads",
        title=Text(zh="货车限行道路和时段", en="Roads and hours restricted for lorries"),
        about=Text(zh="地图、时段、要不要通行证", en="Map, hours, and whether a pass is given"),
    )
    citizen.own_page(
        "traffic:studies",
        title=Text(zh="交通安全学习", en="Traffic study"),
        about=Text(zh="学法减分、满分学习、审验学习", en="Points off, full points, verification"),
    )
    notify.texts(HERE / "texts")
    identity.person_field(RECORD, {"zh": "交通管理登记", "en": "traffic registers"})(_no_values)
    identity.person_field(evidence.RECORD, {"zh": "违法证据照片", "en": "evidence photo of a violation"})(_no_values)
    file = HERE / "data/restricted_roads.yaml"
    roads = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    passes.learn(roads["roads"])


def _no_values(*_: Any, **__: Any) -> Mapping[UUID, str]:
    """The registers show their rows themselves, to whoever has the look on record."""
    return {}


PATHS = ("plate", "licence_no", "file_no", "held_plate", "learner_no", "accident_no", "charge_no")


def prefill(person_id: UUID, path: str, now: datetime) -> Any:
    """Return what is known of a person for a form: their plate, their licence, the number kept for them."""
    if path == "plate":
        return next((plates.shown(v.plate) for v in registers.vehicles_of(person_id) if v.plate), None)
    if path in ("licence_no", "file_no"):
        licence = registers.licence_of(person_id)
        return None if licence is None else licence.file_number
    if path == "held_plate":
        kept = plate_numbers.held_by(person_id, now)
        return plates.shown(kept.plate) if kept else None
    if path == "learner_no":
        row = learner_of(person_id, local_day(now))
        return row.subject if row else None
    if path == "accident_no":
        return Accident.objects.filter(parties__person_id=person_id).order_by("-opened_at").values_list(
            "number", flat=True).first()  # fmt: skip
    if path == "charge_no":
        row = FileEntry.objects.filter(person_id=person_id, kind="charge", ended_at__isnull=True).first()
        return row.subject if row else None
    return None


# ---- held already ---------------------------------------------------------------------------------------


def _of_registers(person_id: UUID, now: datetime, materials: Sequence[str]) -> Mapping[str, str]:
    owns, drives = bool(registers.vehicles_of(person_id)), registers.licence_of(person_id) is not None
    learns = learner_of(person_id, local_day(now)) is not None
    known = {
        "registration_certificate": owns, "vehicle_licence": owns, "both_papers": owns, "old_file": True,
        "plate_history": True, "driving_licence": drives, "learner_certificate": learns or drives,
        "full_points_notice": drives, "old_permit": True, "binding": owns or drives, "owner_consent": owns,
    }  # fmt: skip
    return {name: "交通管理登记" if known.get(name) else "" for name in materials}


def _on_file(kinds: Mapping[str, str]) -> Any:
    def ask(person_id: UUID, now: datetime, materials: Sequence[str]) -> Mapping[str, str]:
        found = {}
        for name in materials:
            rows = FileEntry.objects.filter(person_id=person_id, kind=kinds.get(name, name), ended_at__isnull=True)
            row = rows.order_by("-since_at").first()
            fresh = row is not None and (now - row.since_at).days < 183
            found[name] = f"在档（{local_day(row.since_at)}）" if row is not None and fresh else ""
        return found

    return ask


def _known(words: str) -> Any:
    return lambda person_id, now, materials: dict.fromkeys(materials, words)


HELD: Mapping[str, Any] = {
    "traffic": _of_registers,
    "real_name": _known("实名核验"),
    "declared": _known("表单中已申报"),
    "traffic_settled": _known("系统核对违法和事故记录"),
    "medical": _on_file({"medical_report": "file_medical"}),
    "traffic_tests": _on_file({"test_report": "mark_after_test"}),
    "traffic_tests_passed": _on_file({"subject_one": "subject_one"}),
    "traffic_study": _on_file({"study_record": "study"}),
    "photo_on_file": _known("驾驶人档案照片"),
    "police_records": _known("由民警核查"),
}


def held(holder: str) -> plugs.Held:
    """Return who says which materials of a holder need not be handed in."""
    known = HELD[holder]

    def ask(
        person_id: UUID, materials: Sequence[str], answers: Mapping[str, Any], now: datetime
    ) -> Mapping[str, str]:
        told: Mapping[str, str] = known(person_id, now, materials)
        return told

    return ask
