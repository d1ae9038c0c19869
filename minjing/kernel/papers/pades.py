"""The signature in a paper: PAdES B-B, certified by the city, which PDF readers verify.

Apart from the keys, because pyHanko is large: only a process that signs loads it.
"""

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from asn1crypto import cms
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.stamp import StaticStampStyle

from minjing.kernel.papers.signing import keys_dir

FIELD = "Seal"
# Where the last page has its seal, in points from the lower left: a reader opens the signature by pressing it.
SEAL_BOX = (419, 93, 525, 199)
# The page has drawn the seal already; the signature lies over it and draws nothing.
CLEAR = StaticStampStyle(background=RawContent(b"", box=BoxConstraints(106, 106)), border_width=0)
# A CMS with two certificates is about 5 KB; in hex it is twice that. Fixed, so that no trial signature is made.
RESERVED = 16_384


def sign(pdf: bytes, *, unit_name: str) -> bytes:
    """Return the PDF certified by the city: any change after it shows. About 10 ms.

    The instant in the signature is the machine's own, so that it always lies within the certificate's time.
    """
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    field = SigFieldSpec(FIELD, on_page=-1, box=SEAL_BOX)
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        name=unit_name,
    )
    signer = signers.PdfSigner(meta, _signer(keys_dir()), stamp_style=CLEAR, new_field_spec=field)
    out = signer.sign_pdf(writer, bytes_reserved=RESERVED)
    return bytes(out.getvalue())


@dataclass(frozen=True, slots=True)
class _Mould:
    """A first signature of the key: every other one differs from it in the digest and in the signature's bytes."""

    whole: bytes
    attributes: bytes  # what is signed
    digest: bytes
    signature: bytes


class _Signer(signers.SimpleSigner):
    """Signs with a key that is loaded once: loading checks the primes anew, which takes ten times the signature.

    pyHanko makes the first signature; the others are cast from it, byte for byte what it would make (a test compares
    them), in a twentieth of the time.
    """

    _key: rsa.RSAPrivateKey
    _mould: _Mould | None = None

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        """Return the RSA signature of `data` (PKCS #1 v1.5, the form that every PDF reader knows)."""
        if digest_algorithm != "sha256":
            raise ValueError(f"papers are signed over SHA-256, not {digest_algorithm}")
        return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    async def async_sign(  # type: ignore[override]
        self, data_digest: bytes, digest_algorithm: str, **how: Any
    ) -> cms.ContentInfo:
        """Return the signature as a CMS; `how` is the same for every paper, see `sign`."""
        mould = self._mould
        if mould is None:
            made = await super().async_sign(data_digest, digest_algorithm, **how)
            info = made["content"]["signer_infos"][0]
            attributes = info["signed_attrs"].untag().dump()
            self._mould = _Mould(made.dump(), attributes, data_digest, info["signature"].native)
            return made
        signature = self.sign_raw(mould.attributes.replace(mould.digest, data_digest), digest_algorithm)
        whole = mould.whole.replace(mould.digest, data_digest).replace(mould.signature, signature)
        return cms.ContentInfo.load(whole)


@lru_cache(maxsize=4)
def _signer(folder: Path) -> _Signer:
    loaded = signers.SimpleSigner.load(  # type: ignore[no-untyped-call]
        key_file=str(folder / "signer.key"),
        cert_file=str(folder / "signer.pem"),
        ca_chain_files=(str(folder / "authority.pem"),),
    )
    key = serialization.load_pem_private_key((folder / "signer.key").read_bytes(), None)
    if loaded is None or not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"The signing key of the papers cannot be read: {folder}.")
    # `load` gives a signer of its own class, whatever the class it is asked of.
    signer = _Signer(
        signing_cert=loaded.signing_cert, signing_key=loaded.signing_key, cert_registry=loaded.cert_registry
    )
    signer._key = key
    return signer
