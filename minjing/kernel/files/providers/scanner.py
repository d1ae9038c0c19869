"""The virus scan by clamd over its own protocol (clamd(8), INSTREAM): pieces, each after its length."""

import socket
import struct

from django.conf import settings

CONNECT_S, ANSWER_S = 3.0, 30.0
PIECE = 256 * 1024
ANSWER_MAX = 4096


class ScannerDown(Exception):
    """clamd is configured but does not answer as it should."""


def scan(content: bytes) -> str:
    """Return the name of the virus found, "" when clean or when no scanner is configured. Raises ScannerDown."""
    if not settings.CLAMD_SOCKET:
        return ""
    try:
        with _connect(settings.CLAMD_SOCKET) as line:
            line.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), PIECE):
                piece = content[start : start + PIECE]
                line.sendall(struct.pack(">I", len(piece)) + piece)
            line.sendall(struct.pack(">I", 0))
            return _verdict(_answer(line))
    except (OSError, ValueError) as error:
        raise ScannerDown(type(error).__name__) from None


def _connect(address: str) -> socket.socket:
    family, _, where = address.partition(":")
    if family == "unix":
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(CONNECT_S)
        line.connect(where)
    elif family == "tcp":
        host, _, port = where.rpartition(":")
        line = socket.create_connection((host.strip("[]"), int(port)), CONNECT_S)
    else:
        raise ValueError("CLAMD_SOCKET must be unix:/path or tcp:host:port")
    line.settimeout(ANSWER_S)
    return line


def _answer(line: socket.socket) -> str:
    said = b""
    while not said.endswith(b"\0") and len(said) < ANSWER_MAX:
        more = line.recv(ANSWER_MAX)
        if not more:
            break
        said += more
    return said.rstrip(b"\0\n").decode("utf-8", "replace")


def _verdict(said: str) -> str:
    """Read "stream: OK" or "stream: NAME FOUND"."""
    if said == "stream: OK":
        return ""
    if said.startswith("stream: ") and said.endswith(" FOUND"):
        return said.removeprefix("stream: ").removesuffix(" FOUND")
    raise ScannerDown(said[:80])
