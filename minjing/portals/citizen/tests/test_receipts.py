"""Receipts, promises and disclosures: what a resident takes away, whose they are, and that they hold without us."""

import hashlib
import json
from base64 import b64decode, b64encode
from uuid import UUID

import pytest
from django.test import Client

from minjing.base.clock import now
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.ledger import actions as ledger_actions
from minjing.kernel.ledger.actions import drain
from minjing.kernel.ledger.providers.policy import policy
from minjing.kernel.ledger.providers.promise import promise_verifier
from minjing.kernel.ledger.rules.promise import open_promise
from minjing.kernel.ledger.rules.receipt import BadReceipt, check_receipt, parse_receipt
from minjing.kernel.ledger.rules.tree import leaf_hash
from minjing.kernel.matters import queries
from minjing.kernel.matters.models import Matter
from minjing.kernel.matters.tests.conftest import lasting_city  # noqa: F401 - a fixture
from minjing.kernel.matters.tests.world import CHEN, LIN, STRANGER
from minjing.portals.citizen.tests import walk
from minjing.portals.citizen.tests.conftest import signed_in


def text(answer) -> str:
    return str(answer.content.decode())


def entry_of(number: str) -> UUID:
    """Return the entry of a matter's submission."""
    found = queries.events(queries.snapshot(Matter.objects.get(number=number)))[0].entry_id
    assert found is not None
    return found


def look() -> UUID:
    """Let Chen look at Lin; return the entry."""
    identity.look(CHEN, [LIN.person_id], ["name"], reason="phone_enquiry", now=now())
    return people.looks_at(LIN.person_id, now())[0].entry_id


@pytest.fixture
def lin(lasting_city) -> Client:  # noqa: F811 - the fixture
    return signed_in(LIN)


@pytest.fixture
def number(lin) -> str:
    return walk.submit(lin)


def test_before_publication_the_promise_is_offered_and_kept_afterwards(lin, number):
    entry = entry_of(number)
    shown = text(lin.get(f"/matters/{number}/receipt/{entry}/"))
    assert "正在排进公开账本" in shown
    assert "提交了一件申请" in shown  # what the entry records, its kind beside it
    assert '<a href="/matters/" aria-current="page">' in shown
    assert ".tlog-proof" not in shown
    note = text(lin.get(f"/matters/{number}/receipt/{entry}.promise"))
    key = promise_verifier()
    assert key is not None
    (leaf,) = open_promise(note, [key]).leaves
    drain(now())
    receipt = parse_receipt(text(lin.get(f"/matters/{number}/receipt/{entry}.tlog-proof")))
    assert receipt.extra is not None
    assert leaf_hash(receipt.extra) == leaf


def test_a_receipt_asked_for_too_early_leads_to_the_page_that_says_so(lin, number):
    early = lin.get(f"/matters/{number}/receipt/{entry_of(number)}.tlog-proof")
    assert early["Location"] == f"/matters/{number}/receipt/{entry_of(number)}/"


def test_the_receipt_satisfies_the_policy_and_no_other_line_fits_it(lin, number):
    entry = entry_of(number)
    drain(now())
    answer = lin.get(f"/matters/{number}/receipt/{entry}.tlog-proof")
    assert answer["Content-Disposition"].endswith('.tlog-proof"')
    assert "no-store" in answer["Cache-Control"]
    receipt = parse_receipt(text(answer))
    line = receipt.extra or b""
    check_receipt(receipt, line, policy())
    with pytest.raises(BadReceipt):
        check_receipt(receipt, line.replace(b"submitted", b"withdrawn"), policy())


def test_the_disclosure_opens_the_commitment(lin, number):
    entry = entry_of(number)
    said = json.loads(text(lin.get(f"/matters/{number}/receipt/{entry}.json")))
    commitment = said["entry"].rsplit(" ", 1)[1]
    opening = b64decode(said["opening"])
    assert b64encode(hashlib.sha256(opening).digest()).decode().rstrip("=") == commitment
    assert opening.startswith(bytes.fromhex(said["salt"]))
    assert opening.endswith(json.dumps(said["content"], separators=(",", ":"), sort_keys=True).encode())
    assert said["content"]["to"] == "submitted"


def test_the_page_says_in_words_what_is_public_and_what_is_not(lin, number):
    entry = entry_of(number)
    drain(now())
    shown = text(lin.get(f"/matters/{number}/receipt/{entry}/"))
    assert "matters:matter:submitted " in shown
    assert f"/matters/{number}/receipt/{entry}.tlog-proof" in shown
    assert f"/matters/{number}/receipt/{entry}.json" in shown
    assert "不要交给别人" in shown


def test_after_an_erasure_the_line_stays_and_the_contents_are_gone(lin, number):
    entry = entry_of(number)
    drain(now())
    ledger_actions.erase_person(LIN.person_id, by=CHEN, now=now())
    shown = text(lin.get(f"/matters/{number}/receipt/{entry}/"))
    assert "已依法删除" in shown
    assert lin.get(f"/matters/{number}/receipt/{entry}.json").status_code == 302
    drain(now())
    check = parse_receipt(text(lin.get(f"/matters/{number}/receipt/{entry}.tlog-proof")))
    check_receipt(check, check.extra or b"", policy())


def test_the_look_has_a_receipt_and_a_disclosure_of_its_own(lin):
    entry = look()
    drain(now())
    assert f"/me/looks/{entry}/" in text(lin.get("/me/looks/"))
    receipt = parse_receipt(text(lin.get(f"/me/looks/{entry}.tlog-proof")))
    check_receipt(receipt, receipt.extra or b"", policy())
    said = json.loads(text(lin.get(f"/me/looks/{entry}.json")))
    assert said["content"]["fields"] == ["name"]


@pytest.mark.parametrize("ending", ["/", ".tlog-proof", ".promise", ".json"])
def test_somebody_elses_receipts_are_not_there(lin, number, ending):
    entry, seen = entry_of(number), look()
    stranger = signed_in(STRANGER)
    assert stranger.get(f"/matters/{number}/receipt/{entry}{ending}").status_code == 404
    assert stranger.get(f"/me/looks/{seen}{ending}").status_code == 404
    # an entry of one's own that is neither of this matter nor a look
    assert lin.get(f"/matters/{number}/receipt/{seen}{ending}").status_code == 404
    assert lin.get(f"/me/looks/{entry}{ending}").status_code == 404


def test_each_act_of_the_matter_page_leads_to_its_receipt(lin, number):
    assert f"/matters/{number}/receipt/{entry_of(number)}/" in text(lin.get(f"/matters/{number}/"))


def test_the_confirmation_hands_out_the_promise(lin, number):
    shown = text(lin.get(f"/matters/{number}/done/"))
    assert f"/matters/{number}/receipt/{entry_of(number)}.promise" in shown


def test_an_answer_that_acted_carries_the_promise_in_its_head(lin):
    draft = walk.fill(lin)
    sent = {"request_id": walk.request_id(lin, draft), "declare": "yes"}
    answer = lin.post(f"/drafts/{draft.id}/check/", sent)
    number = answer["Location"].split("/")[2]
    notes = [b64decode(part).decode() for part in answer["Ledger-Promise"].split(", ")]
    assert text(lin.get(f"/matters/{number}/receipt/{entry_of(number)}.promise")) in notes
    assert "Ledger-Promise" not in lin.get(f"/matters/{number}/").headers
