"""Where modules plug in: effects, what the register knows, what is held already. Filled in each `apps.ready()`."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.seen import Seen
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Text
from minjing.kernel.pay.rules.amounts import Item, Waiver


@dataclass(frozen=True)
class Outcome:
    """What an effect did: the facts to print, in order, whose paper it is, and whose of its kind it replaces."""

    facts: Sequence[tuple[Text, str]]
    holder_person: UUID
    replaces: Collection[UUID] = ()


class EffectRefused(Exception):
    """The register does not allow the effect; the decision is not taken. `key` names the reason in the ledger."""

    def __init__(self, text: Text, key: str = "") -> None:
        super().__init__(text.en)
        self.text, self.key = text, key


class Effect(Protocol):
    """An action of a module that runs in the transaction of the decision; raises EffectRefused."""

    def __call__(self, *, matter: Snapshot, answers: Mapping[str, Any], by: Actor, now: datetime) -> Outcome: ...


class StepAct(Protocol):
    """An act of a module beside a step or a submission, in its transaction; raises EffectRefused."""

    def __call__(self, *, matter: Snapshot, answers: Mapping[str, Any], by: Actor, now: datetime) -> None: ...


@dataclass(frozen=True)
class Remark:
    """What is wrong with an uploaded paper; one that does not stop it is advice."""

    text: Text
    stops: bool = True


PaperCheck = Callable[[bytes], Sequence[Remark]]
Prefill = Callable[[UUID, str, datetime], Any]
Held = Callable[[UUID, Sequence[str], Mapping[str, Any], datetime], Mapping[str, str]]


class Accepts(Protocol):
    """Says what is wrong with the answers as a whole, by field; nothing when they may be submitted."""

    def __call__(self, *, person_id: UUID, answers: Mapping[str, Any], now: datetime) -> Mapping[str, Text]: ...


class Excludes(Protocol):
    """Says whether an officer has a conflict of interests in a matter."""

    def __call__(self, *, matter: Snapshot, answers: Mapping[str, Any], by: Actor) -> bool: ...


class Facts(Protocol):
    """Says what an officer needs to know beside the form: a heading, and rows (label, field name, value)."""

    def __call__(
        self, *, matter: Snapshot, answers: Mapping[str, Any], now: datetime
    ) -> tuple[Text, Sequence[tuple[Text, str, Text]]]: ...


class RegisterRecord(Protocol):
    """Says what a register holds of a person whose look is on record: it asks `seen` for the proof first."""

    def __call__(self, person_id: UUID, seen: Seen) -> Sequence[tuple[Text, str, Text]]: ...


class FeeTable(Protocol):
    """Says what the answers cost and what is waived of it: a module's table of prices."""

    def __call__(
        self, *, person_id: UUID, answers: Mapping[str, Any], now: datetime
    ) -> tuple[Sequence[Item], Sequence[Waiver]]: ...


# Prices for the guide: what it is, and how many fen.
Prices = Callable[[datetime], Sequence[tuple[Text, int]]]


EFFECTS: dict[str, Effect] = {}
FEES: dict[str, FeeTable] = {}
PRICES: dict[str, Prices] = {}
CORRECTIONS: dict[str, Effect] = {}
STEP_ACTS: dict[str, StepAct] = {}
PAPER_CHECKS: dict[str, PaperCheck] = {}
PREFILLS: dict[str, Prefill] = {}
PATHS: dict[str, frozenset[str]] = {}  # what each prefill can be asked for
HELD: dict[str, Held] = {}
HOLDERS: set[str] = set()  # who may have a paper already, whether somebody asks them yet or not
ACCEPTS: dict[str, Accepts] = {}
EXCLUDES: dict[str, Excludes] = {}
FACTS: dict[str, Facts] = {}
CATALOGUES: list[Path] = []
QUESTIONS: set[str] = set()
REGISTER_RECORD: list[tuple[str, RegisterRecord]] = []
# Who counts the stars (星级) of somebody; none: a service that asks for stars is open to everybody verified.
STARS: list[Callable[[Actor, datetime], int]] = []
# First letters of codes → name and reader of a record that only services with such codes are decided by.
SPECIAL_RECORD: dict[str, tuple[str, RegisterRecord]] = {}


def effect(name: str, run: Effect, correct: Effect | None = None) -> None:
    """Register the effect `name`, and what a correction of it after the decision does."""
    EFFECTS[name] = run
    if correct is not None:
        CORRECTIONS[name] = correct


def step_act(name: str, run: StepAct) -> None:
    """Register what steps name as `does` and services as `on_submit`."""
    STEP_ACTS[name] = run


def paper_check(name: str, ask: PaperCheck) -> None:
    """Register what materials name as `check`; it is asked outside any transaction and may take a second."""
    PAPER_CHECKS[name] = ask


def prefill(name: str, ask: Prefill, paths: Iterable[str]) -> None:
    """Register who answers `prefill: name.path` for a person, and for which paths; None when not known."""
    PREFILLS[name] = ask
    PATHS[name] = frozenset(paths)


def held(name: str, ask: Held) -> None:
    """Register who says which of some materials `held_by: name` are held already: by name, "" when it is not."""
    HELD[name] = ask
    HOLDERS.add(name)


def holders(*names: str) -> None:
    """Name authorities that may have a paper already and whom nobody asks yet: the paper is asked for."""
    HOLDERS.update(names)


def accepts(name: str, ask: Accepts) -> None:
    """Register the check of a form that a service names as `accepts`."""
    ACCEPTS[name] = ask


def fee(name: str, ask: FeeTable, prices: Prices | None = None) -> None:
    """Register the table of prices that a service names as `fee: {of: name}`, and its prices for the guide."""
    FEES[name] = ask
    if prices is not None:
        PRICES[name] = prices


def excludes(name: str, ask: Excludes) -> None:
    """Register the rule of conflicts that a service names as `excludes`."""
    EXCLUDES[name] = ask


def facts(code: str, ask: Facts) -> None:
    """Register what officers see beside the form of the service `code`; it may show nobody's record unrecorded."""
    FACTS[code] = ask


def question(code: str) -> None:
    """Say that a service is a question and no application: neither counted nor offered among those."""
    QUESTIONS.add(code)


def catalogue(folder: Path) -> None:
    """Register a module's folder of service files."""
    if folder not in CATALOGUES:
        CATALOGUES.append(folder)


def register_record(name: str, ask: RegisterRecord) -> None:
    """Register the rows (label, field name, value) shown beside the form: what the register says of a person.

    `name` is how the ledger calls a look at it.
    """
    REGISTER_RECORD.append((name, ask))


def stars(ask: Callable[[Actor, datetime], int]) -> None:
    """Register who counts the stars that services ask for."""
    STARS[:] = [ask]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The paper of a decision before, shown beside the one that was sent in now: the photo of the last document."""

    material: str  # beside which paper it stands
    title: Text
    file_id: UUID


# (person concerned, service code, matter) → the paper of a decision before, None where the city holds none.
FindEarlier = Callable[[UUID, str, UUID], Earlier | None]
EARLIER: dict[str, FindEarlier] = {}


def earlier_paper(codes: str, find: FindEarlier) -> None:
    """Register who knows the paper of a decision before, for services whose codes begin with `codes`."""
    EARLIER[codes] = find


def special_record(codes: str, name: str, ask: RegisterRecord) -> None:
    """Register a record shown beside the forms of services whose codes begin with `codes`, and nowhere else."""
    SPECIAL_RECORD[codes] = (name, ask)
