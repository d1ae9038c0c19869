"""What the demo's journey checks as an outsider: it passes what is true and names what is forged."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from minjing.base.ids import new_id
from minjing.base.workdays import WorkCalendar
from minjing.kernel.ledger.rules.framing import commitment, frame
from minjing.kernel.ledger.rules.note import BadNote, Claim, Signer
from minjing.kernel.ledger.rules.policy import NotTrusted
from minjing.kernel.ledger.rules.public import public_entry
from minjing.kernel.ledger.rules.receipt import BadReceipt
from minjing.kernel.ledger.rules.tiles import tile_path
from minjing.kernel.ledger.rules.tree import leaf_hash
from minjing.kernel.papers import pades, signing, typeset
from minjing.kernel.papers.tests.sheets import sheet
from minjing.site import journey
from minjing.site.journey import StepFailed
from minjing.site.journey.outsider import PublicLog, calendar_of, check_pause, check_signature
from tests.verify.logs import LOG, POLICY, PROMISE_KEY, StaticLog, entry, promise

SIGNED = ("court", "newspaper")
ENTRIES = [entry(index) for index in range(700)]
THIEF = Signer(LOG.name, b"\x09" * 32)


def files(log: StaticLog, policy: str = POLICY, promise_key: str = PROMISE_KEY) -> dict[str, bytes]:
    """Return what a server publishes of a log, by address."""
    tiles = {f"/ledger/{tile_path(*t, len(data) // 32)}": data for t, data in log.tiles.items()}
    return tiles | {
        "/open/ledger/policy": policy.encode(),
        "/open/ledger/vkey": f"{LOG.verifier}\n".encode(),
        "/ledger/keys/history": f"2026-03-02T05:00:00+00:00 promise {promise_key}\n".encode(),
        "/ledger/checkpoint": log.checkpoint(*SIGNED).encode(),
    }


OLD, NEW = StaticLog.of(ENTRIES[:300]), StaticLog.of(ENTRIES)
KEPT = Claim(LOG.name, OLD.size, OLD.root)


def log_of(**more: str) -> PublicLog:
    return PublicLog(files(NEW, **more).get)


def test_promised_entries_are_found_and_proved() -> None:
    log, leaves = log_of(), [leaf_hash(ENTRIES[index]) for index in (300, 511, 512, 699)]
    (opened,) = log.promises([promise(*leaves)])
    head = log.head()
    places = log.places(set(opened.leaves), KEPT, head)
    assert sorted(places.values()) == [300, 511, 512, 699]
    assert all(log.holds(leaf, index, head) for leaf, index in places.items())
    assert log.only_grew(KEPT, head)


def test_an_entry_that_is_not_there_or_was_there_before_is_not_found() -> None:
    log = log_of()
    assert log.places({leaf_hash(entry(1, "never")), leaf_hash(ENTRIES[299])}, KEPT, log.head()) == {}


def test_a_leaf_at_another_place_or_under_another_root_does_not_hold() -> None:
    log, leaf = log_of(), leaf_hash(ENTRIES[400])
    head = log.head()
    assert not log.holds(leaf, 401, head)
    assert not log.holds(leaf, 400, replace(head, root=bytes(32)))
    assert not log.only_grew(replace(KEPT, root=bytes(32)), head)


def test_a_log_that_was_written_anew_has_not_only_grown() -> None:
    log = PublicLog(files(StaticLog.of([entry(0, "other"), *ENTRIES[1:]])).get)
    assert not log.only_grew(KEPT, log.head())


def test_other_keys_than_the_published_ones_are_not_believed() -> None:
    with pytest.raises(StepFailed, match="log's own key"):
        log_of(policy=POLICY.replace(str(LOG.verifier), str(THIEF.verifier)))
    forged = files(NEW) | {"/ledger/checkpoint": NEW.checkpoint(*SIGNED, log=THIEF).encode()}
    with pytest.raises(NotTrusted):
        PublicLog(forged.get).head()
    with pytest.raises(NotTrusted, match="witnesses"):
        PublicLog((files(NEW) | {"/ledger/checkpoint": NEW.checkpoint("court").encode()}).get).head()
    with pytest.raises(BadNote):
        log_of(promise_key=str(Signer(f"{LOG.name}/promise", b"\x09" * 32).verifier)).promises(
            [promise(leaf_hash(ENTRIES[0]))]
        )
    with pytest.raises(StepFailed, match="not there"):
        PublicLog({key: data for key, data in files(NEW).items() if "policy" not in key}.get)


def test_a_partial_tile_may_have_become_a_full_one_meanwhile() -> None:
    published = files(StaticLog.of(ENTRIES[:512])) | {
        key: data for key, data in files(OLD).items() if "tile" not in key or "/000" in key
    }
    log = PublicLog(published.get)
    assert log.head().size == OLD.size
    assert log.places({leaf_hash(ENTRIES[299]), leaf_hash(ENTRIES[300])}, replace(KEPT, size=0), log.head()) == {
        leaf_hash(ENTRIES[299]): 299
    }


MATTER = new_id()


def given(kind: str, matter_id: UUID = MATTER) -> tuple[PublicLog, dict[str, object]]:
    """Return a log that holds one act, and what its applicant is given of it."""
    opening = bytes(16) + frame(new_id(), datetime(2026, 3, 2, 5, tzinfo=UTC), 1, None, None, matter_id, kind, b"{}")
    line = public_entry(kind, "2026-03-02T05:00Z", commitment(opening))
    log = StaticLog.of([*ENTRIES[:5], line])
    disclosure = {"entry": line.decode(), "opening": b64encode(opening).decode()}
    told = {"receipt": log.receipt(5, *SIGNED), "promise": promise(leaf_hash(line)), "disclosure": disclosure}
    return PublicLog(files(log).get), told


def test_an_act_has_its_receipt_its_promise_and_its_disclosure() -> None:
    log, told = given("matters:matter:approve")
    assert log.check_act(told, "matters:matter:approve", MATTER)
    with pytest.raises(StepFailed, match="the history matters:matter:refuse"):
        log.check_act(told, "matters:matter:refuse", MATTER)
    with pytest.raises(StepFailed, match="another matter"):
        log.check_act(told, "matters:matter:approve", new_id())
    with pytest.raises(StepFailed, match="another entry"):
        log.check_act(told | {"promise": promise(leaf_hash(ENTRIES[0]))}, "matters:matter:approve", MATTER)
    with pytest.raises(BadReceipt):
        log.check_act(told | {"receipt": NEW.receipt(5, *SIGNED)}, "matters:matter:approve", MATTER)
    wrong = told["disclosure"] | {"opening": b64encode(bytes(200)).decode()}
    with pytest.raises(StepFailed, match="does not open"):
        log.check_act(told | {"disclosure": wrong}, "matters:matter:approve", MATTER)


@pytest.fixture(scope="module")
def paper() -> bytes:
    return pades.sign(typeset.render(sheet()), unit_name="深圳市公安局福田分局")


def test_a_paper_holds_under_the_citys_certificate(paper: bytes) -> None:
    assert "电子证照签章" in check_signature(paper, signing.authority_pem())


def test_a_changed_an_unsigned_or_a_strangers_paper_does_not_hold(paper: bytes, tmp_path) -> None:
    changed = bytearray(paper)
    changed[paper.index(b"/Producer") + 2 if b"/Producer" in paper else len(paper) // 3] ^= 1
    with pytest.raises(StepFailed, match="fit its bytes"):
        check_signature(bytes(changed), signing.authority_pem())
    with pytest.raises(StepFailed, match="0 signatures"):
        check_signature(typeset.render(sheet()), signing.authority_pem())
    signing.make(tmp_path / "other", signing.Names("别市", "别的根", "别的签章"), datetime.now(UTC))
    with pytest.raises(StepFailed, match="vouch"):
        check_signature(paper, (tmp_path / "other" / "authority.pem").read_bytes())


@pytest.fixture
def calendar() -> WorkCalendar:
    return calendar_of({"known_until": "2026-12-31", "days_off": ["2026-10-01"], "made_up": ["2026-10-10"]})


def china(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC) - timedelta(hours=8)


DUE = china(date(2026, 12, 28), 18)
MONDAY = date(2026, 11, 30)
FRIDAY, NEXT = date(2026, 12, 4), date(2026, 12, 7)


@pytest.mark.parametrize(
    ("start", "end", "due", "counted_s"),
    [
        (china(MONDAY, 10), china(MONDAY, 10, 0, 3), china(date(2026, 12, 29), 9, 0, 3), 3),
        (china(MONDAY, 11, 59, 50), china(MONDAY, 14, 0, 10), china(date(2026, 12, 29), 9, 0, 20), 20),  # noon
        (china(FRIDAY, 17, 59, 55), china(NEXT, 9, 0, 5), china(date(2026, 12, 29), 9, 0, 10), 10),  # a weekend
        (china(FRIDAY, 19), china(date(2026, 12, 6), 23), DUE, 0),
    ],
)
def test_the_due_date_moves_by_the_paused_working_time_to_the_second(
    calendar: WorkCalendar, start: datetime, end: datetime, due: datetime, counted_s: int
) -> None:
    assert check_pause(DUE, due, start, end, "workday", calendar) == counted_s
    for wrong in (due + timedelta(seconds=1), due - timedelta(seconds=1), DUE + (end - start)):
        with pytest.raises(StepFailed, match="the date due"):
            check_pause(DUE, wrong, start, end, "workday", calendar)


def test_the_step_that_failed_is_named_and_the_exit_is_not_zero(capsys, monkeypatch) -> None:
    monkeypatch.setattr(journey.Journey, "STEPS", ("first", "second", "third"))

    def held(self: journey.Journey) -> str:
        """The first one holds."""
        return "Well."

    def surprised(self: journey.Journey) -> None:
        """The second one finds nothing."""
        raise KeyError("promise")

    monkeypatch.setattr(journey.Journey, "first", held, raising=False)
    monkeypatch.setattr(journey.Journey, "second", surprised, raising=False)
    assert journey.main("http://127.0.0.1:9") == 1
    said = capsys.readouterr().out
    assert " 1 ✓ The first one holds. Well." in said
    assert " 2 ✗ second: KeyError: 'promise'" in said
    assert "third" not in said
