"""A log in memory and witnesses over real HTTP, for the tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

from minjing.kernel.ledger.rules import tree
from minjing.kernel.ledger.rules.cosignature import CosignerKey
from minjing.kernel.ledger.rules.note import Claim, Signer, claim_text
from minjing.kernel.ledger.rules.tree import TileId
from minjing.kernel.ledger.witness.server import Server, Witness
from minjing.kernel.ledger.witness.store import Store, make


class MemoryLog:
    """A log of numbered entries that can be asked for the checkpoint and the proof of any size."""

    def __init__(self, salt: str = "", name: str = "ledger.example.org/ledger") -> None:
        self.signer = Signer(name, bytes(range(32)))
        self.salt = salt
        self.tiles: dict[TileId, bytes] = {}
        self.growth = tree.grow(0, {}, [])
        self.roots = {0: self.growth.root}

    def entry(self, index: int) -> bytes:
        return f'{{"at":"2026-03-02T05:00Z","n":"{self.salt}{index}"}}'.encode()

    def grow(self, size: int) -> str:
        """Grow to `size` entries and return the signed checkpoint."""
        leaves = [tree.leaf_hash(self.entry(index)) for index in range(self.growth.size, size)]
        self.growth = tree.grow(self.growth.size, self.growth.edge, leaves)
        self.tiles |= self.growth.tiles
        self.roots[size] = self.growth.root
        return self.checkpoint(size)

    def text(self, size: int) -> str:
        return claim_text(Claim(self.signer.name, size, self.roots[size]))

    def checkpoint(self, size: int) -> str:
        return self.signer.sign(self.text(size))

    def proof(self, old: int, new: int) -> list[bytes]:
        return tree.hashes_of(tree.consistency_ranges(old, new), self.tiles) if 0 < old < new else []

    def path(self, index: int, size: int) -> list[bytes]:
        return tree.hashes_of(tree.inclusion_ranges(index, size), self.tiles)


def key(number: int, kind: bytes = b"\x04") -> CosignerKey:
    return CosignerKey(f"w{number}.example/w", kind, bytes([number]) * 32)


@contextmanager
def serving(folder: Path, log: Signer, cosigner: CosignerKey, port: int = 0) -> Iterator[int]:
    """Run a witness in this process and give its port."""
    if not (folder / "witness.key").exists():
        make(folder, cosigner)
    store = Store(folder)
    server = Server(("127.0.0.1", port), Witness(cosigner, store, {log.name: [log.verifier]}))
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        store.close()


def ask(port: int, body: str | bytes, path: str = "/add-checkpoint") -> tuple[int, str, str]:
    """Post a request; return status, content type and body."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, body.encode() if isinstance(body, str) else body)
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read().decode()
    finally:
        connection.close()


def get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()
