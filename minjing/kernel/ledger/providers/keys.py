"""The log's keys: files outside the database, each readable by its owner alone, and the public list of them.

Ed25519 signs every checkpoint (tlog-checkpoint: MUST), ML-DSA-44 beside it (SHOULD), and SM2 where the city asks
for it. The name of the log is fixed in its key file: a log that changed its name would be another log.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from minjing.kernel.ledger.providers import folder, sm2
from minjing.kernel.ledger.rules.cosignature import CosignerKey, PostQuantum, parse_cosigner_key, parse_log_key
from minjing.kernel.ledger.rules.note import BadNote, Signer, Verifier, parse_signer, parse_vkey

LOG, QUANTUM = "ledger", "ledger-mldsa"  # <name>.key and <name>.pub
HISTORY = "keys/history"  # in the public folder


def signer() -> Signer:
    """Return the log's Ed25519 signer; the first call makes the key. Raises BadNote if the file is not a key."""
    path = _path(f"{LOG}.key")
    if not path.exists():
        _make(path, Signer(_new_origin(), os.urandom(32)).secret_text())
    found = _signer(path, path.stat().st_mtime_ns)
    if verifier() != found.verifier:
        _publish(LOG, found.verifier)
    return found


@lru_cache(maxsize=4)
def _signer(path: Path, changed: int) -> Signer:
    """Read the key; `changed` makes a process that runs on notice a new one."""
    return parse_signer(path.read_text())


def quantum_signer() -> CosignerKey:
    """Return the log's ML-DSA-44 signer; the first call makes the key. Raises BadNote if the file is not a key."""
    path = _path(f"{QUANTUM}.key")
    if not path.exists():
        _make(path, CosignerKey(origin(), PostQuantum.KIND, os.urandom(32)).secret_text())
    found = _quantum_signer(path, path.stat().st_mtime_ns)
    if quantum_verifier() != found.verifier:
        _publish(QUANTUM, found.verifier)
    return found


@lru_cache(maxsize=4)
def _quantum_signer(path: Path, changed: int) -> CosignerKey:
    return parse_cosigner_key(path.read_text())


def verifier() -> Verifier | None:
    """Return the log's public key, or None before the first start. Needs no right to the private key."""
    path = _path(f"{LOG}.pub")
    return parse_vkey(path.read_text()) if path.exists() else None


def quantum_verifier() -> Verifier | None:
    """Return the log's ML-DSA-44 public key, None before it is made."""
    path = _path(f"{QUANTUM}.pub")
    return parse_log_key(path.read_text()) if path.exists() else None


def origin() -> str:
    """Return the name of the log."""
    return signer().name


def signed(text: str, now: datetime) -> str:
    """Return a checkpoint's text with the log's own signature lines.

    The time within the second line is whole seconds of `now`; nothing of it is in the text.
    """
    lines = signer().sign(text) + quantum_signer().cosign(text, int(now.timestamp()))
    return lines + sm2.line(origin(), text) if sm2.is_wanted() else lines


def verifiers() -> Sequence[Verifier]:
    """Return every Ed25519 key under which this log has signed: the present one and those before it."""
    own = verifier()
    old = [key for role, key in history() if role == "log"]
    return list(dict.fromkeys([*([parse_vkey(str(own))] if own else []), *map(parse_vkey, old)]))


def history() -> list[tuple[str, str]]:
    """Return the public keys of the log as they were published, oldest first: (what it signs, vkey)."""
    data = folder.read(HISTORY)
    rows = [line.split(" ") for line in (data or b"").decode().splitlines()]
    return [(role, key) for _, role, key in (row for row in rows if len(row) == 3)]


def publish_history(now: datetime) -> None:
    """Add to the public list what is not yet in it: each line the time from which a key is used, its use, the key."""
    from minjing.kernel.ledger.providers.promise import promise_signer, promise_verifier

    signer(), quantum_signer(), promise_signer()
    present: list[tuple[str, object]] = [
        ("log", verifier()),
        ("log-mldsa", quantum_verifier()),
        ("promise", promise_verifier()),
    ]
    if sm2.is_wanted():
        present.append(("log-sm2", sm2.public_line(origin())))
    for role, key in present:
        publish_key(role, str(key or ""), now)


def publish_key(role: str, key: str, since: datetime) -> None:
    """Add one public key to the public list, unless it is there."""
    if key and (role, key) not in history():
        line = f"{since.astimezone(UTC).isoformat(timespec='seconds')} {role} {key}\n"
        folder.replace(HISTORY, (folder.read(HISTORY) or b"") + line.encode())


def replace_log_key(expected: Verifier, new: Signer) -> None:
    """Put a new key in the place of the old one; raises BadNote if that is no longer the one expected."""
    if signer().verifier != expected or new.name != expected.name:
        raise BadNote("The key is no longer the one that was to be replaced.")
    keep_secret(f"{LOG}.key", new.secret_text())
    _publish(LOG, new.verifier)


def keep_secret(name: str, text: str) -> None:
    """Keep a secret beside the keys, durably, for its owner alone."""
    draft = _path(f"{name}.{os.getpid()}")
    _write(draft, text, 0o600)
    os.replace(draft, _path(name))
    folder.sync_folder(draft.parent)


def secret(name: str) -> str | None:
    """Return a secret that was kept, None if there is none."""
    path = _path(name)
    return path.read_text() if path.exists() else None


def forget_secret(name: str) -> None:
    """Delete a secret that was kept."""
    _path(name).unlink(missing_ok=True)


def _path(name: str) -> Path:
    return Path(settings.DATA_DIR) / "keys" / name


def _new_origin() -> str:
    return f"{urlsplit(settings.BASE_URL).hostname or 'localhost'}/ledger"


def _make(path: Path, text: str) -> None:
    """Make a key under a temporary name and link it into place: of two starts at once, one key wins whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    _write(draft, text, 0o600)
    try:
        os.link(draft, path)
    except FileExistsError:
        return  # another process was first; its key is the key
    finally:
        draft.unlink()
    folder.sync_folder(path.parent)


def _publish(name: str, public: Verifier) -> None:
    draft = _path(f"{name}.pub.{os.getpid()}")
    _write(draft, str(public), 0o644)
    draft.rename(_path(f"{name}.pub"))
    folder.sync_folder(draft.parent)


def _write(path: Path, text: str, mode: int) -> None:
    folder.write_synced(path, f"{text}\n".encode(), mode)
