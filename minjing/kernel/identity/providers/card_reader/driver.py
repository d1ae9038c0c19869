"""What a bridge needs of a reader, and of a camera. A vendor's device is one more class with these methods."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol, cast


@dataclass(frozen=True)
class Chip:
    """What a card's chip said: 256 bytes of text (rules.card_chip) and the portrait as a JPEG, b"" without decoder.

    The chip's own picture is compressed by a secret method (WLT); the vendor's library turns it into a picture.
    """

    message: bytes
    portrait: bytes


class ReaderFault(Exception):
    """The reader does not answer: unplugged, or the card was taken away too soon."""


class Driver(Protocol):
    """One card reader attached to this machine."""

    def name(self) -> str:
        """Return maker, model and the number of the security module, for the record."""
        ...

    def read(self, timeout_s: float) -> Chip | None:
        """Wait for a card and return what its chip says, None when none was laid on in time. Raises ReaderFault."""
        ...


class CameraFault(Exception):
    """The camera does not answer: unplugged, or covered."""


class Camera(Protocol):
    """The camera of this machine."""

    def name(self) -> str:
        """Return maker and model, for the record."""
        ...

    def frame(self, width: int) -> bytes:
        """Return what it sees now as a JPEG of this width in pixels. Raises CameraFault."""
        ...


class SlotFault(Exception):
    """The slot does not answer, or the chip cannot be written: the permit comes back as it was."""


class Slot(Protocol):
    """The slot of this machine that takes a permit of card form, writes to its chip and gives it back."""

    def name(self) -> str:
        """Return maker and model, for the record."""
        ...

    def take(self, timeout_s: float) -> str | None:
        """Wait for a permit and return its number, None when none was put in in time. Raises SlotFault."""
        ...

    def write(self, words: str) -> None:
        """Write an endorsement to the chip of the permit that lies in the slot. Raises SlotFault."""
        ...

    def give_back(self) -> None:
        """Give the permit back; nothing happens where none lies in it."""
        ...


def load(path: str) -> Driver:
    """Return the driver at `package.module:Class`."""
    return cast(Driver, _made(path))


def load_camera(path: str) -> Camera:
    """Return the camera at `package.module:Class`."""
    return cast(Camera, _made(path))


def load_slot(path: str) -> Slot:
    """Return the slot at `package.module:Class`."""
    return cast(Slot, _made(path))


def _made(path: str) -> object:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)()
