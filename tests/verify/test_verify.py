"""tools/verify as a citizen runs it: what holds is said to hold, and each way to cheat is found and named."""

import ast
import json
import resource
import shutil
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from minjing.kernel.ledger.rules.cosignature import CosignerKey
from minjing.kernel.ledger.rules.note import Signer, Verifier, line_of, parse_line
from minjing.kernel.ledger.rules.promise import parse_promise
from minjing.kernel.ledger.rules.public import public_entry
from minjing.kernel.ledger.rules.receipt import receipt_text
from minjing.kernel.ledger.rules.tree import TileId, leaf_hash
from tests.verify.logs import AT, LOG, POLICY, PROMISE_KEY, WITNESSES, StaticLog, entry, promise

TOOL = Path(__file__).parents[2] / "tools" / "verify"
ALL = ("court", "university", "newspaper")


@pytest.fixture(scope="module")
def log() -> StaticLog:
    return StaticLog.of([entry(index) for index in range(700)])


@pytest.fixture
def place(tmp_path: Path, log: StaticLog) -> Path:
    (tmp_path / "policy.txt").write_text(POLICY)
    return log.write(tmp_path / "ledger", "court", "university")


def run(*words: object) -> tuple[int, str]:
    """Run the tool as anyone would, without anything of ours on its path."""
    said = subprocess.run(
        [sys.executable, "-I", "-W", "error", str(TOOL), *map(str, words)], capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in said.stderr, said.stderr
    return said.returncode, said.stdout + said.stderr


# --- the tool itself -----------------------------------------------------------------------------------------


def test_it_can_be_read_in_an_hour_and_needs_nothing_of_ours() -> None:
    files = sorted(TOOL.glob("*.py"))
    assert sum(len(path.read_text().splitlines()) for path in files) < 500
    own = {path.stem for path in files}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            found = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in (module.split(".")[0] for module in found):
                assert name in own | sys.stdlib_module_names | {"cryptography"}, f"{path.name} imports {name}"


def test_without_a_verb_it_explains_itself() -> None:
    status, said = run()
    assert status == 2
    assert "python tools/verify receipt FILE --policy POLICY" in said


def test_a_file_that_is_not_there_cannot_be_checked(place: Path) -> None:
    status, said = run("receipt", place / "none", "--policy", place.parent / "policy.txt")
    assert status == 2
    assert "could not be checked" in said


# --- receipts ------------------------------------------------------------------------------------------------


def checked(tmp_path: Path, receipt: str | bytes, *more: object, policy: str = POLICY) -> tuple[int, str]:
    (tmp_path / "r.tlog-proof").write_bytes(receipt.encode() if isinstance(receipt, str) else receipt)
    (tmp_path / "p").write_text(policy)
    return run("receipt", tmp_path / "r.tlog-proof", "--policy", tmp_path / "p", *more)


@pytest.mark.parametrize("index", [0, 255, 256, 345, 511, 512, 699])
def test_a_true_receipt_holds(tmp_path: Path, log: StaticLog, index: int) -> None:
    status, said = checked(tmp_path, log.receipt(index, "court", "university"))
    assert status == 0, said
    assert "THE RECEIPT HOLDS." in said
    assert f"It is entry {index} of the log city.example/ledger, which held 700 entries" in said
    assert "Witness university saw this checkpoint at 2026-03-02 05:00:00+00:00." in said
    assert entry(index).decode() in said


def test_the_entry_may_come_in_a_file_of_its_own(tmp_path: Path, log: StaticLog) -> None:
    bare = receipt_text(345, log.path(345), log.checkpoint(*ALL))
    (tmp_path / "entry").write_bytes(log.entries[345])
    assert checked(tmp_path, bare, "--entry", tmp_path / "entry")[0] == 0
    assert checked(tmp_path, bare)[0] == 1
    (tmp_path / "entry").write_bytes(log.entries[344])
    assert "does not lead" in checked(tmp_path, bare, "--entry", tmp_path / "entry")[1]
    assert "another than your file" in checked(tmp_path, log.receipt(345, *ALL), "--entry", tmp_path / "entry")[1]


def test_a_disclosure_shows_what_the_entry_commits_to(tmp_path: Path) -> None:
    content = b'{"what":"looked"}'
    opening = bytes(90) + len(b"identity:person:looked").to_bytes(2, "big") + b"identity:person:looked" + content
    item = public_entry("identity:person:looked", "2026-03-02T05:00Z", sha256(opening).digest())
    log = StaticLog.of([entry(0), item, entry(2)])
    mine = tmp_path / "mine.json"

    def opened(text: str) -> tuple[int, str]:
        mine.write_text(text)
        return checked(tmp_path, log.receipt(1, "court", "newspaper"), "--disclosure", mine)

    status, said = opened(json.dumps({"opening": b64encode(opening).decode()}))
    assert status == 0, said
    assert 'Behind it stands: identity:person:looked {"what":"looked"}' in said
    forged = opening.replace(b"looked", b"helped")
    for text in (json.dumps({"opening": b64encode(forged).decode()}), '{"opening": 1}', "[]", "[" * 99_999, "{}"):
        status, said = opened(text)
        assert (status, "isclosure" in said or "base64" in said) == (1, True), said


OTHER_LOG = Signer(LOG.name, b"\x09" * 32)
FORGER = CosignerKey(WITNESSES["court"].name, b"\x04", b"\x08" * 32)


def other_entry(log: StaticLog) -> str:
    return receipt_text(345, log.path(345), log.checkpoint(*ALL), entry(1))


def other_index(log: StaticLog) -> str:
    return log.receipt(345, *ALL).replace("index 345", "index 344")


def lost_step(log: StaticLog) -> str:
    return receipt_text(345, log.path(345)[:-1], log.checkpoint(*ALL), log.entries[345])


def other_root(log: StaticLog) -> str:
    fork = StaticLog.of([entry(index, "x") for index in range(700)])
    return receipt_text(345, log.path(345), fork.checkpoint(*ALL), log.entries[345])


def foreign_log(log: StaticLog) -> str:
    return receipt_text(345, log.path(345), log.checkpoint(log=OTHER_LOG), log.entries[345])


def one_witness(log: StaticLog) -> str:
    return log.receipt(345, "newspaper")


def in_the_name_of(key: Verifier, line: str) -> str:
    """Return a signature line that names `key` and holds the signature of another."""
    return line_of(key, parse_line(line.strip()).signature)


def forged_log(log: StaticLog) -> str:
    text, line = log.checkpoint(log=OTHER_LOG).split("\n\n")
    checkpoint = f"{text}\n\n{in_the_name_of(LOG.verifier, line)}"
    return receipt_text(345, log.path(345), checkpoint, log.entries[345])


def forged_witness(log: StaticLog) -> str:
    checkpoint = log.checkpoint("university")
    text = checkpoint.split("\n\n")[0] + "\n"
    checkpoint += in_the_name_of(WITNESSES["court"].verifier, FORGER.cosign(text, AT))
    return receipt_text(345, log.path(345), checkpoint, log.entries[345])


def changed_size(log: StaticLog) -> str:
    return log.receipt(345, *ALL).replace("\n700\n", "\n701\n")


def no_receipt(log: StaticLog) -> str:
    return log.checkpoint(*ALL)


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (other_entry, "does not lead"),
        (other_index, "does not lead"),
        (lost_step, "does not lead"),
        (other_root, "does not lead"),
        (foreign_log, "None of the logs"),
        (one_witness, "Too few witnesses"),
        (forged_log, "forged or damaged"),
        (forged_witness, "forged or damaged"),
        (changed_size, "forged or damaged"),
        (no_receipt, "not a receipt"),
    ],
)
def test_a_forged_receipt_does_not_hold(
    tmp_path: Path, log: StaticLog, forge: Callable[[StaticLog], str], why: str
) -> None:
    status, said = checked(tmp_path, forge(log))
    assert status == 1
    assert said.startswith("IT DOES NOT HOLD.")
    assert why in said


