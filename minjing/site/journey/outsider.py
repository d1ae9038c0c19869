"""What an outsider checks who has nothing but what the server publishes: its log, its papers, its clock."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from minjing.base.workdays import WorkCalendar, build
from minjing.kernel.ledger.rules.framing import HEAD, SALT_BYTES, commitment
from minjing.kernel.ledger.rules.note import Claim, parse_vkey
from minjing.kernel.ledger.rules.policy import parse_policy
from minjing.kernel.ledger.rules.promise import Promise, open_promise
from minjing.kernel.ledger.rules.public import parse_public
from minjing.kernel.ledger.rules.receipt import check_receipt, parse_receipt
from minjing.kernel.ledger.rules.tiles import tile_path
from minjing.kernel.ledger.rules.tree import (
    HASH_BYTES,
    TILE_WIDTH,
    TileId,
    consistency_ranges,
    consistent,
    cut,
    hashes_of,
    included,
    inclusion_ranges,
    leaf_hash,
    tile_width,
    tiles_for,
)
from minjing.kernel.matters.rules import shifted
from minjing.site.journey.visitor import StepFailed, hold

CALENDAR_FROM = date(2004, 1, 1)
YEARS_BEYOND = 10  # plain weekdays are counted on for so long after the last announced calendar


class PublicLog:
    """The log as anybody reads it: a policy, keys, checkpoints and tiles. `read` returns a file, None for none."""

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self.policy = parse_policy(self._text("/open/ledger/policy"))
        own = parse_vkey(self._text("/open/ledger/vkey"))
        hold(own in [log.verifier for log in self.policy.logs], "the policy does not believe the log's own key")
        history = [line.split(" ") for line in self._text("/ledger/keys/history").splitlines()]
        self.promise_keys = [parse_vkey(key) for _, role, key in history if role == "promise"]
        hold(bool(self.promise_keys), "no key of promises is published")

    def head(self) -> Claim:
        """Return the newest signed head, once the policy accepts its signatures."""
        return self.policy.check(self._text("/ledger/checkpoint"))

    def promises(self, notes: Iterable[str]) -> list[Promise]:
        """Return what signed notes promise, of this log and under its published key."""
        opened = [open_promise(note, self.promise_keys) for note in notes]
        names = {log.verifier.name for log in self.policy.logs}
        hold({promise.origin for promise in opened} <= names, "a promise is for another log")
        return opened

    def places(self, wanted: Collection[bytes], since: Claim, head: Claim) -> dict[bytes, int]:
        """Return where the wanted leaves stand among those that came after an earlier head."""
        bundles = range(since.size // TILE_WIDTH, -(-head.size // TILE_WIDTH))
        leaves = [leaf for n in bundles for leaf in cut(self._tile(TileId(0, n), head.size))]
        first = bundles.start * TILE_WIDTH
        return {leaf: place for place, leaf in enumerate(leaves, first) if leaf in wanted and place >= since.size}

    def holds(self, leaf: bytes, index: int, head: Claim) -> bool:
        """Say whether a path through the tiles leads from a leaf to the signed root."""
        ranges = inclusion_ranges(index, head.size)
        return included(index, head.size, leaf, self._hashes(ranges, head), head.root)

    def only_grew(self, old: Claim, head: Claim) -> bool:
        """Say whether the tree under an earlier head is the beginning of the present one."""
        ranges = consistency_ranges(old.size, head.size)
        return consistent(old.size, head.size, self._hashes(ranges, head), old.root, head.root)

    def check_act(self, given: dict[str, Any], kind: str, matter_id: UUID) -> bytes:
        """Return the leaf of an act whose receipt, promise and disclosure hold; raises StepFailed, ValueError."""
        opening = b64decode(given["disclosure"]["opening"])
        entry = given["disclosure"]["entry"].encode()
        check_receipt(parse_receipt(given["receipt"]), entry, self.policy)
        (promise,) = self.promises([given["promise"]])
        hold(promise.leaves == (leaf_hash(entry),), f"the promise is for another entry than the receipt: {kind}")
        hold(parse_public(entry).commitment == commitment(opening), f"the disclosure does not open the entry: {kind}")
        *_, about, length = HEAD.unpack_from(opening, SALT_BYTES)
        name = opening[SALT_BYTES + HEAD.size :][:length].decode()
        hold(name == kind == parse_public(entry).kind, f"the entry says {name}, the history {kind}")
        hold(about == matter_id.bytes, f"the entry {kind} is about another matter")
        return leaf_hash(entry)

    def _hashes(self, ranges: list[tuple[int, int]], head: Claim) -> list[bytes]:
        return hashes_of(ranges, {tile: self._tile(tile, head.size) for tile in tiles_for(ranges)})

    def _tile(self, tile: TileId, size: int) -> bytes:
        width = tile_width(*tile, size)
        # A partial tile goes once the full one is there, whose beginning it is (tlog-tiles, "Partial Tiles").
        found = self._read(f"/ledger/{tile_path(*tile, width)}") or self._read(f"/ledger/{tile_path(*tile)}")
        hold(found is not None, f"tile {tile.level}/{tile.n} is not there")
        assert found is not None
        return found[: width * HASH_BYTES]

    def _text(self, path: str) -> str:
        found = self._read(path)
        hold(found is not None, f"{path} is not there")
        assert found is not None
        return found.decode()


def check_signature(pdf: bytes, authority_pem: bytes) -> str:
    """Return whose certificate signed a PDF; raises StepFailed unless the authority vouches for every byte of it."""
    signatures = PdfFileReader(BytesIO(pdf)).embedded_signatures
    hold(len(signatures) == 1, f"the PDF has {len(signatures)} signatures")
    roots = list(load_certs_from_pemder_data(authority_pem))
    status = validate_pdf_signature(signatures[0], ValidationContext(trust_roots=roots, allow_fetching=False))
    hold(status.intact and status.valid, "the signature in the PDF does not fit its bytes")
    hold(status.trusted, "the published certificate does not vouch for the signature in the PDF")
    hold(status.coverage == SignatureCoverageLevel.ENTIRE_FILE, "the signature does not cover the whole PDF")
    hold(status.bottom_line, "the signature in the PDF is not valid")
    return str(status.signing_cert.subject.native["common_name"])


def calendar_of(revision: dict[str, Any]) -> WorkCalendar:
    """Return the working-day calendar that a server has published."""
    off, made_up = ([date.fromisoformat(day) for day in revision[name]] for name in ("days_off", "made_up"))
    known_until = date.fromisoformat(revision["known_until"])
    return build(CALENDAR_FROM, known_until, off, made_up, date(known_until.year + YEARS_BEYOND, 12, 31))


def check_pause(
    before: datetime, after: datetime, start: datetime, end: datetime, unit: str, calendar: WorkCalendar
) -> int:
    """Return the seconds of a pause that count; raises StepFailed unless the due date moved by exactly these."""
    expected = shifted(before, start, end, unit, calendar)
    if after != expected:
        raise StepFailed(f"after a pause from {start} to {end} the date due {before} became {after}, not {expected}")
    return (
        calendar.to_work(end) - calendar.to_work(start) if unit == "workday" else int((end - start).total_seconds())
    )
