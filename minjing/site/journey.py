"""The main journey over HTTP against a running server: a spouse moves in, from the search box to the paper checked.

`minjing demo journey --url http://localhost:8000` uses the pages for finding, signing in and checking the paper,
and the JSON API under the same sessions for the rest. It works on the demo city only, makes a new synthetic
applicant each time and can be run again and again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import struct
import time
from base64 import b32decode
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import httpx
from PIL import Image, ImageDraw

from minjing.base.clock import local_day, now
from minjing.base.conditions import holds
from minjing.base.idnumber import compose
from minjing.site.demo.officers import PASSWORD, TOTP_SECRET
from minjing.site.demo.residents import LIN

SERVICE = "HZ0301"
WAIT_S = 30.0
AGAIN_S = 51.0  # identity lets a phone ask for another code after 50 s


class StepFailed(Exception):
    """A step of the journey did not hold."""


def hold(what: bool, sentence: str) -> None:
    """Raise StepFailed with `sentence` unless `what` holds."""
    if not what:
        raise StepFailed(sentence)


class Visitor:
    """One browser: its cookies, and the CSRF token that its writes carry."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, follow_redirects=True, timeout=30, headers={"Accept-Language": "zh"})

    def page(self, path: str) -> str:
        """Return a page that must be there."""
        answer = self.http.get(path)
        hold(answer.status_code == 200, f"GET {path} answered {answer.status_code}")
        return answer.text

    def post_form(self, path: str, **fields: str) -> httpx.Response:
        """Send a form as a browser does: from its page, with its token."""
        page = self.page(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        hold(token is not None, f"{path} has no form")
        assert token is not None
        headers = {"Referer": str(self.http.base_url.join(path)), "Origin": str(self.http.base_url).rstrip("/")}
        return self.http.post(path, data={"csrfmiddlewaretoken": token[1], **fields}, headers=headers)

    def call(self, method: str, path: str, expect: int = 200, **more: Any) -> Any:
        """Call the API under this session and return its JSON."""
        token = next((v for k, v in self.http.cookies.items() if k.endswith("csrf")), "")
        headers = {"X-CSRFToken": token, "Referer": str(self.http.base_url)}
        answer = self.http.request(method, f"/api{path}", headers=headers, **more)
        hold(answer.status_code == expect, f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.content


def inbox_of(visitor: Visitor) -> str:
    """Return the address of the demo's text messages, as the pages show it."""
    found = re.search(r'href="(http[^"]*/inbox)"', visitor.page("/sign-in/"))
    hold(found is not None, "the sign-in page does not lead to the demo's text messages")
    assert found is not None
    return found[1]


def texts_to(inbox: str, phone: str) -> list[str]:
    """Return the text messages that a phone has received, newest first."""
    answer = httpx.get(f"{inbox}.json", params={"phone": phone}, timeout=10)
    return [message["text"] for message in answer.json()["messages"]]


def wait_for(what: Callable[[], Any], sentence: str) -> Any:
    """Return the first true answer of `what`, asked again and again for half a minute."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.3)
    raise StepFailed(sentence)


def totp(secret: str, at: float) -> str:
    """Return the time code of a secret (RFC 6238: SHA-1, 30 s, 6 digits)."""
    key = b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(at // 30)), hashlib.sha1)
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def scan(words: str) -> bytes:
    """Return a photo of a paper."""
    picture = Image.new("RGB", (900, 640), "#F4EFE2")
    ImageDraw.Draw(picture).text((60, 60), f"{words}\n{secrets.token_hex(8)}", fill="#333333")
    kept = BytesIO()
    picture.save(kept, "JPEG")
    return kept.getvalue()


class Journey:
    """The steps, in order; each leaves what the next one needs."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.resident = Visitor(self.url)
        self.phone = f"1990001{secrets.randbelow(10_000):04d}"
        born = date(1993, 1, 1) + timedelta(days=secrets.randbelow(2000))
        self.id_number = compose("430102", born, 2 * secrets.randbelow(400) + 2)
        self.matter: dict[str, Any] = {}
        self.paper: dict[str, Any] = {}

    STEPS = (
        "find", "guide", "sign_in", "say_who", "fill_in", "resume_elsewhere", "send_papers", "submit",
        "claim", "second_officer_is_kept_out", "ask_for_a_paper", "supplement", "check_record", "recommend",
        "same_person_cannot_decide", "approve", "register_and_paper", "check_the_paper", "rate",
        "who_looked", "health",
    )  # fmt: skip

    def find(self) -> None:
        """The service is found by Chinese, pinyin, initials and English."""
        for words in ("夫妻投靠", "fuqi", "fqtk", "join a spouse"):
            answer = self.resident.http.get("/find/", params={"q": words})
            hold(SERVICE in answer.text, f"{words!r} does not find {SERVICE}")

    def guide(self) -> None:
        """The guide is read without an account."""
        page = self.resident.page(f"/open/services/{SERVICE}/")
        hold("户口登记条例" in page and "20" in page, "the guide lacks the basis or the limit")

    def sign_in(self) -> None:
        """Phone and code, the code out of the demo's text messages."""
        self._sign_in(self.resident)

    def _sign_in(self, visitor: Visitor) -> None:
        inbox = inbox_of(visitor)
        before = len(texts_to(inbox, self.phone))
        if visitor.post_form("/sign-in/", phone=self.phone).status_code == 422:
            time.sleep(AGAIN_S)  # a second code for the same phone has to wait, as it should
            visitor.post_form("/sign-in/", phone=self.phone)
        texts = wait_for(
            lambda: (lambda t: t if len(t) > before else None)(texts_to(inbox, self.phone)), "no code came by SMS"
        )
        code = re.search(r"\d{6}", texts[0])
        hold(code is not None, "the text message has no code")
        assert code is not None
        answer = visitor.post_form("/sign-in/code/", code=code[0])
        hold(answer.status_code == 200, f"the code was answered {answer.status_code}")

    def say_who(self) -> None:
        """Name and ID number make level 2; a wrong number is told apart first."""
        wrong = self.id_number[:-1] + ("0" if self.id_number[-1] != "0" else "1")
        answer = self.resident.post_form("/sign-in/who/", name="苏晚晴", id_number=wrong)
        hold(answer.status_code == 422, "a wrong check character was not refused")
        self.resident.post_form("/sign-in/who/", name="苏晚晴", id_number=self.id_number)
        hold(self.resident.call("GET", "/me")["level"] >= 2, "the resident did not reach level 2")

    def fill_in(self) -> None:
        """A draft is begun and its first page saved."""
        self.draft = self.resident.call("POST", f"/drafts/{SERVICE}")
        form = self.resident.call("GET", f"/services/{SERVICE}")["form"]
        self.pages = {page["page"]: [f["name"] for f in page["fields"]] for page in form}
        self.answers: dict[str, Any] = {
            "applying_as": "mover",
            "person_name": "苏晚晴",
            "person_id": self.id_number,
            "person_sex": "2",
            "person_ethnicity": "01",
            "origin_addr": "湖南省长沙市芙蓉区示范路 1 号",
            "spouse_name": LIN.name,
            "spouse_id": LIN.id_number,
            "married_on": "2019-05-20",
            "marriage_cert_no": "J440304-2019-000001",
            "landing_household_no": "602000001",
            "relation": "other",
            "head_agrees": True,
            "minor_children_along": False,
            "office": "440304004",
            "delivery": "electronic",
            "contact_phone": self.phone,
            "data_consent": True,
        }
        first = next(iter(self.pages))
        self._save(self.resident, first)

    def _save(self, visitor: Visitor, page: str) -> None:
        own = {name: self.answers[name] for name in self.pages[page] if name in self.answers}
        saved = visitor.call("PUT", f"/drafts/{self.draft['id']}/pages/{page}", json={"answers": own})
        hold(saved["errors"] == {}, f"page {page}: {saved['errors']}")

    def resume_elsewhere(self) -> None:
        """Another device goes on where the first one left."""
        other = Visitor(self.url)
        self._sign_in(other)
        drafts = other.call("GET", "/drafts")
        hold(any(d["id"] == self.draft["id"] for d in drafts), "the draft is not there on the other device")
        for page in list(self.pages)[1:]:
            self._save(other, page)
        self.resident = other

    def send_papers(self) -> None:
        """Photos of the papers go up and stand in the draft."""
        service = self.resident.call("GET", f"/services/{SERVICE}")
        today = local_day(now())
        wanted = [m for m in service["materials"] if m["required"] and holds(m["when"], self.answers, today)]
        self.needed = [m["name"] for m in wanted]
        for name in self.needed:
            self._attach(name)

    def _upload(self, name: str) -> str:
        files = {"file": (f"{name}.jpg", scan(name), "image/jpeg")}
        return str(self.resident.call("POST", "/files", expect=201, files=files)["id"])

    def _attach(self, name: str) -> None:
        body = {"name": name, "file_id": self._upload(name)}
        self.resident.call("POST", f"/drafts/{self.draft['id']}/materials", json=body)

    def submit(self) -> None:
        """Submitting twice makes one matter; the number, the due date and the first station are told."""
        request = {"request_id": str(uuid4())}
        first = self.resident.call("POST", f"/drafts/{self.draft['id']}/submit", json=request)
        again = self.resident.call("POST", f"/drafts/{self.draft['id']}/submit", json={"request_id": str(uuid4())})
        hold(first["id"] == again["id"], "the second click made a second matter")
        self.matter = first
        hold(first["number"] in self.resident.page(f"/matters/{first['number']}/done/"), "no confirmation page")

    def _officer(self, login: str) -> Visitor:
        visitor = Visitor(self.url)
        answer = visitor.post_form("/officer/sign-in/", login=login, password=PASSWORD)
        for drift in (0, 30):  # a code is good once: one that a run before has used is refused, the next is not
            if "/second/" not in str(answer.url):
                break
            answer = visitor.post_form("/officer/sign-in/second/", code=totp(TOTP_SECRET, time.time() + drift))
        if "/second/" in str(answer.url):
            time.sleep(31 - time.time() % 30)
            answer = visitor.post_form("/officer/sign-in/second/", code=totp(TOTP_SECRET, time.time()))
        hold(visitor.call("GET", "/me")["kind"] == "officer", f"{login} could not sign in")
        return visitor

    def _act(self, visitor: Visitor, action: str, expect: int = 200, **more: Any) -> Any:
        body = {"ver": self.matter["ver"], "request_id": str(uuid4()), **more}
        answer = visitor.call("POST", f"/matters/{self.matter['id']}/actions/{action}", expect=expect, json=body)
        if expect == 200:
            self.matter = answer
        return answer

    def claim(self) -> None:
        """The station's officer finds the matter in the queue and claims it."""
        self.clerk = self._officer("futian.clerk")
        queue = self.clerk.call("GET", "/work/queues/to_claim?limit=200")
        hold(any(m["id"] == self.matter["id"] for m in queue), "the matter is not in the station's queue")
        self._act(self.clerk, "claim")
        answers = self.clerk.call("GET", f"/matters/{self.matter['id']}/answers")
        hold(answers["person_id"] == self.id_number, "the officer does not see the form")

    def second_officer_is_kept_out(self) -> None:
        """Nobody else can act on it meanwhile."""
        colleague = self._officer("futian.clerk2")
        refused = self._act(colleague, "recommend", expect=403)
        hold(refused["key"] == "claimed", f"refused for another reason: {refused['key']}")

    def ask_for_a_paper(self) -> None:
        """One paper is asked for: the clock pauses and the resident is told by SMS."""
        self.due_before = self.matter["due_at"]
        self._act(self.clerk, "ask_supplement", materials=[self.needed[0]], note="照片不清楚，请重新拍摄")
        hold(self.matter["light"] == "paused", "the clock does not pause")
        inbox = inbox_of(Visitor(self.url))
        number = self.matter["number"]
        wait_for(lambda: any(number in text for text in texts_to(inbox, self.phone)), "the resident was not told")

    def supplement(self) -> None:
        """The paper comes; the clock runs again and the due date does not come nearer."""
        self._act(self.resident, "supplement", files={self.needed[0]: [self._upload("again")]})
        hold(self.matter["state"] == "submitted", "the matter did not go on")
        hold(self.matter["due_at"] >= self.due_before, "the due date came nearer")

    def check_record(self) -> None:
        """Child tasks, where the flow opens any, are closed by their own post."""
        self._act(self.clerk, "claim")
        tasks = [t for t in self.clerk.call("GET", f"/matters/{self.matter['id']}/tasks") if not t["done_at"]]
        if not tasks:
            return
        checker = self._officer("futian.checker")
        for task in tasks:
            body = {"result": "clear", "request_id": str(uuid4())}
            self.matter = checker.call("POST", f"/work/tasks/{task['id']}", json=body)

    def recommend(self) -> None:
        """The station recommends."""
        self._act(self.clerk, "recommend")
        hold(self.matter["state"] == "recommended", "the matter did not reach the branch")

    def same_person_cannot_decide(self) -> None:
        """Who recommended does not decide."""
        self._act(self.clerk, "claim", expect=403)

    def approve(self) -> None:
        """The branch's approver claims and approves."""
        approver = self._officer("futian.approver")
        self._act(approver, "claim")
        self._act(approver, "approve")
        hold(self.matter["outcome"] == "approved", "the matter was not approved")

    def register_and_paper(self) -> None:
        """The register has the member, the signed permit is there."""
        papers = self.resident.call("GET", f"/matters/{self.matter['id']}/papers")
        hold(len(papers) == 1 and papers[0]["state"] == "valid", "the permit was not issued")
        self.paper = papers[0]
        pdf = self.resident.call("GET", f"/matters/{self.matter['id']}/papers/{self.paper['id']}.pdf")
        hold(pdf.startswith(b"%PDF") and b"/ByteRange" in pdf, "the permit is not a signed PDF")
        hold("602000001" in self.resident.page("/me/"), "the register does not have the new member")

    def check_the_paper(self) -> None:
        """Anyone sees that it is valid, and nothing of the person."""
        page = Visitor(self.url).page(f"/open/check/{self.paper['code']}")
        hold("有效" in page and self.id_number not in page and "苏晚晴" not in page, "the check page is wrong")
        unknown = Visitor(self.url).http.get("/open/check/AAAA-AAAA-AAAA-AAAA")
        hold(unknown.status_code == 404, "an unknown code is not called unknown")

    def rate(self) -> None:
        """The resident rates the service."""
        number = self.matter["number"]
        self.resident.call("POST", f"/matters/{number}/rating", json={"stars": 5, "words": "不用跑窗口，真方便"})

    def who_looked(self) -> None:
        """The resident sees the officers' looks, with the matter."""
        looks = self.resident.call("GET", "/me/looks")
        hold(any(look["matter_number"] == self.matter["number"] for look in looks), "the look is not shown")

    def health(self) -> None:
        """Every part is well, and the ledger has caught up."""
        visitor = Visitor(self.url)

        def caught_up() -> bool:
            state = visitor.http.get("/healthz").json()
            return bool(state["ok"] and state["parts"]["ledger"]["lag_s"] < 5)

        wait_for(caught_up, "the ledger lags or a part is not well")


def main(url: str) -> int:
    """Walk the journey, a line a step; return 0 when every step held."""
    journey = Journey(url)
    for number, name in enumerate(Journey.STEPS, 1):
        step = getattr(journey, name)
        began = time.monotonic()
        try:
            step()
        except (StepFailed, httpx.HTTPError) as failed:
            print(f"{number:>2} ✗ {name}: {failed}")
            return 1
        print(f"{number:>2} ✓ {step.__doc__.splitlines()[0]} ({time.monotonic() - began:.1f} s)", flush=True)
    print(f"Every step held: {journey.matter['number']}, paper {journey.paper['code']}.")
    return 0
