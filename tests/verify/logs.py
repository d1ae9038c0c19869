"""A log as outsiders have it: files in the public layout, a policy, receipts."""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from minjing.kernel.ledger.rules import tiles as names
from minjing.kernel.ledger.rules import tree
from minjing.kernel.ledger.rules.cosignature import CosignerKey
from minjing.kernel.ledger.rules.note import Claim, Signer, claim_text
from minjing.kernel.ledger.rules.public import public_entry
from minjing.kernel.ledger.rules.receipt import receipt_text
from minjing.kernel.ledger.rules.tree import TileId

LOG = Signer("city.example/ledger", bytes(range(32)))
WITNESSES = {
    "court": CosignerKey("court.example/witness", b"\x04", b"\x01" * 32),
    "university": CosignerKey("university.example/witness", b"\x06", b"\x02" * 32),
    "newspaper": CosignerKey("newspaper.example/witness", b"\x04", b"\x03" * 32),
}
POLICY = "".join(
    [
        f"# The demo city's\nlog {LOG.verifier}\n",
        *(f"witness {name} {key.verifier} https://{name}.example\n" for name, key in WITNESSES.items()),
        "group witnesses 2 court university newspaper\nquorum witnesses\n",
    ]
)
AT = 1_772_427_600  # 2026-03-02 05:00:00 UTC


def entry(index: int, salt: str = "") -> bytes:
    return public_entry("matters:matter:approve", "2026-03-02T05:00Z", tree.leaf_hash(f"{salt}{index}".encode()))


@dataclass
class StaticLog:
    """The files of a log, in memory until they are written."""

    entries: list[bytes]
    tiles: dict[TileId, bytes]
    root: bytes

    @classmethod
    def of(cls, entries: list[bytes]) -> "StaticLog":
        growth = tree.grow(0, {}, [tree.leaf_hash(item) for item in entries])
        return cls(entries, growth.tiles, growth.root)

    @property
    def size(self) -> int:
        return len(self.entries)

    def checkpoint(self, *cosigners: str, log: Signer = LOG) -> str:
        text = claim_text(Claim(log.name, self.size, self.root))
        return log.sign(text) + "".join(WITNESSES[name].cosign(text, AT) for name in cosigners)

    def path(self, index: int) -> list[bytes]:
        return tree.hashes_of(tree.inclusion_ranges(index, self.size), self.tiles)

    def receipt(self, index: int, *cosigners: str) -> str:
        return receipt_text(index, self.path(index), self.checkpoint(*cosigners), self.entries[index])

    def write(self, folder: Path, *cosigners: str) -> Path:
        """Lay the log out as static files (c2sp.org/tlog-tiles@v0.1.0)."""
        for (level, n), data in self.tiles.items():
            _put(folder / names.tile_path(level, n, len(data) // 32), data)
        for n in range(-(-self.size // 256)):
            part = self.entries[n * 256 : (n + 1) * 256]
            _put(folder / names.bundle_path(n, len(part)), names.bundle(part))
        _put(folder / "checkpoint", self.checkpoint(*cosigners).encode())
        return folder


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def promise(*leaves: bytes, log: Signer = LOG) -> str:
    lines = "\n".join(b64encode(leaf).decode() for leaf in leaves)
    signer = Signer(f"{log.name}/promise", bytes(range(1, 33)))
    return signer.sign(f"{log.name}/promise\n{lines}\n{AT}\nwithin 60 s\n")


PROMISE_KEY = str(Signer(f"{LOG.name}/promise", bytes(range(1, 33))).verifier)
