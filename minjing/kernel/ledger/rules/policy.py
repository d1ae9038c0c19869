"""Whom we believe: logs, witnesses and how many of them (c2sp.org/tlog-policy, as of July 2026)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from minjing.kernel.ledger.rules.cosignature import Cosigner, parse_cosigner, parse_log_key, timestamp
from minjing.kernel.ledger.rules.note import BadNote, Claim, Verifier, opened, parse_claim, parse_line, parts_of

ALLOWED = re.compile(r"[\t\n\x20-\x7e\x80-\U0010ffff]*")  # "Character set"
NUMBER = re.compile(r"[1-9][0-9]{0,8}")
NONE = "none"


class BadPolicy(ValueError):
    """The policy cannot be read; the message says which line and why."""


class NotTrusted(ValueError):
    """The policy does not accept the checkpoint; the message says why."""


@dataclass(frozen=True)
class Log:
    """A log that is believed, and where it is found."""

    verifier: Verifier
    url: str = ""


@dataclass(frozen=True)
class Witness:
    """A witness by the name it has in the policy, and where it takes checkpoints."""

    name: str
    verifier: Cosigner
    url: str = ""


@dataclass(frozen=True)
class Group:
    """`need` of the members, witnesses or groups, make the group a witness."""

    need: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """A policy that has been read and found whole."""

    quorum: str = NONE
    logs: tuple[Log, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)

    def check(self, note: str) -> Claim:
        """Return what a checkpoint claims if a known log signed it and enough witnesses cosigned.

        Raises NotTrusted.
        """
        keys = [log.verifier for log in self.logs] + [witness.verifier for witness in self.witnesses]
        try:
            text, signed_by = opened(note, keys)
            claim = parse_claim(text)
        except BadNote as bad:
            raise NotTrusted(str(bad)) from None
        # "Defining a log": the key's name MUST correspond to the origin line.
        if not any(log.verifier in signed_by and log.verifier.name == claim.origin for log in self.logs):
            raise NotTrusted("No log of the policy signed this checkpoint.")
        have = {witness.name for witness in self.witnesses if witness.verifier in signed_by}
        if not self.holds(have):
            raise NotTrusted(f"{len(have)} known witnesses cosigned; the policy asks for {self.need()}.")
        return claim

    def seen_by(self, note: str) -> dict[str, int]:
        """Return which witnesses cosigned a checkpoint, and when, in seconds since 1970; raises BadNote."""
        found = {}
        for line in map(parse_line, parts_of(note)[1]):
            for witness in self.witnesses:
                if (line.name, line.key_id) == (witness.verifier.name, witness.verifier.key_id):
                    witness.verifier.check(line.signature, parts_of(note)[0])
                    found[witness.name] = timestamp(line.signature)
        return found

    def satisfied(self, note: str) -> bool:
        """Say whether the policy accepts a checkpoint."""
        try:
            self.check(note)
        except NotTrusted:
            return False
        return True

    def holds(self, names: Iterable[str]) -> bool:
        """Say whether these witnesses, by their names in the policy, are enough."""
        have = set(names)
        for name, group in self.groups.items():  # in the order of the file: members stand before their group
            if sum(member in have for member in group.members) >= group.need:
                have.add(name)
        return self.quorum == NONE or self.quorum in have

    def need(self) -> int:
        """Return the smallest number of witnesses that can satisfy the policy."""
        cost = {NONE: 0, **{witness.name: 1 for witness in self.witnesses}}
        for name, group in self.groups.items():
            cost[name] = sum(sorted(cost[member] for member in group.members)[: group.need])
        return cost[self.quorum]


def parse_policy(text: str) -> Policy:
    """Return the policy written in a file; raises BadPolicy."""
    if not ALLOWED.fullmatch(text):
        raise BadPolicy("The policy holds control characters.")
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), 1):
        words = [word for word in re.split("[ \t]+", line) if word]
        if words and not words[0].startswith("#"):
            try:
                reader.take(words)
            except (BadNote, BadPolicy) as bad:
                raise BadPolicy(f"Line {number}: {bad}") from None
    if reader.quorum is None:
        raise BadPolicy("The policy has no quorum line.")
    return Policy(reader.quorum, tuple(reader.logs), tuple(reader.witnesses), reader.groups)


class _Reader:
    """A policy as far as it has been read."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self.free: set[str] = set()  # names that no group has taken: each may be a member once
        self.names = {NONE}

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) < 2:
                self._log(Log(parse_log_key(vkey), *url))
            case ["witness", name, vkey, *url] if len(url) < 2:
                self._witness(Witness(name, parse_cosigner(vkey), *url))
            case ["group", name, need, *members] if members:
                self._group(name, need, members)
            case ["quorum", name]:
                self._quorum(name)
            case _:
                raise BadPolicy("this is no log, witness, group or quorum line.")

    def _log(self, log: Log) -> None:
        if any(log.verifier.key == other.verifier.key for other in self.logs):
            raise BadPolicy("the key of this log stands in the policy twice.")
        self.logs.append(log)

    def _witness(self, witness: Witness) -> None:
        if any(witness.verifier.key == other.verifier.key for other in self.witnesses):
            raise BadPolicy("the key of this witness stands in the policy twice.")
        self._name(witness.name)
        self.witnesses.append(witness)

    def _group(self, name: str, need: str, members: list[str]) -> None:
        for member in members:
            if member not in self.free:
                raise BadPolicy(f"{member!r} is not defined above, or is a member already.")
            self.free.remove(member)
        if need not in ("any", "all") and not NUMBER.fullmatch(need):
            raise BadPolicy("a group needs any, all or a number.")
        count = {"any": 1, "all": len(members)}.get(need) or int(need)
        if count > len(members):
            raise BadPolicy(f"the group asks for {count} of {len(members)} members.")
        self._name(name)
        self.groups[name] = Group(count, tuple(members))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise BadPolicy("a policy has one quorum line.")
        if name not in self.names:
            raise BadPolicy(f"{name!r} is not defined above.")
        self.quorum = name

    def _name(self, name: str) -> None:
        if name in self.names:
            raise BadPolicy(f"the name {name!r} is taken.")
        self.names.add(name)
        self.free.add(name)