def test_what_is_no_text_does_not_hold(tmp_path: Path) -> None:
    assert checked(tmp_path, b"\xff\xfe")[0] == 1


# --- policies ------------------------------------------------------------------------------------------------


def test_a_policy_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "p").write_text(POLICY)
    status, said = run("policy", tmp_path / "p")
    assert status == 0
    assert "Witness court: court.example/witness" in said
    assert "witnesses: 2 of court, university, newspaper" in said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("quorum witnesses", "quorum nobody"),
        ("quorum witnesses\n", ""),
        ("quorum witnesses", "quorum witnesses\nquorum none"),
        (" 2 court", " 4 court"),
        (" 2 court", " two court"),
        ("2 court university", "2 court court"),
        ("group witnesses", "group court"),
        ("witness newspaper", f"witness copy {WITNESSES['court'].verifier}\nwitness newspaper"),
        ("witness newspaper", f"witness copy {LOG.verifier}\nwitness newspaper"),
        ("log ", f"log {WITNESSES['court'].verifier}\nlog "),
        ("log ", f"log {LOG.verifier}\nlog "),
        ("log city", "log town"),
        ("# The", "The"),
        ("# The", "# \x07The"),
    ],
)
def test_a_policy_that_breaks_a_rule_is_refused(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "p").write_text(POLICY.replace(old, new, 1))
    assert run("policy", tmp_path / "p")[0] == 1


