"""The log's key: one file, outside the database, readable by its owner alone."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from minjing.kernel.ledger.rules.note import Signer, Verifier, parse_signer, parse_vkey


def signer() -> Signer:
    """Return the log's signer; the first call makes the key.

    The name of the log is fixed in its key file: a log that changed its name would be another log.
    Raises BadNote if the file is not a key.
    """
    path = _path("ledger.key")
    if not path.exists():
        _make(path)
    found = parse_signer(path.read_text())
    if verifier() != found.verifier:
        _publish(found.verifier)
    return found


def verifier() -> Verifier | None:
    """Return the log's public key, or None before the first start. Needs no right to the private key."""
    path = _path("ledger.pub")
    return parse_vkey(path.read_text()) if path.exists() else None


def _path(name: str) -> Path:
    return Path(settings.DATA_DIR) / "keys" / name


def _make(path: Path) -> None:
    """Make a key under a temporary name and link it into place: of two starts at once, one key wins whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    origin = f"{urlsplit(settings.BASE_URL).hostname or 'localhost'}/ledger"
    made = Signer(origin, os.urandom(32))
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    _write(draft, made.secret_text(), 0o600)
    try:
        os.link(draft, path)
    except FileExistsError:
        return  # another process was first; its key is the key
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _publish(public: Verifier) -> None:
    draft = _path(f"ledger.pub.{os.getpid()}")
    _write(draft, str(public), 0o644)
    draft.rename(_path("ledger.pub"))
    _sync_folder(draft.parent)


def _write(path: Path, text: str, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as handle:
        handle.write(text + "\n")
        handle.flush()
        os.fsync(handle.fileno())


def _sync_folder(folder: Path) -> None:
    # Without this a power cut can take the name of a file whose content is safe.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
