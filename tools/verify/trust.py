"""Whom you believe: a policy file names logs, witnesses and how many of them must agree (c2sp.org/tlog-policy).

Get it from somebody you trust, not only from the site whose log you check: whoever writes it decides what holds.
"""

import re
from collections.abc import Iterable

from keys import LOG, WITNESS, Bad, Checkpoint, Key, open_note, read_checkpoint, read_key


class Policy:
    """Lines `log KEY`, `witness NAME KEY`, `group NAME HOW-MANY MEMBERS…` and `quorum NAME`, once they are read."""

    def __init__(self, text: str) -> None:
        self.logs: list[Key] = []
        self.witnesses: dict[str, Key] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {}
        self.quorum = ""
        self.free: set[str] = set()  # names that belong to no group yet: each may be a member once
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text):
            raise Bad("The policy holds characters that are not text.")
        for number, line in enumerate(text.split("\n"), 1):
            words = [word for word in re.split("[ \t]+", line) if word]
            try:
                if words and not words[0].startswith("#"):
                    self._take(words)
            except Bad as bad:
                raise Bad(f"Line {number} of the policy: {bad}") from None
        if not self.quorum:
            raise Bad("The policy does not say how many witnesses must agree (quorum).")

    def _take(self, words: list[str]) -> None:
        match words:
            case ["log", key, *url] if len(url) < 2:
                self.logs.append(_once(read_key(key), self.logs, WITNESS))
            case ["witness", name, key, *url] if len(url) < 2:
                self.witnesses[self._new(name)] = _once(read_key(key), self.witnesses.values(), LOG)
            case ["group", name, need, *members] if members and len(set(members) & self.free) == len(members):
                self.free -= set(members)
                self.groups[self._new(name)] = (_count(need, len(members)), members)
            case ["quorum", name] if not self.quorum and name in {"none", *self.witnesses, *self.groups}:
                self.quorum = name
            case _:
                raise Bad("it is not understood, names what is not defined above, or says something a second time.")

    def _new(self, name: str) -> str:
        if name in {"none", *self.witnesses, *self.groups}:
            raise Bad(f"the name {name} is taken.")
        self.free.add(name)
        return name

    def check(self, note: str) -> tuple[Checkpoint, dict[str, int]]:
        """Return what a checkpoint states and which witnesses signed it when; raises Bad unless they are enough."""
        text, signed = open_note(note, [*self.logs, *self.witnesses.values()])
        head = read_checkpoint(text)
        if not any(log in signed and log.name == head.origin for log in self.logs):
            raise Bad("None of the logs in the policy signed this checkpoint.")
        seen_by = {name: signed[key] for name, key in self.witnesses.items() if key in signed}
        have = {"none", *seen_by}
        for name, (need, members) in self.groups.items():  # members stand above their group
            if sum(member in have for member in members) >= need:
                have.add(name)
        if self.quorum not in have:
            raise Bad(f"Too few witnesses of the policy signed this checkpoint ({', '.join(seen_by) or 'none'}).")
        return head, seen_by


def _once(key: Key, others: Iterable[Key], wrong_kind: int) -> Key:
    if key.kind == wrong_kind or any(key.data == other.data for other in others):
        raise Bad("this key is of the wrong kind, or stands there twice.")
    return key


def _count(need: str, members: int) -> int:
    count = {"any": 1, "all": members}.get(need) or (int(need) if re.fullmatch("[1-9][0-9]{0,8}", need) else 0)
    if not 1 <= count <= members:
        raise Bad("the group must ask for any, all, or a number of its members.")
    return count
