"""The steps of the journey, in order."""

from __future__ import annotations

import re
import secrets
import time
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from minjing.base.clock import CHINA, local_day, now
from minjing.base.conditions import holds
from minjing.base.idnumber import compose
from minjing.kernel.ledger.rules.promise import WITHIN_S
from minjing.site.demo.officers import PASSWORD, TOTP_SECRET
from minjing.site.demo.residents import LIN
from minjing.site.journey.outsider import PublicLog, calendar_of, check_pause, check_signature
from minjing.site.journey.visitor import Visitor, hold, inbox_of, promised_in, scan, texts_to, totp, wait_for

SERVICE = "HZ0301"
REFUSED = "HZ0901"  # change of name: the second matter
STATION = "440304004"
AGAIN_S = 51.0  # identity lets a phone ask for another code after 50 s
PAUSE_S = 2.0  # in office hours a pause of this length moves the due date by seconds that can be counted
REFUSED_BECAUSE = ("conditions", "不符合办理条件", "《行政许可法》第 38 条")  # of the flow's list: key, words, law
REFUSAL_NOTE = "改名理由不充分，请补充依据后重新申请。"
OBJECTING = ("60 日内", "行政复议", "6 个月内", "行政诉讼")


class Journey:
    """The steps, in order; each leaves what the next one needs."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.promises: set[str] = set()  # of every act and look of the journey, as signed notes
        self.resident = self._visitor()
        self.phone = f"1990001{secrets.randbelow(10_000):04d}"
        born = date(1993, 1, 1) + timedelta(days=secrets.randbelow(2000))
        self.id_number = compose("430102", born, 2 * secrets.randbelow(400) + 2)
        self.matter: dict[str, Any] = {}  # in hand
        self.decided: list[dict[str, Any]] = []
        self.paper: dict[str, Any] = {}

    STEPS = (
        "keep_the_head", "find", "guide", "sign_in", "say_who", "fill_in", "resume_elsewhere", "send_papers",
        "submit", "claim", "second_officer_is_kept_out", "ask_for_a_paper", "supplement", "check_record",
        "recommend", "same_person_cannot_decide", "approve", "show_oneself", "register_and_paper",
        "verify_the_signature", "check_the_paper", "rate", "who_looked",
        "apply_again", "refusal_needs_a_reason", "refuse", "told_how_to_object",
        "health", "promises_are_kept", "log_only_grew", "receipts_hold",
    )  # fmt: skip

    def _visitor(self) -> Visitor:
        return Visitor(self.url, self.promises)

    def keep_the_head(self) -> str:
        """The log's signed head is kept, as its published keys and witnesses vouch for it."""
        self.log = PublicLog(self._visitor().file)
        self.kept = self.log.head()
        return f"{self.kept.size} entries."

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
            "office": STATION,
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
        other = self._visitor()
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
        visitor = self._visitor()
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
        path = f"/matters/{self.matter['id']}/actions/{action}"
        answer = visitor.answer("POST", path, expect=expect, json=body)
        if expect == 200:
            self.matter = answer.json()
            hold(self.matter["promise"] in promised_in(answer), f"{action} was not promised to the ledger")
        return answer.json()

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
        self.paused_since = self.matter["paused_since"]
        self._told(self.matter["number"])

    def _told(self, *words: str) -> None:
        """Wait for a text message to the resident that has all of these words."""
        inbox = inbox_of(Visitor(self.url))

        def came() -> bool:
            return any(all(word in text for word in words) for text in texts_to(inbox, self.phone))

        wait_for(came, f"the resident was not told: {', '.join(words)}")

    def supplement(self) -> str:
        """The paper comes, the clock runs again, and the due date has moved by exactly the paused working time."""
        time.sleep(PAUSE_S)
        self._act(self.resident, "supplement", files={self.needed[0]: [self._upload("again")]})
        hold(self.matter["state"] == "submitted", "the matter did not go on")
        hold(self.matter["paused_since"] is None, "the clock does not run again")
        start, end = datetime.fromisoformat(self.paused_since), self._done_at("supplement")
        unit = self.resident.call("GET", f"/services/{SERVICE}")["limit"]["unit"]
        administrator = self._officer("system.admin")
        calendar = calendar_of(administrator.call("GET", "/admin/calendars")["revisions"][0])
        before, after = (datetime.fromisoformat(at) for at in (self.due_before, self.matter["due_at"]))
        counted_s = check_pause(before, after, start, end, unit, calendar)
        paused = " to ".join(f"{at.astimezone(CHINA):%A %H:%M:%S}" for at in (start, end))
        return f"{paused}: {counted_s} s of working time."

    def _done_at(self, action: str) -> datetime:
        return datetime.fromisoformat(next(e["at"] for e in self._events(self.matter) if e["action"] == action))

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
        self.approver = self._officer("futian.approver")
        self._act(self.approver, "claim")
        self._act(self.approver, "approve")
        hold(self.matter["outcome"] == "approved", "the matter was not approved")
        self.decided.append(self.matter)

    def show_oneself(self) -> None:
        """A name and a number open no register; an officer who holds the card beside the person does."""
        refused = self.resident.call("GET", "/me/register", expect=403)
        hold(refused["key"] == "identity_level", f"the register is shut for another reason: {refused['key']}")
        hold("602000001" not in self.resident.page("/me/"), "the page shows the register to a name and a number")
        code = self.resident.call("POST", "/me/check/counter", expect=201)["code"]
        check = self.clerk.call("POST", "/work/checks/by-code", json={"code": code})["id"]
        self.clerk.call("POST", f"/work/checks/{check}/open")
        self.clerk.call("POST", f"/work/checks/{check}/verdict", json={"verdict": "same"})
        hold(self.resident.call("GET", "/me")["level"] >= 3, "the resident did not reach level 3")

    def register_and_paper(self) -> None:
        """The register has the member, the permit is there."""
        papers = self.resident.call("GET", f"/matters/{self.matter['id']}/papers")
        hold(len(papers) == 1 and papers[0]["state"] == "valid", "the permit was not issued")
        self.paper = papers[0]
        hold("602000001" in self.resident.page("/me/"), "the register does not have the new member")

    def verify_the_signature(self) -> str:
        """The permit's signature is verified under the certificate that the city publishes."""
        pdf = self.resident.call("GET", f"/matters/{self.matter['id']}/papers/{self.paper['id']}.pdf")
        authority = self._visitor().file("/open/papers/authority.pem")
        hold(authority is not None, "the city does not publish its certificate")
        assert authority is not None
        return f"Signed by {check_signature(pdf, authority)}."

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

    def apply_again(self) -> None:
        """A second matter, a change of name, is submitted in one go."""
        answers = {
            "applying_as": "self",
            "person_name": "苏晚晴",
            "person_id": self.id_number,
            "new_name": "苏晚",
            "surname_from": "unchanged",
            "reason": "觉得两个字好记",
            "no_open_case": True,
            "office": STATION,
            "delivery": "electronic",
            "contact_phone": self.phone,
            "data_consent": True,
        }
        materials = {"application_letter": [self._upload("application_letter")]}
        body = {"code": REFUSED, "answers": answers, "materials": materials, "request_id": str(uuid4())}
        self.matter = self.resident.call("POST", "/matters", expect=201, json=body)

    def refusal_needs_a_reason(self) -> None:
        """The approver cannot refuse without a reason of the law's list, nor without a text."""
        self._act(self.clerk, "claim")
        self._act(self.clerk, "recommend")
        self._act(self.approver, "claim")
        for wrong, more in (
            ("reason", {"note": REFUSAL_NOTE}),
            ("reason", {"note": REFUSAL_NOTE, "reason": "because"}),
            ("note", {"reason": REFUSED_BECAUSE[0]}),
        ):
            refused = self._act(self.approver, "refuse", expect=422, **more)
            hold(wrong in refused["errors"], f"a refusal with {more} is told apart by {refused['errors']}")

    def refuse(self) -> None:
        """The approver refuses with a reason of the list and a text; the resident is told by SMS."""
        self._act(self.approver, "refuse", reason=REFUSED_BECAUSE[0], note=REFUSAL_NOTE)
        hold(self.matter["outcome"] == "refused", "the matter was not refused")
        self.decided.append(self.matter)
        self._told(self.matter["number"], "未获批准")

    def told_how_to_object(self) -> None:
        """The resident reads why, by which law, and how to object; nothing was issued or changed."""
        page = self.resident.page(f"/matters/{self.matter['number']}/")
        for words in (*REFUSED_BECAUSE[1:], REFUSAL_NOTE, *OBJECTING):
            hold(words in page, f"the page of the refused matter does not say {words!r}")
        hold(self.resident.call("GET", f"/matters/{self.matter['id']}/papers") == [], "a paper was issued")
        hold("苏晚晴" in self.resident.page("/me/"), "the register has another name")

    def promises_are_kept(self) -> str:
        """Each entry that was promised with an answer is proved to be in the public log."""
        wanted = {leaf for promise in self.log.promises(self.promises) for leaf in promise.leaves}
        hold(bool(wanted), "no answer brought a promise of the ledger")

        def there() -> bool:
            self.head = self.log.head()
            self.places = self.log.places(wanted, self.kept, self.head)
            return wanted == self.places.keys()

        wait_for(there, f"a promised entry is not in the log after {WITHIN_S} s", within_s=WITHIN_S)
        for leaf, index in self.places.items():
            hold(self.log.holds(leaf, index, self.head), f"entry {index} is not under the signed root")
        return f"{len(wanted)} entries of {len(self.promises)} promises, under a head of {self.head.size}."

    def log_only_grew(self) -> None:
        """The log only grew: the head kept before the first step is the beginning of the present one."""
        hold(self.log.only_grew(self.kept, self.head), "the log is not a continuation of the head that was kept")

    def receipts_hold(self) -> str:
        """Each act of both matters was promised, its receipt holds, and its disclosure says what was done."""
        acts = [(matter["id"], event) for matter in self.decided for event in self._events(matter)]
        for matter_id, event in acts:
            given = self.resident.call("GET", f"/matters/{matter_id}/receipts/{event['entry']}")
            leaf = self.log.check_act(given, kind_of(event["action"]), UUID(matter_id))
            hold(leaf in self.places, f"the answer to {event['action']} brought no promise of it")
        return f"{len(acts)} acts."

    def _events(self, matter: dict[str, Any]) -> list[dict[str, Any]]:
        return list(self.resident.call("GET", f"/matters/{matter['id']}/events"))

    def health(self) -> None:
        """Every part is well, and the ledger has caught up."""
        visitor = self._visitor()

        def caught_up() -> bool:
            state = visitor.http.get("/healthz").json()
            return bool(state["ok"] and state["parts"]["ledger"]["lag_s"] < 5)

        wait_for(caught_up, "the ledger lags or a part is not well")


def kind_of(action: str) -> str:
    """Return the kind under which an act on a matter stands in the log."""
    return f"matters:matter:{'submitted' if action == 'submit' else action}"
