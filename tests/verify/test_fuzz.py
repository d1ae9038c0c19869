"""Fuzzing of every parser that reads what strangers send: note, checkpoint, keys, proof, policy, request, bundle.

Hypothesis draws where to begin and a seed; each draw makes a hundred cases by cutting, doubling, swapping and
overwriting pieces of true texts, of each other and of noise. Only the declared refusal may come out, and where two of
our readers read the same thing they must agree. FUZZ_CASES sets how many cases in all (`make faults`: 1,000,000).
"""

import os
import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minjing.kernel.ledger.rules import note, promise, public, tiles
from minjing.kernel.ledger.rules.cosignature import parse_cosigner, parse_cosigner_key, parse_log_key
from minjing.kernel.ledger.rules.note import BadNote
from minjing.kernel.ledger.rules.policy import BadPolicy, NotTrusted, parse_policy
from minjing.kernel.ledger.rules.receipt import BadReceipt, check_receipt, parse_receipt
from minjing.kernel.ledger.rules.witnessing import Refused, judge, parse_request, request_text
from tests.verify import tool
from tests.verify.logs import LOG, POLICY, PROMISE_KEY, WITNESSES, StaticLog, entry
from tests.verify.logs import promise as promised

STATIC = StaticLog.of([entry(index) for index in range(40)])
RECEIPT = STATIC.receipt(7, "court", "newspaper")
CHECKPOINT = STATIC.checkpoint("court", "university")
BUNDLE = tiles.bundle(STATIC.entries[:5])
OURS, THEIRS = parse_policy(POLICY), tool.trust.Policy(POLICY)
SEEDS = [
    text.encode()
    for text in (
        RECEIPT, CHECKPOINT, STATIC.checkpoint(), POLICY, promised(bytes(32)), str(LOG.verifier), PROMISE_KEY,
        str(WITNESSES["court"].verifier), WITNESSES["court"].secret_text(), LOG.secret_text(),
        request_text(0, [], CHECKPOINT), request_text(7, [bytes(32)] * 3, CHECKPOINT), "",
    )
] + [BUNDLE, STATIC.entries[0]]  # fmt: skip
WORDS = [b"\n\n", b"\n", " — ".encode(), b"+", b"=", b"AAAA", b"0", b"9" * 30, b"index ", b"extra ", b"old ", b"log "]
WORDS += [b"witness ", b"group ", b"quorum none\n", b"\xff", b"\x00", "　".encode(), b"\xed\xa0\x80", b"any all 1"]
BATCH = 100


def mangled(chance: random.Random, start: bytes) -> bytes:
    """Return `start` after one to six edits."""
    data = bytearray(start)
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(data))
        to = min(len(data), at + chance.choice((0, 1, 1, 2, 8, 64, 1000)))
        piece = chance.choice(
            (b"", chance.randbytes(chance.randint(1, 9)), chance.choice(WORDS), bytes(data[at:to]) * 2, _cut(chance))
        )
        data[at:to] = piece
    return bytes(data)


def _cut(chance: random.Random) -> bytes:
    other = chance.choice(SEEDS)
    at = chance.randint(0, len(other))
    return other[at : at + chance.randint(0, 200)]


def read_note(data: bytes) -> None:
    """Ours and the tool agree on which keys signed a note."""
    text = data.decode()
    keys = [LOG.verifier, *(key.verifier for key in WITNESSES.values())]
    try:
        ours = {(key.name, key.key_id) for key in note.opened(text, keys)[1]}
    except BadNote:
        ours = set()
    try:
        tools = tool.keys.open_note(text, [tool.keys.read_key(str(key)) for key in keys])[1]
        theirs = {(key.name, key.id()) for key in tools}
    except tool.keys.Bad:
        theirs = set()
    assert ours == theirs


def read_checkpoint(data: bytes) -> None:
    text = data.decode()
    assert refused(BadNote, lambda: note.parse_claim(text)) == refused(
        tool.keys.Bad, lambda: tool.keys.read_checkpoint(text)
    )


