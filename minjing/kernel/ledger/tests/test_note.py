"""Signed notes, checkpoints and keys: what is accepted, and that nothing altered is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minjing.kernel.ledger.rules.note import (
    BadNote,
    Claim,
    Signer,
    claim_text,
    open_note,
    parse_claim,
    parse_signer,
    parse_vkey,
)
from minjing.kernel.ledger.rules.public import minute_text, public_entry

LOG = Signer("ledger.example.org/ledger", bytes(range(32)))
STRANGER = Signer("ledger.example.org/ledger", bytes(range(1, 33)))
CLAIM = Claim(LOG.name, 70_000, bytes(range(100, 132)))
NOTE = LOG.sign(claim_text(CLAIM))


def test_the_public_key_of_the_specification_is_read_and_written_back() -> None:
    text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    assert str(parse_vkey(text)) == text


def test_a_checkpoint_comes_back_as_it_was_signed() -> None:
    assert parse_claim(open_note(NOTE, [LOG.verifier])) == CLAIM
    assert NOTE.split("\n")[:2] == ["ledger.example.org/ledger", "70000"]
    assert LOG.sign(claim_text(CLAIM)) == NOTE, "signing twice gives the same bytes"


def test_lines_of_unknown_keys_are_skipped_but_one_known_key_must_sign() -> None:
    extra = STRANGER.sign(claim_text(CLAIM)).split("\n\n")[1]
    assert parse_claim(open_note(NOTE + extra, [LOG.verifier])) == CLAIM
    with pytest.raises(BadNote, match="No known key"):
        open_note(NOTE, [STRANGER.verifier])


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(1, 255))
def test_a_checkpoint_with_any_byte_altered_is_refused(position: int, change: int) -> None:
    data = bytearray(NOTE.encode())
    data[position] ^= change
    with pytest.raises((BadNote, UnicodeDecodeError)):
        parse_claim(open_note(bytes(data).decode(), [LOG.verifier]))


@given(st.text())
def test_any_text_is_refused_without_another_error(text: str) -> None:
    for read in (parse_claim, parse_vkey, parse_signer, lambda note: open_note(note, [LOG.verifier])):
        with pytest.raises(BadNote):
            read(text)


def test_the_private_key_survives_its_file() -> None:
    assert parse_signer(LOG.secret_text() + "\n") == LOG
    with pytest.raises(BadNote, match="key id"):
        parse_signer(LOG.secret_text().replace("+ledger.", "+other."))


@pytest.mark.parametrize("size", ["01", "-1", "+1", " 1", "", "1.0", "99999999999999999999"])
def test_a_size_has_one_spelling(size: str) -> None:
    with pytest.raises(BadNote):
        parse_claim(claim_text(CLAIM).replace("70000", size))


def test_the_public_entry_is_a_line_of_text() -> None:
    text = minute_text(29_540_460)
    assert text == "2026-03-02T05:00Z"
    assert public_entry("a:b:c_1", text, bytes(32)) == b"a:b:c_1 2026-03-02T05:00Z " + b"A" * 43
