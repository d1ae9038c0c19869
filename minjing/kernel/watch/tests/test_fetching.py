"""What the monitor fetches from a witness: whole, or given up after a second, however slowly it comes."""

import socket
import time
from http.client import HTTPException
from threading import Thread

import pytest

from minjing.kernel.watch.monitor import WITNESS_ANSWERS_S, _fetched

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


def served(pieces, pause_s=0.0):
    """Answer one request with these pieces, one after each pause; return its address."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer():
        line, _ = listening.accept()
        with line, listening:
            line.recv(4096)
            for piece in pieces:
                try:
                    line.sendall(piece)
                except OSError:
                    return
                time.sleep(pause_s)

    Thread(target=answer, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/checkpoint"


def test_what_comes_at_once_is_returned_whole():
    assert _fetched(served([HEAD % 6, b"origin"])) == "origin"


@pytest.mark.parametrize("slow", ["head", "body"])
def test_who_sends_a_byte_now_and_then_is_given_up(slow):
    whole = HEAD % 60 + b"x" * 60
    pieces = [whole[n : n + 1] for n in range(len(whole))] if slow == "head" else [HEAD % 60, *[b"x"] * 60]
    began = time.monotonic()
    try:
        found = _fetched(served(pieces, 0.3))
    except (OSError, HTTPException):  # what the monitor takes for a witness that is away
        found = ""
    assert len(found) < 10
    assert time.monotonic() - began < 3 * WITNESS_ANSWERS_S
