"""Reading a whole log from a folder or an address, and checking every entry and every tile of it."""

from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from keys import Bad, Checkpoint
from tree import WIDTH, Parts, full_hash, grown, leaf_hash, root


def read(place: str, name: str) -> bytes | None:
    """Return a file of the log in a folder or under an address, None if there is none."""
    if not place.startswith(("http://", "https://")):
        path = Path(place) / name
        return path.read_bytes() if path.is_file() else None
    try:
        with urlopen(f"{place.rstrip('/')}/{name}", timeout=30) as answer:  # noqa: S310 - http, https only
            return bytes(answer.read())
    except HTTPError as error:
        if error.code == 404:
            return None
        raise


def part(place: str, kind: str, n: int, width: int) -> bytes:
    """Return a tile or bundle; a partial one may have been replaced by the full one, whose beginning it is."""
    groups, rest = [f"{n % 1000:03d}"], n // 1000  # 1234067 is named x001/x234/067
    while rest:
        groups, rest = [f"x{rest % 1000:03d}", *groups], rest // 1000
    name = f"tile/{kind}/{'/'.join(groups)}"
    data = read(place, f"{name}.p/{width}") if width < WIDTH else None
    if data is None and (full := read(place, name)) is not None:
        data = full if kind == "entries" or width == WIDTH else full[: width * 32]
    if data is None:
        raise Bad(f"{name} is missing.")
    return data


def entries_of(bundle: bytes, width: int, n: int) -> list[bytes]:
    """Return the first `width` entries of a bundle: each stands after its length in two bytes."""
    entries, at = [], 0
    for _ in range(width):
        end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        entries.append(bundle[at + 2 : end])
        at = end
    if at > len(bundle) or (width == WIDTH and at < len(bundle)):
        raise Bad(f"Bundle {n} of entries is cut short or too long.")
    return entries


def check_log(place: str, head: Checkpoint, kept: Checkpoint | None, wanted: frozenset[bytes]) -> frozenset[bytes]:
    """Raise Bad unless all entries and tiles give the root of `head`, and the first of them that of `kept`.

    Returns those of the wanted hashes that no entry has.
    """
    kept = kept or Checkpoint(head.origin, 0, root([], []))
    if kept.origin != head.origin or kept.size > head.size:
        raise Bad(f"You kept {kept.origin} at size {kept.size}: this is another log, or it has gone back.")
    parts: Parts = []
    row: list[bytes] = []
    for n in range(head.size // WIDTH + 1):
        width = min(WIDTH, head.size - n * WIDTH)
        bundle = part(place, "entries", n, width) if width else b""
        leaves = [leaf_hash(entry) for entry in entries_of(bundle, width, n)]
        check_tile(place, 0, n, leaves)
        if n == kept.size // WIDTH and root(parts, leaves[: kept.size % WIDTH]) != kept.root:
            raise Bad(f"The first {kept.size} entries are not those of the checkpoint you kept: history was changed.")
        wanted = wanted.difference(leaves)
        if width == WIDTH:
            row.append(full_hash(leaves))
            parts = grown(parts, 8, row[-1])
    if root(parts, leaves) != head.root:
        raise Bad("The entries do not give the root that was signed.")
    level = 1
    while row:  # the tiles of the upper levels hold the hashes of the full tiles below
        tiles = [row[start : start + WIDTH] for start in range(0, len(row), WIDTH)]
        for n, hashes in enumerate(tiles):
            check_tile(place, level, n, hashes)
        row, level = [full_hash(hashes) for hashes in tiles if len(hashes) == WIDTH], level + 1
    return wanted


def check_tile(place: str, level: int, n: int, hashes: list[bytes]) -> None:
    """Raise Bad unless a tile holds these hashes."""
    tile = part(place, str(level), n, len(hashes)) if hashes else b""
    if tile != b"".join(hashes):
        wrong = [*(tile[i * 32 : i * 32 + 32] == one for i, one in enumerate(hashes)), False].index(False)
        raise Bad(f"{'Tile' if level else 'Entry'} {n * WIDTH + wrong} is not what tile {n} of level {level} holds.")