# --- whole logs ----------------------------------------------------------------------------------------------


def check(place: Path, *more: object) -> tuple[int, str]:
    return run("log", place, "--policy", place.parent / "policy.txt", *more)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, 700, 65_536, 70_000])
def test_a_log_of_any_size_holds(tmp_path: Path, size: int) -> None:
    (tmp_path / "policy.txt").write_text(POLICY)
    place = StaticLog.of([entry(index) for index in range(size)]).write(tmp_path / "ledger", "court", "newspaper")
    status, said = check(place)
    assert status == 0, said
    assert f"All {size} entries of city.example/ledger" in said


def test_partial_files_may_have_given_way_to_full_ones(tmp_path: Path, place: Path, log: StaticLog) -> None:
    """The log grew while it was read: the checkpoint is of 700 entries, the files are of 1,000."""
    later = StaticLog.of([entry(index) for index in range(1000)]).write(tmp_path / "later", *ALL)
    for old in place.rglob("*.p"):
        shutil.rmtree(old)
    for path in later.rglob("tile/**/*"):
        target = place / path.relative_to(later)
        if path.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    upper = "tile/1/000.p/2"  # no full tile of this level exists yet, so the log must still serve this one
    assert check(place)[1].count("tile/1/000 is missing") == 1
    (place / upper).write_bytes(log.tiles[TileId(1, 0)])
    assert check(place)[0] == 0


@pytest.fixture
def served(place: Path) -> Iterator[str]:
    handler = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(place)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_log_is_read_from_an_address_too(place: Path, served: str) -> None:
    assert run("log", served, "--policy", place.parent / "policy.txt")[0] == 0
    assert run("log", f"{served}/none", "--policy", place.parent / "policy.txt")[0] == 1
    assert run("log", "http://127.0.0.1:9", "--policy", place.parent / "policy.txt")[0] == 2


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "position", "said"),
    [
        ("tile/entries/000", 40, "Entry 0 "),
        ("tile/entries/001", 9_000, "Entry 3"),
        ("tile/entries/002.p/188", 100, "Entry 51"),
        ("tile/entries/000", 0, "cut short or too long"),
        ("tile/0/000", 32 * 7, "Entry 7 "),
        ("tile/0/002.p/188", 0, "Entry 512 "),
        ("tile/1/000.p/2", 33, "Tile 1 "),
    ],
)
def test_one_flipped_bit_is_found_and_named(place: Path, name: str, position: int, said: str) -> None:
    flip(place / name, position)
    status, told = check(place)
    assert status == 1
    assert said in told


def test_every_file_that_is_missing_or_cut_short_is_found(place: Path) -> None:
    for path in [path for path in place.rglob("*") if path.is_file()]:
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        assert check(place)[0] == 1, path
        path.unlink()
        assert check(place)[0] == 1, path
        path.write_bytes(whole)
    assert check(place)[0] == 0


