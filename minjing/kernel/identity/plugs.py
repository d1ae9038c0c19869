"""What others hang into identity: it lies low in the house and calls upwards only through these.

Each is filled once, in the `ready()` of the part that owns it; a second registration replaces the first.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Text

# The words of what identity tells people, for the one that tells.
TEXTS = Path(__file__).with_name("texts")


class CodeSender(Protocol):
    """Sends a one-time code to a phone; called inside the transaction that stores the code's hash.

    `notify` registers one that puts the message in its outbox. It must not raise for a phone that does not exist:
    the answer to the asker is the same for every phone.
    """

    def __call__(self, *, phone: str, code: str, minutes: int, language: str, now: datetime) -> None:
        """Queue the message."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What the register says of an ID number: `found` and `name_agrees` are both needed to vouch for someone."""

    found: bool
    name_agrees: bool = False
    alive: bool = True
    replaced: bool = False  # this person's own number of before: they have another now


class RegisterCheck(Protocol):
    """Asks the population register whether this name belongs to this ID number; `household` registers one."""

    def __call__(self, *, name: str, id_number: str, now: datetime) -> Registered:
        """Return what the register knows; must not tell a wrong name from an unknown number to anyone else."""


# (person ids) → {person id: value}; called only after the ledger entries of the look are written.
FieldReader = Callable[[Iterable[UUID]], Mapping[UUID, str]]
# (matter ids) → {matter id: its number}, for the page "who looked at my data".
MatterNumbers = Callable[[Iterable[UUID]], Mapping[UUID, str]]


class Teller(Protocol):
    """Tells an account something by the channels its owner chose; `notify` registers one."""

    def __call__(
        self, account_id: UUID, template: str, params: Mapping[str, Any], *, dedupe: str, now: datetime
    ) -> object:
        """Queue the notice in the caller's transaction; the same occasion (`dedupe`) is told once."""


class PhoneTexter(Protocol):
    """Sends words to a phone that need not be an account's any more: the one that is being replaced."""

    def __call__(self, *, phone: str, text: Text, language: str, now: datetime) -> None:
        """Queue the message in the caller's transaction."""


# Rewrites a picture that somebody has sent, in a process without our keys; raises Wrong for what is none.
PictureCleaner = Callable[[bytes], bytes]


# The photo that the authoritative register holds of a person, None for none: what faces are compared with.
RegisterPhoto = Callable[[UUID], bytes | None]


# (minor, adult, now) → whether the register shows the adult as the minor's parent or guardian.
GuardianCheck = Callable[[UUID, UUID, datetime], bool]


# (blind indexes of ID numbers) → {index: who had it}, for the numbers that were replaced and are nobody's again.
ReplacedNumbers = Callable[[Iterable[bytes]], Mapping[bytes, UUID]]


# The blind indexes of the ID numbers that a person had before the one they have.
NumbersBefore = Callable[[UUID], Iterable[bytes]]


# The services one may let another act in: (code, title, group) in order; `matters` registers it.
ServiceNames = Callable[[], Iterable[tuple[str, Text, Text]]]


# Says whether a matter is open: a look made for an open matter needs no reason beside it.
MatterOpen = Callable[[UUID], bool]


# (matter, people) → whom of them it concerns: nobody else's record opens because of it.
MatterConcerns = Callable[[UUID, Collection[UUID]], Collection[UUID]]


# (actor, now): somebody has begun to prove who they are; what waits for that may wait longer.
CheckBegun = Callable[[Actor, datetime], None]


# Says why a person cannot be erased now, None when nothing speaks against it.
ErasureVeto = Callable[[UUID], Text | None]


@dataclass
class Plugs:
    """The sockets; one instance serves the process, tests may make their own."""

    send_code: CodeSender | None = None
    check_register: RegisterCheck | None = None
    matter_numbers: MatterNumbers | None = None
    matter_open: MatterOpen | None = None
    matter_concerns: MatterConcerns | None = None
    tell: Teller | None = None
    text_phone: PhoneTexter | None = None
    clean_picture: PictureCleaner | None = None
    register_photo: RegisterPhoto | None = None
    guardian: GuardianCheck | None = None
    replaced_numbers: ReplacedNumbers | None = None
    numbers_before: NumbersBefore | None = None
    service_names: ServiceNames | None = None
    fields: dict[str, tuple[Text, FieldReader]] = field(default_factory=dict)
    erasure_vetoes: list[ErasureVeto] = field(default_factory=list)
    check_begun: list[CheckBegun] = field(default_factory=list)


plugs = Plugs()


def code_sender(sender: CodeSender) -> CodeSender:
    """Register the one that sends codes to phones."""
    plugs.send_code = sender
    return sender


def teller(tell: Teller) -> Teller:
    """Register the one that tells accounts."""
    plugs.tell = tell
    return tell


def phone_texter(send: PhoneTexter) -> PhoneTexter:
    """Register the one that texts to a phone directly."""
    plugs.text_phone = send
    return send


def picture_cleaner(clean: PictureCleaner) -> PictureCleaner:
    """Register the one that rewrites pictures."""
    plugs.clean_picture = clean
    return clean


def register_check(check: RegisterCheck) -> RegisterCheck:
    """Register the one that vouches for name and ID number."""
    plugs.check_register = check
    return check


def register_photo(read: RegisterPhoto) -> RegisterPhoto:
    """Register the one that has the register's photos."""
    plugs.register_photo = read
    return read


def guardian_check(check: GuardianCheck) -> GuardianCheck:
    """Register the one that knows parents and guardians; `household` registers one."""
    plugs.guardian = check
    return check


def replaced_numbers(holders: ReplacedNumbers, before: NumbersBefore) -> None:
    """Register the ones that know the ID numbers that were replaced, by number and by person; `household` does."""
    plugs.replaced_numbers, plugs.numbers_before = holders, before


def service_names(read: ServiceNames) -> ServiceNames:
    """Register the one that names services."""
    plugs.service_names = read
    return read


def matter_numbers(reader: MatterNumbers) -> MatterNumbers:
    """Register the one that names matters by number."""
    plugs.matter_numbers = reader
    return reader


def matter_open(asked: MatterOpen) -> MatterOpen:
    """Register the one that knows whether a matter is open."""
    plugs.matter_open = asked
    return asked


def matter_concerns(asked: MatterConcerns) -> MatterConcerns:
    """Register the one that knows whom a matter concerns."""
    plugs.matter_concerns = asked
    return asked


def erasure_veto(asked: ErasureVeto) -> ErasureVeto:
    """Register one that may keep a person from being erased, such as a matter of theirs that is open."""
    if asked not in plugs.erasure_vetoes:
        plugs.erasure_vetoes.append(asked)
    return asked


def check_begun(follow: CheckBegun) -> CheckBegun:
    """Register what follows when somebody begins a check of who they are."""
    if follow not in plugs.check_begun:
        plugs.check_begun.append(follow)
    return follow


def person_field(name: str, title: Text) -> Callable[[FieldReader], FieldReader]:
    """Register a field of persons that `actions.look` can read, with its name in both languages."""

    def register(reader: FieldReader) -> FieldReader:
        plugs.fields[name] = (title, reader)
        return reader

    return register
