"""Verifiers that we did not write, each as one question: does this receipt hold?

pymerkle 7 (GPL; it runs in the tests and is no part of the product), sigstore-python 4 and, where node and npm are,
@sigstore/verify 4. All take the log's Ed25519 key or root and none knows of witnesses.
"""

import json
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pymerkle import InmemoryTree, InvalidProof, verify_inclusion
from pymerkle.core import _inclusion_path_layout
from pymerkle.proof import InclusionProof
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import verify_checkpoint
from sigstore._internal.trust import Keyring, RekorKeyring
from sigstore.errors import VerificationError
from sigstore_models.common.v1 import PublicKey, PublicKeyDetails

from minjing.kernel.ledger.rules.note import Verifier

ROOT = Path(__file__).parents[2]


def spki(key: Verifier) -> bytes:
    public = Ed25519PublicKey.from_public_bytes(key.key)
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class Pymerkle:
    """Knows the root; the proof's structure it works out itself."""

    def __init__(self, entries: list[bytes]) -> None:
        self.tree = InmemoryTree.init_from_entries(entries, algorithm="sha256")

    def holds(self, entry: bytes, index: int, path: list[bytes], size: int, root: bytes) -> bool:
        leaf = self.tree.hash_buff(entry)
        rule = _inclusion_path_layout(index + 1, size)[0] if 0 <= index < size else []
        proof = InclusionProof("sha256", True, size, index + 1, rule, [leaf, *path])
        try:
            verify_inclusion(leaf, root, proof, index=index + 1, size=size, algorithm="sha256")
        except InvalidProof:
            return False
        return True


class Sigstore:
    """sigstore-python: the checkpoint's signature, its root, and the inclusion proof."""

    def __init__(self, key: Verifier) -> None:
        public = PublicKey(raw_bytes=b64encode(spki(key)), key_details=PublicKeyDetails.PKIX_ED25519)
        self.keys = RekorKeyring(Keyring([public]))
        self.key_id = key.key_id

    def holds(self, entry: bytes, index: int, path: list[bytes], note: str, size: int, root: bytes) -> bool:
        proof = SimpleNamespace(
            log_index=index, tree_size=size, root_hash=root, hashes=path, checkpoint=SimpleNamespace(envelope=note)
        )
        log_id = SimpleNamespace(key_id=self.key_id)
        claim = SimpleNamespace(
            _inner=SimpleNamespace(inclusion_proof=proof, canonicalized_body=entry, log_id=log_id)
        )
        try:
            verify_checkpoint(self.keys, claim)
            verify_merkle_inclusion(claim)
        except (VerificationError, ValueError):
            return False
        return True


def npm_folder() -> Path | None:
    """Return the folder with @sigstore/verify, installed on the first call; None where that cannot be done."""
    folder = ROOT / "var" / "test-node"
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    if not (folder / "node_modules" / "@sigstore" / "verify").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(__file__).with_name("package.json"), folder)
        options = [
            "--no-package-lock",
            "--no-audit",
            "--no-fund",
            "--silent",
            "--ignore-scripts",
            "--fetch-retries=0",
        ]
        try:
            done = subprocess.run(
                ["npm", "install", *options], cwd=folder, capture_output=True, timeout=60, check=False
            )
        except subprocess.TimeoutExpired:
            return None
        if done.returncode:
            return None
    return folder


def sigstore_js(folder: Path, key: Verifier, claims: list[tuple[bytes, int, list[bytes], str]]) -> list[bool]:
    """Return what @sigstore/verify says of each claim: entry, index, path, checkpoint."""
    shared = {"spki": b64encode(spki(key)).decode(), "key_id": b64encode(key.key_id).decode(), "name": key.name}
    lines = [
        json.dumps(
            {
                **shared,
                "entry": b64encode(entry).decode(),
                "index": str(index),
                "path": [b64encode(step).decode() for step in path],
                "note": note,
            }
        )
        for entry, index, path, note in claims
    ]
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("sigstore.cjs")), str(folder)],
        input="\n".join(lines), capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]
