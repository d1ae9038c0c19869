"""A third signature for cities that must use the national algorithms: SM2 with SM3 (GB/T 32918, GB/T 32905).

It stands on a line of its own whose type no standard client knows, so that they skip it (signed-note: type 0xff and
a long identifier). The work is done by the openssl program: the Python library has no SM2. Off unless LEDGER_SM2
is set; a software key does not replace a certified device.
"""

import os
import subprocess
import tempfile
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from django.conf import settings

from minjing.kernel.ledger.rules.note import MARK, BadNote

KIND = b"\xffminjing/sm2-sm3/v1"
ID = "1234567812345678"  # GB/T 35276: the signer's id where none is agreed
POINT_BYTES = 65  # 0x04 || x || y
LIMIT_S = 10


def is_wanted() -> bool:
    """Say whether this city signs with SM2 too."""
    return bool(settings.LEDGER_SM2)


def line(name: str, text: str) -> str:
    """Return the signature line over a checkpoint's text; the first call makes the key. Raises BadNote."""
    blob = _key_id(name) + _openssl("-sign", "-inkey", str(_key()), text=text)
    return f"{MARK}{name} {b64encode(blob).decode()}\n"


def public_line(name: str) -> str:
    """Return the public key in the manner of a vkey: name+id+base64(type||point)."""
    return f"{name}+{_key_id(name).hex()}+{b64encode(KIND + _point()).decode()}"


def holds(name: str, text: str, blob: bytes) -> bool:
    """Say whether a line's blob (id and signature) is our SM2 key's over the text."""
    with tempfile.NamedTemporaryFile() as signature:
        signature.write(blob[4:])
        signature.flush()
        try:
            _openssl("-verify", "-inkey", str(_key()), "-sigfile", signature.name, text=text)
        except BadNote:
            return False
    return blob[:4] == _key_id(name)


def _key() -> Path:
    path = Path(settings.DATA_DIR) / "keys" / "ledger-sm2.pem"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL, 0o600))  # private before there is a key in it
        _run("genpkey", "-algorithm", "SM2", "-out", str(draft))
        draft.chmod(0o600)
        os.replace(draft, path)
    return path


def _point() -> bytes:
    return _run("pkey", "-in", str(_key()), "-pubout", "-outform", "DER")[-POINT_BYTES:]


def _key_id(name: str) -> bytes:
    return sha256(name.encode() + b"\n" + KIND + _point()).digest()[:4]


def _openssl(*arguments: str, text: str) -> bytes:
    with tempfile.NamedTemporaryFile() as message:
        message.write(text.encode())
        message.flush()
        options = ("-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{ID}")
        return _run("pkeyutl", *arguments, "-in", message.name, *options)


def _run(*arguments: str) -> bytes:
    try:
        command = ["openssl", *arguments]  # our own words and paths, no shell
        done = subprocess.run(command, capture_output=True, check=True, timeout=LIMIT_S)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise BadNote(f"openssl cannot do SM2 here ({type(error).__name__}); version 3 or newer is needed.") from None
    return done.stdout
