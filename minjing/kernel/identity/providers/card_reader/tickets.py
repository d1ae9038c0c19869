"""Tickets: the platform's leave for one page to have one card read. Standard library and cryptography only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from minjing.kernel.identity.rules.camera_shot import BODY_MAX as SHOT_MAX
from minjing.kernel.identity.rules.camera_shot import Shot, open_shot
from minjing.kernel.identity.rules.card_chip import BODY_MAX, SKEW_S, TICKET_S, Refused, Signed, open_body
from minjing.kernel.identity.rules.permit_slot import SlotSaid, open_slot

DEMO_NAME = "demo-reader"


@dataclass(frozen=True)
class Device:
    """A reader the platform knows: its public key, and the key of the tickets made for it."""

    name: str
    public_key: bytes
    ticket_key: bytes


@dataclass(frozen=True)
class Own:
    """What a bridge keeps of itself."""

    name: str
    private_key: Ed25519PrivateKey
    ticket_key: bytes


def make(name: str, bridge_file: Path, registered_file: Path) -> None:
    """Write a new device's own file and its line in the platform's list of devices; both readable by one user."""
    private, ticket_key = Ed25519PrivateKey.generate(), secrets.token_bytes(32)
    raw = private.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes_raw()
    _write(bridge_file, {"name": name, "private_key": raw.hex(), "ticket_key": ticket_key.hex()})
    known = json.loads(registered_file.read_text(encoding="utf-8")) if registered_file.exists() else []
    known = [one for one in known if one["name"] != name]
    _write(registered_file, [*known, {"name": name, "public_key": public.hex(), "ticket_key": ticket_key.hex()}])


def _write(path: Path, said: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)


def own(path: Path) -> Own:
    """Return what the bridge's file says."""
    said = json.loads(path.read_text(encoding="utf-8"))
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(said["private_key"]))
    return Own(said["name"], key, bytes.fromhex(said["ticket_key"]))


def devices(path: Path) -> dict[str, Device]:
    """Return the devices the platform knows by name; none when there is no list."""
    if not path.is_file():
        return {}
    return {
        one["name"]: Device(one["name"], bytes.fromhex(one["public_key"]), bytes.fromhex(one["ticket_key"]))
        for one in json.loads(path.read_text(encoding="utf-8"))
    }


def ticket(device: Device, ticket_id: UUID, session: str, now: datetime) -> str:
    """Return a ticket for this device and session, good until TICKET_S from now."""
    until = int((now + timedelta(seconds=TICKET_S)).timestamp())
    said = f"{ticket_id}.{until}.{hashlib.sha256(session.encode()).hexdigest()}"
    return f"{said}.{_mac(device.name, device.ticket_key, said)}"


def _mac(name: str, key: bytes, said: str) -> str:
    return hmac.new(key, f"minjing card reader\n{name}\n{said}".encode(), hashlib.sha256).hexdigest()


def open_ticket(name: str, key: bytes, text: str, now: datetime) -> tuple[UUID, str]:
    """Return a ticket's id and the hash of its session. Raises Refused ticket or late."""
    said, _, mac = text.rpartition(".")
    if not hmac.compare_digest(mac.encode(), _mac(name, key, said).encode()):
        raise Refused("ticket")
    ticket_id, until, session = said.split(".")
    if now.timestamp() > int(until):
        raise Refused("late")
    return UUID(ticket_id), session


def sign(key: Ed25519PrivateKey, signed: Signed | Shot | SlotSaid) -> str:
    """Return the text a page carries to the platform: body and signature."""
    body = signed.body()
    signature = base64.b64encode(key.sign(body.encode())).decode()
    return json.dumps({"body": body, "signature": signature})


def check(carried: str, known: Mapping[str, Device], session: str, now: datetime) -> tuple[UUID, Signed]:
    """Return the ticket's id and what the reader read. Raises Refused.

    That a ticket is used once is for the caller to hold, in the transaction that takes the reading.
    """
    body, signature = _opened(carried, BODY_MAX)
    signed = open_body(body)
    return _held(signed.device, signed.ticket, signed.read_at, body, signature, known, session, now), signed


def check_shot(carried: str, known: Mapping[str, Device], session: str, now: datetime) -> tuple[UUID, Shot]:
    """Return the ticket's id and the picture that the camera took, as `check` does. Raises Refused."""
    body, signature = _opened(carried, SHOT_MAX)
    shot = open_shot(body)
    return _held(shot.device, shot.ticket, shot.taken_at, body, signature, known, session, now), shot


def check_slot(
    carried: str, what: str, known: Mapping[str, Device], session: str, now: datetime
) -> tuple[UUID, SlotSaid]:
    """Return the ticket's id and what the slot for permits took or wrote, as `check` does. Raises Refused."""
    body, signature = _opened(carried, BODY_MAX)
    said = open_slot(body, what)
    return _held(said.device, said.ticket, said.at, body, signature, known, session, now), said


def _opened(carried: str, most: int) -> tuple[str, bytes]:
    if len(carried) > most:
        raise Refused("shape")
    try:
        outer = json.loads(carried)
        return str(outer["body"]), base64.b64decode(outer["signature"], validate=True)
    except (ValueError, KeyError, TypeError):
        raise Refused("shape") from None


def _held(
    name: str,
    ticket: str,
    at: datetime,
    body: str,
    signature: bytes,
    known: Mapping[str, Device],
    session: str,
    now: datetime,
) -> UUID:
    device = known.get(name)
    if device is None:
        raise Refused("device")
    try:
        Ed25519PublicKey.from_public_bytes(device.public_key).verify(signature, body.encode())
    except InvalidSignature:
        raise Refused("signature") from None
    ticket_id, session_hash = open_ticket(device.name, device.ticket_key, ticket, now)
    if not hmac.compare_digest(session_hash, hashlib.sha256(session.encode()).hexdigest()):
        raise Refused("other_page")
    if abs((now - at).total_seconds()) > SKEW_S:
        raise Refused("late")
    return ticket_id
