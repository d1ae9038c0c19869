"""The authoritative register over real HTTP: signed both ways; what is not an answer to this question is none."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from minjing.kernel.identity.errors import NotAllowed
from minjing.kernel.identity.providers.register import HEADER, HttpRegister, signature
from minjing.kernel.identity.tests.conftest import LIN, LIN_NUMBER, NOW

KEY = b"k" * 32
Change = Callable[[dict[str, object]], dict[str, object]]


class Register:
    """A register that knows Lin; `change` bends its answers, `key` signs them."""

    def __init__(self) -> None:
        self.change: Change = lambda said: said
        self.key = KEY
        self.asked: list[tuple[bytes, str]] = []

    def answer(self, body: bytes) -> bytes:
        question = json.loads(body)
        found = question["id_number"] == LIN_NUMBER
        said = {"id": question["id"], "found": found, "name_agrees": question["name"] == LIN, "alive": True}
        return json.dumps(self.change(said)).encode()


@pytest.fixture
def register() -> Iterator[tuple[Register, str]]:
    made = Register()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.asked.append((body, self.headers[HEADER]))
            answer = made.answer(body)
            self.send_response(200)
            self.send_header(HEADER, signature(made.key, "answer", answer))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def ask(url: str, name: str = LIN):
    return HttpRegister(url, KEY)(name=name, id_number=LIN_NUMBER, now=NOW)


def test_it_vouches_for_a_name_and_a_number_and_the_question_is_signed(register: tuple[Register, str]) -> None:
    there, url = register
    assert ask(url).name_agrees
    assert not ask(url, "林小曼").name_agrees
    body, signed = there.asked[0]
    assert signed == signature(KEY, "ask", body)


@pytest.mark.parametrize(
    "change",
    [
        lambda said: {**said, "id": "another"},
        lambda said: {**said, "found": "yes"},
        lambda said: {"id": said["id"]},
    ],
)
def test_what_is_no_answer_to_this_question_counts_as_none(register: tuple[Register, str], change: Change) -> None:
    there, url = register
    there.change = change
    with pytest.raises(NotAllowed):
        ask(url)


def test_a_forged_answer_and_a_silent_register_vouch_for_nobody(register: tuple[Register, str]) -> None:
    there, url = register
    there.key = b"x" * 32
    with pytest.raises(NotAllowed) as refused:
        ask(url)
    assert refused.value.key == "no_register"
    with pytest.raises(NotAllowed):
        ask("http://127.0.0.1:9/")
