"""The registers of vehicles and licences as a protocol: a city's own, or a national one over HTTP. No Django in here.

Minjing's own neutral protocol (docs/registers_protocol.md), no authority's API. Each question is a POST of canonical
JSON {id, at, …} to URL/vehicle, /vehicles, /licence or /changes: plates and ID numbers in an address would stand in
the access log of every machine on the way. Header X-Minjing-Signature: HMAC-SHA256(key, "ask|" + body) in hex; the
answer is signed likewise over "answer|" + body and names the question: one to another question, an unsigned or a
broken one counts as none.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import uuid4

import httpx

from minjing.base.canonical import canonical

HEADER = "X-Minjing-Signature"
TIMEOUT = httpx.Timeout(5.0, connect=2.0)
ANSWER_MAX = 200_000  # bytes
VEHICLES_MAX = 200  # of one holder in one answer
DOWN = {
    "zh": "全国登记系统没有回应，请稍后再试；本市登记照常可查。",
    "en": "The national register does not answer; try later. The city’s own register can be asked as always.",
}


class Unavailable(Exception):
    """The register gave no answer that can be believed; `fault` says why, without anything of the person."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault, self.text = fault, DOWN


@dataclass(frozen=True, slots=True)
class VehicleRecord:
    """A vehicle as a register tells it to another authority: nothing of its owner."""

    plate: str
    kind: str  # GA/T 16.7
    vin: str
    brand: str
    model: str
    colour: str
    use: str
    status: str
    registered_date: date
    inspected_until_date: date


@dataclass(frozen=True, slots=True)
class LicenceRecord:
    """A driving licence as a register tells it to another authority."""

    file_number: str
    classes: str
    status: str
    first_issued_date: date
    valid_from_date: date
    valid_until_date: date
    suspended_until_date: date | None


@dataclass(frozen=True, slots=True)
class Change:
    """What has changed here: told once or several times, known by `id`; `since_at` puts changes of a row in order."""

    id: str
    what: str  # vehicle, licence
    since_at: datetime
    why: str
    holder: str  # ID number; empty for a firm
    record: VehicleRecord | LicenceRecord


class Registers(Protocol):
    """Where vehicles and licences are on record."""

    def vehicle(self, plate: str, kind: str) -> VehicleRecord | None:
        """Return the vehicle that carries a plate of a kind now. Raises Unavailable."""

    def vehicles(self, id_number: str) -> Sequence[VehicleRecord]:
        """Return the vehicles of a person, by plate. Raises Unavailable."""

    def licence(self, id_number: str) -> LicenceRecord | None:
        """Return the licence of a person. Raises Unavailable."""

    def tell(self, changes: Sequence[Change]) -> None:
        """Tell what has changed here; the same ones again change nothing. Raises Unavailable."""


class HttpRegisters:
    """A register that speaks the protocol above."""

    def __init__(self, url: str, key: bytes) -> None:
        self._url, self._key = url.rstrip("/"), key

    def vehicle(self, plate: str, kind: str) -> VehicleRecord | None:
        """Return the vehicle that carries a plate of a kind now. Raises Unavailable."""
        said = self._ask("vehicle", {"plate": plate, "kind": kind}).get("vehicle")
        return None if said is None else _vehicle(said)

    def vehicles(self, id_number: str) -> Sequence[VehicleRecord]:
        """Return the vehicles of a person, by plate. Raises Unavailable."""
        said = self._ask("vehicles", {"holder": id_number}).get("vehicles")
        if not isinstance(said, list) or len(said) > VEHICLES_MAX:
            raise Unavailable("malformed")
        return [_vehicle(one) for one in said]

    def licence(self, id_number: str) -> LicenceRecord | None:
        """Return the licence of a person. Raises Unavailable."""
        said = self._ask("licence", {"holder": id_number}).get("licence")
        return None if said is None else _licence(said)

    def tell(self, changes: Sequence[Change]) -> None:
        """Tell what has changed here; the same ones again change nothing. Raises Unavailable."""
        said = self._ask("changes", {"changes": [change_json(one) for one in changes]})
        if said.get("taken") != len(changes):
            raise Unavailable("not_taken")

    def _ask(self, what: str, question: Mapping[str, Any]) -> dict[str, Any]:
        asked = {"id": str(uuid4()), "at": datetime.now().astimezone().isoformat(), **question}
        body = canonical(asked)
        headers = {HEADER: signature(self._key, "ask", body), "Content-Type": "application/json"}
        try:
            answer = httpx.post(
                f"{self._url}/{what}", content=body, headers=headers, timeout=TIMEOUT, follow_redirects=False
            )
        except httpx.HTTPError:
            raise Unavailable("no_answer") from None
        if answer.status_code != httpx.codes.OK or len(answer.content) > ANSWER_MAX:
            raise Unavailable("refused")
        if not hmac.compare_digest(answer.headers.get(HEADER, ""), signature(self._key, "answer", answer.content)):
            raise Unavailable("unsigned")
        try:
            said = json.loads(answer.content)
        except ValueError:
            raise Unavailable("malformed") from None
        if not isinstance(said, dict) or said.get("id") != asked["id"]:
            raise Unavailable("other_question")
        return said


def signature(key: bytes, kind: str, body: bytes) -> str:
    """Return the signature of a question or an answer, in hex."""
    return hmac.digest(key, kind.encode() + b"|" + body, "sha256").hex()


def record_json(record: VehicleRecord | LicenceRecord) -> dict[str, Any]:
    """Return a record as the protocol writes it: days as YYYY-MM-DD, null for none."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in ((name, getattr(record, name)) for name in record.__slots__)
    }


def change_json(change: Change) -> dict[str, Any]:
    """Return a change as the protocol writes it."""
    return {
        "id": change.id, "what": change.what, "since": change.since_at.isoformat(), "why": change.why,
        "holder": change.holder, "record": record_json(change.record),
    }  # fmt: skip


def _vehicle(said: Any) -> VehicleRecord:
    names = ("plate", "kind", "vin", "brand", "model", "colour", "use", "status")
    try:
        words = {name: _word(said[name]) for name in names}
        return VehicleRecord(
            **words,
            registered_date=date.fromisoformat(said["registered_date"]),
            inspected_until_date=date.fromisoformat(said["inspected_until_date"]),
        )
    except (KeyError, TypeError, ValueError):
        raise Unavailable("malformed") from None


def _licence(said: Any) -> LicenceRecord:
    try:
        until = said["suspended_until_date"]
        return LicenceRecord(
            _word(said["file_number"]), _word(said["classes"]), _word(said["status"]),
            date.fromisoformat(said["first_issued_date"]), date.fromisoformat(said["valid_from_date"]),
            date.fromisoformat(said["valid_until_date"]), None if until is None else date.fromisoformat(until),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        raise Unavailable("malformed") from None


def _word(said: Any) -> str:
    if not isinstance(said, str) or len(said) > 60:
        raise ValueError
    return said