def read_keys(data: bytes) -> None:
    text = data.decode()
    ours = all(refused(BadNote, lambda read=read: read(text)) for read in (parse_cosigner, parse_log_key))
    assert ours == refused(tool.keys.Bad, lambda: tool.keys.read_key(text))
    refused(BadNote, lambda: parse_cosigner_key(text))
    refused(BadNote, lambda: note.parse_signer(text))
    refused(BadNote, lambda: note.parse_vkey(text))


def read_proof(data: bytes) -> None:
    """A receipt and its path: whatever holds for us holds for the tool."""
    text = data.decode()
    ours = not refused(BadReceipt, lambda: _check(text))
    assert ours == tool.holds(text, THEIRS)


def _check(text: str) -> None:
    receipt = parse_receipt(text)
    if receipt.extra is None:
        raise BadReceipt
    check_receipt(receipt, receipt.extra, OURS)


def read_policy(data: bytes) -> None:
    text = data.decode()
    ours = refused(BadPolicy, lambda: refused(NotTrusted, lambda: parse_policy(text).check(CHECKPOINT)))
    assert ours == refused(tool.keys.Bad, lambda: tool.trust.Policy(text))


def read_request(data: bytes) -> None:
    text = data.decode()
    refused(Refused, lambda: judge(parse_request(text), [LOG.verifier], None))


def read_promise(data: bytes) -> None:
    text = data.decode()
    refused(BadNote, lambda: promise.parse_promise(text))


def read_bundle(data: bytes) -> None:
    if not refused(ValueError, lambda: tiles.unbundle(data)):
        entries = tiles.unbundle(data)
        assert tiles.bundle(entries) == data
        width = min(len(entries), 255)
        assert tool.whole.entries_of(data, width, 0) == entries[:width]
    refused(tool.keys.Bad, lambda: tool.whole.entries_of(data, 5, 0))


def read_public(data: bytes) -> None:
    refused(ValueError, lambda: public.parse_public(data))


def refused(declared: type[Exception], read: Callable[[], object]) -> bool:
    """Say whether the declared refusal came; anything else flies on and fails the test."""
    try:
        read()
    except declared:
        return True
    return False


PARSERS = [
    read_note, read_checkpoint, read_keys, read_proof, read_policy, read_request, read_promise, read_bundle,
    read_public,
]  # fmt: skip
CASES = int(os.environ.get("FUZZ_CASES") or 54_000)
DRAWS = -(-CASES // (BATCH * len(PARSERS)))
COUNT: Counter[str] = Counter()


@pytest.mark.parametrize("read", PARSERS, ids=lambda read: read.__name__)
def test_whatever_is_sent_is_read_or_refused(read: Callable[[bytes], None]) -> None:
    @settings(max_examples=DRAWS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**64 - 1))
    def fuzz(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(BATCH):
            data = mangled(chance, chance.choice(SEEDS))
            if read not in (read_bundle, read_public):
                data = data.decode(errors="ignore").encode()
            COUNT[read.__name__] += 1
            read(data)

    fuzz()


def test_the_cases_are_as_many_as_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    total = sum(COUNT.values())
    with capsys.disabled():
        print(f"\nfuzz: {total:,} cases over {len(COUNT)} parsers")  # noqa: T201 - the count is stated
    if len(COUNT) == len(PARSERS):
        assert total >= CASES


def test_the_mangler_keeps_some_texts_whole_enough_to_get_deep() -> None:
    """A fuzzer whose cases all die at the first line proves nothing: some must get to the signature and the path."""
    chance, said = random.Random(1), Counter()
    for _ in range(4_000):
        text = mangled(chance, RECEIPT.encode()).decode(errors="ignore")
        try:
            _check(text)
            said["holds"] += 1
        except BadReceipt as bad:
            said[str(bad)[:30]] += 1
    assert len(said) >= 8, said
