"""Signatures: verified by two programs that are not ours, broken by one changed byte."""

import asyncio
import re
import shutil
import stat
import subprocess
from copy import copy
from datetime import UTC, datetime
from io import BytesIO

import pytest
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from minjing.kernel.papers import pades, signing, typeset
from minjing.kernel.papers.tests.sheets import sheet


@pytest.fixture(scope="module")
def signed():
    return pades.sign(typeset.render(sheet()), unit_name="深圳市公安局南山分局")


def verdict(pdf):
    roots = list(load_certs_from_pemder_data(signing.authority_pem()))
    signature = PdfFileReader(BytesIO(pdf)).embedded_signatures[0]
    return validate_pdf_signature(signature, ValidationContext(trust_roots=roots))


def test_a_paper_is_intact_trusted_and_complete(signed):
    status = verdict(signed)
    assert status.bottom_line
    assert status.docmdp_ok
    assert "电子证照签章" in status.signing_cert.subject.human_friendly


def test_one_changed_byte_breaks_it(signed):
    place = signed.index(b"/Producer") if b"/Producer" in signed else len(signed) // 3
    changed = bytearray(signed)
    changed[place + 2] ^= 1
    assert not verdict(bytes(changed)).bottom_line


@pytest.mark.skipif(not shutil.which("pdfsig"), reason="poppler-utils is not installed")
def test_poppler_verifies_it(signed, tmp_path):
    (tmp_path / "paper.pdf").write_bytes(signed)
    out = subprocess.run(["pdfsig", tmp_path / "paper.pdf"], capture_output=True, text=True).stdout
    assert "Signature is Valid." in out
    assert "Total document signed" in out
    assert re.search(r"Signature Type: ETSI\.CAdES\.detached", out)


def test_the_key_that_signs_is_loaded_once(signed, monkeypatch):
    def again(*args, **kwargs):
        raise AssertionError("the key is loaded, and its primes checked, for each paper")

    monkeypatch.setattr("pyhanko.sign.signers.pdf_cms.serialization.load_der_private_key", again)
    assert pades.sign(typeset.render(sheet()), unit_name="深圳市公安局")


def test_the_next_signatures_are_what_pyhanko_would_make(signed):
    assert verdict(
        pades.sign(typeset.render(sheet(number="深公户〔2026〕04000124号")), unit_name="光明分局")
    ).bottom_line
    how = {"use_pades": True, "signed_attr_settings": None, "timestamper": None}
    digest = b"another paper's digest: 32 bytes"
    cast, made = pades._signer(signing.keys_dir()), copy(pades._signer(signing.keys_dir()))
    made._mould = None
    assert cast._mould is not None
    one, other = (asyncio.run(signer.async_sign(digest, "sha256", **how)).dump() for signer in (cast, made))
    assert one == other


def test_the_keys_are_for_their_owner_only():
    folder = signing.keys_dir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in folder.iterdir()} == {0o600}


def test_the_keys_made_first_stay(tmp_path):
    folder, names = tmp_path / "keys" / "papers", signing.Names("市", "根", "签章")
    signing.make(folder, names, datetime.now(UTC))
    first = (folder / "signer.pem").read_bytes()
    signing.make(folder, names, datetime.now(UTC))
    assert (folder / "signer.pem").read_bytes() == first
    assert [f.name for f in folder.parent.iterdir()] == ["papers"]


def test_the_fingerprint_is_that_of_the_authority():
    assert re.fullmatch(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", signing.fingerprint())