def test_an_entry_and_its_tile_swapped_together_do_not_give_the_root(place: Path, log: StaticLog) -> None:
    forged = [*log.entries[:600], entry(1, "forged"), *log.entries[601:]]
    checkpoint = (place / "checkpoint").read_bytes()
    StaticLog.of(forged).write(place, *ALL)
    (place / "checkpoint").write_bytes(checkpoint)
    status, said = check(place)
    assert status == 1
    assert "do not give the root" in said


def test_a_log_that_signs_anew_is_caught_by_a_kept_checkpoint(tmp_path: Path, place: Path, log: StaticLog) -> None:
    kept = tmp_path / "kept"
    kept.write_text(log.checkpoint(*ALL))
    for size in (700, 701, 1000, 768):
        grown = StaticLog.of([entry(index) for index in range(size)])
        shutil.rmtree(place)
        status, said = check(grown.write(place, *ALL), "--kept", kept)
        assert status == 0, said
        assert "Its first 700 entries are those of the checkpoint you kept." in said
        forged = StaticLog.of([entry(index, "x" if index == 699 else "") for index in range(size)])
        shutil.rmtree(place)
        status, said = check(forged.write(place, *ALL), "--kept", kept)
        assert status == 1
        assert "history was changed" in said


def test_a_log_that_went_back_is_caught_by_a_kept_checkpoint(tmp_path: Path, place: Path) -> None:
    later = StaticLog.of([entry(index) for index in range(1000)])
    (tmp_path / "kept").write_text(later.checkpoint(*ALL))
    status, said = check(place, "--kept", tmp_path / "kept")
    assert status == 1
    assert "it has gone back" in said


def test_a_million_entries_are_checked_within_ten_seconds(tmp_path: Path) -> None:
    """The bar of the issue, on a tenth of the entries in a tenth of the time; the bench measures the whole."""
    (tmp_path / "policy.txt").write_text(POLICY)
    place = StaticLog.of([entry(index) for index in range(100_000)]).write(tmp_path / "ledger", *ALL)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert check(place)[0] == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0


# --- promises ------------------------------------------------------------------------------------------------


def test_a_promise_is_genuine_and_was_kept(tmp_path: Path, place: Path, log: StaticLog) -> None:
    (tmp_path / "note").write_text(promise(leaf_hash(log.entries[3]), leaf_hash(log.entries[699])))
    (tmp_path / "promise.pub").write_text(PROMISE_KEY + "\n")
    status, said = run("promise", tmp_path / "note", "--key", PROMISE_KEY)
    assert status == 0, said
    assert "2 entries will stand in the log within 60 s" in said
    more = ("--log", place, "--policy", tmp_path / "policy.txt")
    status, said = run("promise", tmp_path / "note", "--key", tmp_path / "promise.pub", *more)
    assert (status, "THE PROMISE WAS KEPT." in said) == (0, True)


def test_a_broken_promise_is_found(tmp_path: Path, place: Path, log: StaticLog) -> None:
    (tmp_path / "note").write_text(promise(leaf_hash(log.entries[3]), leaf_hash(b"left out")))
    more = ("--log", place, "--policy", tmp_path / "policy.txt")
    status, said = run("promise", tmp_path / "note", "--key", PROMISE_KEY, *more)
    assert status == 1
    assert "1 promised entries are not in it" in said


@pytest.mark.parametrize("change", [("within", "without"), ("1772427600", "1772427601"), ("/promise", "/promisE")])
def test_a_forged_promise_is_refused(tmp_path: Path, change: tuple[str, str]) -> None:
    (tmp_path / "note").write_text(promise(bytes(32)).replace(*change, 1))
    assert run("promise", tmp_path / "note", "--key", PROMISE_KEY)[0] == 1


def test_a_checkpoint_is_no_promise(tmp_path: Path, log: StaticLog) -> None:
    (tmp_path / "note").write_text(log.checkpoint())
    assert run("promise", tmp_path / "note", "--key", LOG.verifier)[0] == 1


def test_the_promise_of_the_house_is_the_promise_of_the_tool() -> None:
    text = promise(bytes(32)).split("\n\n")[0] + "\n"
    assert parse_promise(text).leaves == (bytes(32),)
    assert b64encode(bytes(32)).decode() in text
