"""Receipts: true ones are believed, every other one is refused and says why."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minjing.kernel.ledger.rules import tree
from minjing.kernel.ledger.rules.cosignature import CosignerKey
from minjing.kernel.ledger.rules.note import Claim, Signer, claim_text
from minjing.kernel.ledger.rules.policy import parse_policy
from minjing.kernel.ledger.rules.receipt import BadReceipt, check_receipt, parse_receipt, receipt_text

LOG = Signer("ledger.example.org/ledger", bytes(32))
WITNESSES = [CosignerKey(f"w{i}.example/w", b"\x04", bytes([i]) * 32) for i in (1, 2, 3)]
POLICY = parse_policy(
    f"log {LOG.verifier}\n"
    + "".join(f"witness W{i} {key.verifier}\n" for i, key in enumerate(WITNESSES))
    + "group two 2 W0 W1 W2\nquorum two\n"
)
ENTRIES = [b'{"at":"2026-03-02T05:00Z","n":%d}' % n for n in range(700)]
GROWTH = tree.grow(0, {}, [tree.leaf_hash(entry) for entry in ENTRIES])
TEXT = claim_text(Claim(LOG.name, GROWTH.size, GROWTH.root))
CHECKPOINT = LOG.sign(TEXT) + WITNESSES[0].cosign(TEXT, 1_700_000_000) + WITNESSES[2].cosign(TEXT, 1_700_000_001)


def path(index: int) -> list[bytes]:
    return tree.hashes_of(tree.inclusion_ranges(index, GROWTH.size), GROWTH.tiles)


def receipt(index: int = 345) -> str:
    return receipt_text(index, path(index), CHECKPOINT, ENTRIES[index])


def test_a_receipt_has_the_lines_of_the_specification() -> None:
    lines = receipt().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1] == f"extra {b64encode(ENTRIES[345]).decode()}"
    assert lines[2] == "index 345"
    assert lines[3] == b64encode(path(345)[0]).decode()
    assert receipt().endswith(f"\n\n{CHECKPOINT}")


@pytest.mark.parametrize("index", [0, 1, 255, 256, 511, 512, 698, 699])
def test_a_true_receipt_is_believed(index: int) -> None:
    found = parse_receipt(receipt(index))
    assert (found.index, found.extra, found.checkpoint) == (index, ENTRIES[index], CHECKPOINT)
    assert check_receipt(found, ENTRIES[index], POLICY).size == 700


def test_the_extra_line_may_be_missing_but_must_not_lie() -> None:
    bare = parse_receipt(receipt_text(345, path(345), CHECKPOINT))
    assert bare.extra is None
    assert check_receipt(bare, ENTRIES[345], POLICY)
    lying = parse_receipt(receipt_text(345, path(345), CHECKPOINT, b"another"))
    with pytest.raises(BadReceipt, match="is not this entry"):
        check_receipt(lying, ENTRIES[345], POLICY)


@given(st.integers(0, len(receipt().encode()) - 1), st.integers(1, 255))
def test_a_receipt_with_any_byte_altered_is_refused(position: int, change: int) -> None:
    data = bytearray(receipt().encode())
    data[position] ^= change
    with pytest.raises((BadReceipt, UnicodeDecodeError)):
        check_receipt(parse_receipt(bytes(data).decode()), ENTRIES[345], POLICY)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (receipt().replace("index 345", "index 344"), "does not lead"),
        (receipt().replace("index 345", "index 0345"), "which entry"),
        (receipt().replace("index 345\n", ""), "which entry"),
        (receipt().replace("index 345", "index 700"), "does not lead"),
        (receipt().replace(b64encode(path(345)[3]).decode() + "\n", ""), "does not lead"),
        (receipt().replace(b64encode(path(345)[3]).decode(), b64encode(bytes(31)).decode()), "malformed"),
        (receipt_text(345, [bytes(32)] * 64, CHECKPOINT), "malformed"),
        (receipt_text(345, path(345), LOG.sign(TEXT)), "asks for 2"),
        (receipt_text(345, path(345), LOG.sign(TEXT) + WITNESSES[0].cosign(TEXT, 1)), "asks for 2"),
        (receipt_text(345, path(345), Signer(LOG.name, b"1" * 32).sign(TEXT)), "No log"),
        (receipt().replace("@v1", "@v2"), "first line"),
        ("", "first line"),
        ("c2sp.org/tlog-proof@v1\n\n", "no signatures"),
        (receipt().replace("\n\nledger", "\nledger"), "base64"),
    ],
)
def test_a_receipt_that_proves_nothing_says_why(text: str, why: str) -> None:
    with pytest.raises(BadReceipt, match=why):
        check_receipt(parse_receipt(text), ENTRIES[345], POLICY)


def test_another_entry_under_the_same_receipt_is_refused() -> None:
    with pytest.raises(BadReceipt, match="does not lead"):
        check_receipt(parse_receipt(receipt_text(345, path(345), CHECKPOINT)), ENTRIES[344], POLICY)


@given(st.text(alphabet=st.characters() | st.sampled_from("c2sp.org/tlog-proof@v1\nindex extra 0")))
def test_any_text_is_refused_as_a_receipt_without_another_error(text: str) -> None:
    for start in ("", "c2sp.org/tlog-proof@v1\n"):
        with pytest.raises(BadReceipt):
            parse_receipt(start + text)
