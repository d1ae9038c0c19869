"""Whom a witness believes: keys given at its start, and the logs of a policy file that is read again when it changes.

A log that changes its key writes the new one into its policy; whoever runs the witness decides by putting that file
in place, and need not stop what others wait for.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from minjing.kernel.ledger.rules.cosignature import parse_log_key
from minjing.kernel.ledger.rules.note import BadNote, Verifier
from minjing.kernel.ledger.rules.policy import BadPolicy, parse_policy
from minjing.kernel.ledger.witness.store import Doubt

log = logging.getLogger("witness")


class Trust(Mapping[str, Sequence[Verifier]]):
    """The keys of logs by origin, as they are believed now."""

    def __init__(self, vkeys: Sequence[str], policy: Path | None) -> None:
        """Read the keys; raises BadNote, BadPolicy, OSError, and Doubt where none is given."""
        self._given = [parse_log_key(vkey) for vkey in vkeys]
        self._policy = policy
        self._written = self._written_at()
        self._logs = self._read()

    def __getitem__(self, origin: str) -> Sequence[Verifier]:
        return self._present()[origin]

    def __iter__(self) -> Iterator[str]:
        return iter(self._present())

    def __len__(self) -> int:
        return len(self._present())

    def _present(self) -> Mapping[str, Sequence[Verifier]]:
        """Return the keys; a changed policy that cannot be read leaves what was believed before."""
        written = self._written_at()
        if written != self._written:
            self._written = written
            try:
                self._logs = self._read()
                log.info("the policy was read again")
            except (BadNote, BadPolicy, Doubt, OSError) as bad:
                log.error("the changed policy is not used: %s", bad)
        return self._logs

    def _written_at(self) -> int:
        try:
            return self._policy.stat().st_mtime_ns if self._policy else 0
        except OSError:
            return 0

    def _read(self) -> Mapping[str, Sequence[Verifier]]:
        verifiers = list(self._given)
        if self._policy is not None:
            text = self._policy.read_text(errors="surrogateescape")
            verifiers += [one.verifier for one in parse_policy(text).logs]
        if not verifiers:
            raise Doubt("Say which log to watch: --log KEY, or --policy FILE.")
        logs: dict[str, list[Verifier]] = {}
        for verifier in verifiers:
            logs.setdefault(verifier.name, []).append(verifier)
        return logs
