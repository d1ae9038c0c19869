"""Cosignatures against the specification's own example, and against every wrong kind of key."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from hypothesis import given
from hypothesis import strategies as st

from minjing.kernel.ledger.rules.cosignature import (
    Cosigner,
    CosignerKey,
    PostQuantum,
    parse_cosigner,
    parse_cosigner_key,
    parse_log_key,
    time_of,
)
from minjing.kernel.ledger.rules.note import (
    BadNote,
    Claim,
    Signer,
    claim_text,
    opened,
    parse_line,
    parse_vkey,
    parts_of,
)

# c2sp.org/tlog-cosignature@v1.0.1, the example at its head.
EXAMPLE = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501 - verbatim
KINDS = [b"\x04", b"\x06"]
CLAIM = Claim("ledger.example.org/ledger", 70_000, bytes(range(32)))
TEXT = claim_text(CLAIM)
AT = 1_679_315_147


def key(kind: bytes, name: str = "witness.example/w1") -> CosignerKey:
    return CosignerKey(name, kind, bytes(range(32)))


def test_the_example_of_the_specification_is_taken_apart_as_it_says() -> None:
    text, lines = parts_of(EXAMPLE)
    cosignature = parse_line(lines[1])
    assert (cosignature.name, cosignature.key_id.hex()) == ("witness.example.com/w1", "8d66cf3f")
    assert (time_of(lines[1]), len(cosignature.signature)) == (AT, 72)
    message = Cosigner("any", bytes(32)).message(text, AT)
    assert message.decode() == f"cosignature/v1\ntime {AT}\n{text}"


def test_the_message_of_the_second_kind_is_laid_out_as_the_specification_says() -> None:
    message = PostQuantum("w", bytes(1312)).message(TEXT, AT)
    assert message == (
        b"subtree/v1\n\0" + b"\x01w" + AT.to_bytes(8, "big") + b"\x19ledger.example.org/ledger"
        + bytes(8) + (70_000).to_bytes(8, "big") + bytes(range(32))
    )  # fmt: skip


def test_the_second_kind_is_a_plain_ml_dsa_44_signature_over_that_message() -> None:
    cosigner = key(b"\x06")
    line = parse_line(cosigner.cosign(TEXT, AT)[:-1])
    public = cosigner.verifier
    assert line.key_id == sha256(b"witness.example/w1\n\x06" + public.key).digest()[:4]
    assert (len(public.key), len(line.signature)) == (1312, 8 + 2420)
    MLDSA44PublicKey.from_public_bytes(public.key).verify(line.signature[8:], public.message(TEXT, AT))


@pytest.mark.parametrize("kind", KINDS)
def test_a_cosignature_holds_for_its_text_and_no_other(kind: bytes) -> None:
    cosigner = key(kind)
    line = cosigner.cosign(TEXT, AT)
    assert time_of(line[:-1]) == AT
    assert opened(f"{TEXT}\n{line}", [cosigner.verifier])[1] == {cosigner.verifier}
    with pytest.raises(BadNote, match="does not fit"):
        opened(f"{TEXT.replace('70000', '70001')}\n{line}", [cosigner.verifier])


@pytest.mark.parametrize("kind", KINDS)
@given(position=st.integers(0, 10_000), change=st.integers(1, 255))
def test_a_cosignature_with_any_byte_altered_is_refused(kind: bytes, position: int, change: int) -> None:
    cosigner = key(kind)
    signature = bytearray(parse_line(cosigner.cosign(TEXT, AT)[:-1]).signature)
    signature[position % len(signature)] ^= change
    with pytest.raises(BadNote):
        cosigner.verifier.check(bytes(signature), TEXT)


def test_the_second_kind_binds_the_witness_to_its_name() -> None:
    line = parse_line(key(b"\x06").cosign(TEXT, AT)[:-1])
    with pytest.raises(BadNote):
        PostQuantum("witness.example/other", key(b"\x06").verifier.key).check(line.signature, TEXT)


@pytest.mark.parametrize("length", [0, 7, 8, 9, 71, 73])
def test_a_cosignature_of_the_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(BadNote):
        key(b"\x04").verifier.check(bytes(length), TEXT)


def test_a_time_beyond_the_range_is_refused() -> None:
    with pytest.raises(BadNote, match="out of range"):
        key(b"\x04").verifier.check(b"\xff" * 72, TEXT)


@pytest.mark.parametrize("kind", KINDS)
def test_keys_survive_their_text(kind: bytes) -> None:
    cosigner = key(kind)
    assert parse_cosigner(str(cosigner.verifier)) == cosigner.verifier
    assert parse_cosigner_key(cosigner.secret_text() + "\n") == cosigner


def test_a_key_is_read_only_where_its_kind_is_right() -> None:
    log = Signer("ledger.example.org/ledger", bytes(32)).verifier
    first, second = key(b"\x04").verifier, key(b"\x06").verifier
    assert parse_log_key(str(log)) == log
    assert parse_log_key(str(second)) == second, "a log may sign with ML-DSA-44 (tlog-checkpoint)"
    for read, vkey in [(parse_cosigner, log), (parse_log_key, first), (parse_vkey, first)]:
        with pytest.raises(BadNote, match="kind"):
            read(str(vkey))


@given(st.text())
def test_any_text_is_refused_without_another_error(text: str) -> None:
    for read in (parse_cosigner, parse_log_key, parse_cosigner_key):
        with pytest.raises(BadNote):
            read(text)


@pytest.mark.parametrize("seed", ["zz" * 32, "00" * 31])
def test_a_damaged_private_key_is_refused(seed: str) -> None:
    with pytest.raises(BadNote, match="damaged"):
        parse_cosigner_key(f"COSIGNER+KEY+w+04+{seed}")


def test_a_name_too_long_to_be_signed_is_refused() -> None:
    with pytest.raises(BadNote, match="255"):
        key(b"\x06", "w" * 256).cosign(TEXT, AT)
