"""The authoritative population register over HTTP, where a city has one; the household module is the built-in one.

POST {id, at, name, id_number} as JSON to REGISTER_URL, with X-Minjing-Signature: HMAC-SHA256(key, "ask|" + body) in
hex. The answer is {id, found, name_agrees, alive}, signed likewise over "answer|" + body, and names the ask: one to
another question, an unsigned or a late one counts as none. Nothing else of a person is asked or told.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from minjing.base.canonical import canonical
from minjing.kernel.identity.errors import NotAllowed
from minjing.kernel.identity.plugs import Registered

HEADER = "X-Minjing-Signature"
WAIT_S = 5.0
ANSWER_MAX = 4_096  # bytes
DOWN = {"zh": "暂时无法核对身份，请稍后再试。", "en": "Identity cannot be checked now; try later."}


class Unavailable(Exception):
    """The register gave no answer that can be believed; `fault` says why, without anything of the person."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class HttpRegister:
    """Asks one register; fits identity.plugs.RegisterCheck."""

    url: str
    key: bytes

    def __call__(self, *, name: str, id_number: str, now: datetime) -> Registered:
        """Return what the register knows. Raises NotAllowed while it cannot be asked."""
        try:
            said = self._ask({"id": str(uuid4()), "at": now.isoformat(), "name": name, "id_number": id_number})
        except Unavailable:
            raise NotAllowed("no_register", DOWN) from None
        return Registered(bool(said["found"]), bool(said["name_agrees"]), bool(said["alive"]))

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        import httpx

        body = canonical(question)
        headers = {HEADER: signature(self.key, "ask", body), "Content-Type": "application/json"}
        try:
            answer = httpx.post(self.url, content=body, headers=headers, timeout=WAIT_S, follow_redirects=False)
        except httpx.HTTPError:
            raise Unavailable("no_answer") from None
        if answer.status_code != 200 or len(answer.content) > ANSWER_MAX:
            raise Unavailable("refused")
        if not hmac.compare_digest(answer.headers.get(HEADER, ""), signature(self.key, "answer", answer.content)):
            raise Unavailable("unsigned")
        try:
            said = json.loads(answer.content)
        except ValueError:
            raise Unavailable("malformed") from None
        if not isinstance(said, dict) or said.get("id") != question["id"]:
            raise Unavailable("other_question")
        if not all(isinstance(said.get(part), bool) for part in ("found", "name_agrees", "alive")):
            raise Unavailable("malformed")
        return said


def signature(key: bytes, kind: str, body: bytes) -> str:
    """Return the signature of an ask or an answer, in hex."""
    return hmac.digest(key, kind.encode() + b"|" + body, "sha256").hex()
