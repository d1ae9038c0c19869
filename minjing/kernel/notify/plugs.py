"""What others hang into notify: their texts, and answers that only they know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

Text = Mapping[str, str]


class ProgressReader(Protocol):
    """Answers a person who asks by message how their matters stand; `matters` registers one.

    It writes the look into the ledger itself, and answers only about this account's own matters.
    """

    def __call__(self, *, account_id: UUID, asked: str, source: str, now: datetime) -> Text:
        """Return the answer; `asked` is "" for all open matters, or a matter's number."""


# (person id) → the address in the register as it is written on an envelope, None when there is none.
HomeReader = Callable[[UUID], str | None]


class OAuthDoor(Protocol):
    """Leads to another platform's page that says who somebody is there, and exchanges what comes back."""

    def address(self, *, state: str, back: str) -> str:
        """Return the address to send the browser to."""

    def subject(self, code: str) -> str:
        """Return the person's id at that platform. Raises ValueError when the code is none."""


@dataclass
class Plugs:
    """The sockets; one instance serves the process, tests may make their own."""

    texts: list[Path] = field(default_factory=list)
    progress: ProgressReader | None = None
    home: HomeReader | None = None
    doors: dict[str, OAuthDoor] = field(default_factory=dict)


plugs = Plugs()


def texts(folder: Path) -> None:
    """Register a folder of texts: `<template>.<channel>.<zh|en>.txt`, and `kinds.yaml`: what they are about."""
    if folder not in plugs.texts:
        plugs.texts.append(folder)


def progress(reader: ProgressReader) -> ProgressReader:
    """Register the one that says how matters stand."""
    plugs.progress = reader
    return reader


def home(reader: HomeReader) -> HomeReader:
    """Register the one that knows where people live, for letters."""
    plugs.home = reader
    return reader


def door(kind: str, found: OAuthDoor) -> None:
    """Register another platform's way to say who somebody is: "wechat" is notify's own, "alipay" comes from pay."""
    plugs.doors[kind] = found
