"""Others accept a log of more than 70,000 entries that we built, from its public files, and refuse forged ones."""

import random
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

from minjing.kernel.ledger.rules.note import Signer
from tests.verify import outsider
from tests.verify.logs import LOG, StaticLog, entry
from tests.verify.others import Pymerkle, Sigstore, npm_folder, sigstore_js

SIZE = 70_123
SAMPLE = sorted({0, 1, 255, 256, 65_535, 65_536, 69_999, SIZE - 1, *random.Random(7).sample(range(SIZE), 300)})
Claim = tuple[bytes, int, list[bytes], str]
Judge = Callable[[list[Claim]], list[bool]]


@pytest.fixture(scope="module")
def log() -> StaticLog:
    return StaticLog.of([entry(index) for index in range(SIZE)])


@pytest.fixture(scope="module")
def folder(log: StaticLog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return log.write(tmp_path_factory.mktemp("public"), "court", "university", "newspaper")


@pytest.fixture(scope="module")
def theirs(folder: Path) -> Pymerkle:
    return Pymerkle(outsider.entries(folder))


def test_pymerkle_builds_the_signed_root_from_the_public_files(folder: Path, theirs: Pymerkle) -> None:
    origin, size, root, _ = outsider.checkpoint(folder)
    assert (origin, size, theirs.tree.get_size()) == (LOG.name, SIZE, SIZE)
    assert theirs.tree.get_root() == root


def test_pymerkle_gives_the_same_proofs_as_we_do(log: StaticLog, theirs: Pymerkle) -> None:
    for index in SAMPLE:
        assert theirs.tree.prove_inclusion(index + 1).path == [theirs.tree.get_leaf(index + 1), *log.path(index)]


def test_pymerkle_does_not_find_the_root_of_a_forged_log(log: StaticLog) -> None:
    for changed in (
        [*log.entries[:500], entry(1, "forged"), *log.entries[501:]],
        [*log.entries[:500], *log.entries[501:]],
        [*log.entries[:500], log.entries[501], log.entries[500], *log.entries[502:]],
        [*log.entries, entry(SIZE)],
    ):
        assert Pymerkle(changed).tree.get_root() != log.root


@pytest.fixture(params=["pymerkle", "sigstore-python", "@sigstore/verify"])
def judge(request: pytest.FixtureRequest, log: StaticLog, theirs: Pymerkle) -> Judge:
    """One of the others, as a function from claims to verdicts."""
    if request.param == "pymerkle":
        return lambda claims: [
            theirs.holds(item, index, path, *_size_and_root(note)) for item, index, path, note in claims
        ]
    if request.param == "sigstore-python":
        python = Sigstore(LOG.verifier)
        return lambda claims: [
            python.holds(item, index, path, note, *_size_and_root(note)) for item, index, path, note in claims
        ]
    node = npm_folder()
    if node is None:
        pytest.skip("node and npm are not here, or @sigstore/verify could not be installed")
    return lambda claims: sigstore_js(node, LOG.verifier, claims)


def _size_and_root(note: str) -> tuple[int, bytes]:
    lines = note.split("\n")
    return int(lines[1]), b64decode(lines[2])


def test_each_accepts_what_we_prove(log: StaticLog, judge: Judge) -> None:
    note = log.checkpoint("court", "newspaper")
    assert judge([(log.entries[index], index, log.path(index), note) for index in SAMPLE]) == [True] * len(SAMPLE)


def test_each_refuses_what_is_forged(log: StaticLog, judge: Judge) -> None:
    note, index = log.checkpoint("court"), 69_000
    path, item = log.path(index), log.entries[index]
    good = (item, index, path, note)
    flipped = bytes([path[3][0] ^ 1]) + path[3][1:]
    forged = [
        (item + b" ", index, path, note),
        (log.entries[index - 1], index, path, note),
        (item, index - 1, path, note),
        (item, SIZE, path, note),
        (item, index, path[:-1], note),
        (item, index, [*path, path[0]], note),
        (item, index, path[::-1], note),
        (item, index, [*path[:3], flipped, *path[4:]], note),
    ]
    assert judge([good, *forged]) == [True, *[False] * len(forged)]


@pytest.mark.parametrize("name", ["sigstore-python", "@sigstore/verify"])
def test_those_that_know_keys_refuse_a_checkpoint_of_another_key(log: StaticLog, name: str) -> None:
    other = log.checkpoint(log=Signer(LOG.name, b"\x07" * 32))
    changed = log.checkpoint().replace(f"\n{SIZE}\n", f"\n{SIZE - 1}\n")
    claims = [(log.entries[5], 5, log.path(5), note) for note in (log.checkpoint(), other, changed)]
    if name == "sigstore-python":
        python = Sigstore(LOG.verifier)
        verdicts = [python.holds(*claim, SIZE, log.root) for claim in claims]
    else:
        node = npm_folder()
        if node is None:
            pytest.skip("node and npm are not here, or @sigstore/verify could not be installed")
        verdicts = sigstore_js(node, LOG.verifier, claims)
    assert verdicts == [True, False, False]
