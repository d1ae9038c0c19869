"""The key that signs promises: another than the log's own, for it lies open in every process that acts.

Who steals it can promise what will never come, which raises an alarm, and can sign no head of the log.
"""

import os
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from minjing.kernel.ledger.providers import keys
from minjing.kernel.ledger.rules.note import MARK, Signer, Verifier, parse_signer, parse_vkey
from minjing.kernel.ledger.rules.promise import SUFFIX

KEY, PUBLIC = "promise.key", "promise.pub"


@dataclass(frozen=True, slots=True)
class PromiseSigner:
    """The promise key, read once and kept ready: it signs in the middle of an act, where microseconds count."""

    origin: str  # of the log that will hold the entry
    key: Ed25519PrivateKey
    key_id: bytes
    line_head: str

    def sign(self, text: str) -> str:
        """Return `text` as a signed note."""
        blob = self.key_id + self.key.sign(text.encode())
        return f"{text}\n{self.line_head}{b64encode(blob).decode()}\n"


def promise_signer() -> PromiseSigner:
    """Return the signer of promises; the first call makes the key. Raises BadNote if the file is not a key."""
    name = f"{settings.DATA_DIR}/keys/{KEY}"  # no Path here: this runs within every act
    try:
        changed = os.stat(name).st_mtime_ns
    except FileNotFoundError:
        _make(_path(KEY))
        changed = os.stat(name).st_mtime_ns
    return _signer(name, changed)


@lru_cache(maxsize=4)
def _signer(name: str, changed: int) -> PromiseSigner:
    """Read the key; `changed` makes a process that runs on notice a new one."""
    found = parse_signer(Path(name).read_text())
    key = Ed25519PrivateKey.from_private_bytes(found.seed)
    return PromiseSigner(found.name.removesuffix(SUFFIX), key, found.verifier.key_id, f"{MARK}{found.name} ")


def origin() -> str:
    """Return the name of the log that promises are given for; a log keeps its name for ever."""
    return _origin(settings.DATA_DIR)


@lru_cache(maxsize=4)
def _origin(_data_dir: Path) -> str:
    return promise_signer().origin


def promise_verifier() -> Verifier | None:
    """Return the public key of promises, None before the first one is made. Needs no right to the private key."""
    path = _path(PUBLIC)
    return parse_vkey(path.read_text()) if path.exists() else None


def _path(name: str) -> Path:
    return Path(settings.DATA_DIR) / "keys" / name


def _make(path: Path) -> None:
    """Make a key under a temporary name and link it into place: of two starts at once, one key wins whole."""
    made = Signer(keys.signer().name + SUFFIX, os.urandom(32))
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    _write(draft, made.secret_text(), 0o600)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first; its key is the key
    finally:
        draft.unlink()
    public = path.with_name(f"{PUBLIC}.{os.getpid()}")
    _write(public, str(parse_signer(path.read_text()).verifier), 0o644)
    public.rename(path.with_name(PUBLIC))


def _write(path: Path, text: str, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as handle:
        handle.write(text + "\n")
        handle.flush()
        os.fsync(handle.fileno())
