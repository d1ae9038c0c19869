"""What a witness remembers: for each log the newest checkpoint it cosigned, in files that survive a power cut.

The checkpoint is written before the answer leaves. A second record, the guard, holds size and root alone and may
lie on another disk: if the checkpoints come back older than the guard, somebody restored a backup, and a witness
that went on from there could cosign a second history.
"""

import fcntl
import os
from base64 import b64encode
from pathlib import Path
from typing import IO

from minjing.kernel.ledger.rules.cosignature import Cosigner, CosignerKey, parse_cosigner_key
from minjing.kernel.ledger.rules.note import BadNote, Claim, Verifier, parse_claim, parts_of, unbase64
from minjing.kernel.ledger.rules.witnessing import origin_hash

KEY = "witness.key"
PUBLIC = "witness.pub"
EVIDENCE_MAX = 100  # a log that forks over and over must not fill the witness's disk


class Doubt(RuntimeError):
    """What is stored does not fit together; nothing is cosigned until a person has looked. Says what to do."""


def make(folder: Path, key: CosignerKey) -> None:
    """Make the folder of a new witness; raises FileExistsError rather than replace a key."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(folder / KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(key.secret_text() + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    _write(folder / PUBLIC, f"{key.verifier}\n")


def fresh(folder: Path, name: str) -> Verifier:
    """Return the public key of the witness in `folder`, made on the first call."""
    if not (folder / KEY).exists():
        make(folder, CosignerKey(name, Cosigner.KIND, os.urandom(32)))
    return key_in(folder).verifier


def key_in(folder: Path) -> CosignerKey:
    """Return the witness's key; raises Doubt."""
    try:
        return parse_cosigner_key((folder / KEY).read_text())
    except FileNotFoundError:
        raise Doubt(f"There is no witness in {folder}. Make one first: minjing witness init") from None
    except (BadNote, UnicodeDecodeError) as bad:
        raise Doubt(f"The key in {folder} cannot be used: {bad}") from None


class Store:
    """The newest checkpoint of each log. One process at a time has it open."""

    def __init__(self, folder: Path, guards: Path | None = None) -> None:
        self._checkpoints = folder / "checkpoints"
        self._guards = guards or folder / "guard"
        self._evidence = folder / "evidence"
        for place in (self._checkpoints, self._guards):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._held = _hold(folder / "lock")
        self._notes: dict[str, str] = {}
        names = {path.name for place in (self._checkpoints, self._guards) for path in place.iterdir()}
        for name in sorted(name for name in names if not name.endswith(".new")):
            self._notes[name] = self._load(name)

    def note(self, name: str) -> str | None:
        """Return the checkpoint cosigned last for the log with this hash of its origin."""
        return self._notes.get(name)

    def seen(self, origin: str) -> Claim | None:
        """Return what was cosigned last for a log."""
        note = self.note(origin_hash(origin))
        return None if note is None else parse_claim(parts_of(note)[0])

    def put(self, claim: Claim, note: str) -> None:
        """Write down what is about to be answered; the caller holds the lock under which it read `seen`.

        Raises Doubt if the file is not what this process wrote last, OSError if it cannot be written.
        """
        name = origin_hash(claim.origin)
        path = self._checkpoints / name
        on_disk = path.read_text() if path.exists() else None
        if on_disk != self._notes.get(name):
            raise Doubt(f"{path} was changed while the witness ran. Stop it and find out by whom.")
        _write(path, note)
        # If we crash here the guard is one step behind: the next start takes the checkpoint; nothing was answered.
        _write(self._guards / name, f"{claim.size} {b64encode(claim.root).decode()}\n")
        self._notes[name] = note

    def keep_evidence(self, claim: Claim, note: str) -> None:
        """Keep a signed checkpoint that contradicts one cosigned before: together they prove the fork to anyone."""
        self._evidence.mkdir(exist_ok=True, mode=0o700)
        path = self._evidence / f"{origin_hash(claim.origin)[:16]}-{claim.size}-{claim.root.hex()[:16]}"
        if len(list(self._evidence.iterdir())) < EVIDENCE_MAX:
            _write(path, note)

    def close(self) -> None:
        """Let another process have the folder."""
        self._held.close()

    def _load(self, name: str) -> str:
        path, guard = self._checkpoints / name, self._guards / name
        try:
            note = path.read_text()
            claim = parse_claim(parts_of(note)[0])
            size, root = _guarded(guard) if guard.exists() else (0, claim.root)
        except (FileNotFoundError, BadNote, UnicodeDecodeError) as bad:
            raise Doubt(f"{path} is lost or damaged ({bad}). {RETIRE}") from None
        if size > claim.size or (size == claim.size and size and root != claim.root):
            raise Doubt(
                f"{path} stands at size {claim.size}, but this witness has cosigned size {size} ({guard})."
                f" An older copy was restored. {RETIRE}"
            )
        return note


RETIRE = (
    "Put the newest copy back. If it is lost, retire this witness and make one with a new name and key: a witness"
    " that forgot what it saw can be led to cosign a second history."
)


def _guarded(path: Path) -> tuple[int, bytes]:
    size, _, root = path.read_text().strip().partition(" ")
    if not size.isdigit():
        raise BadNote("the guard is malformed")
    return int(size), unbase64(root)


def _hold(path: Path) -> IO[str]:
    handle = path.open("a")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise Doubt(f"Another process runs the witness in {path.parent}. Stop it first.") from None
    return handle


def _write(path: Path, text: str) -> None:
    """Replace a file whole: a reader, or the next start after a power cut, finds the old or the new text."""
    draft = path.with_name(f"{path.name}.new")
    with draft.open("w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # without it a power cut can take the new name
    finally:
        os.close(folder)
