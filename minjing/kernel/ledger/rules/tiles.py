"""Names and bytes of the static files of a log (C2SP tlog-tiles v0.1.0)."""

from minjing.kernel.ledger.rules.tree import TILE_WIDTH


def tile_path(level: int, n: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile of hashes: tile/<L>/<N>[.p/<W>]."""
    return f"tile/{level}/{number(n)}{partial(width)}"


def bundle_path(n: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a bundle of entries: tile/entries/<N>[.p/<W>]."""
    return f"tile/entries/{number(n)}{partial(width)}"


def number(n: int) -> str:
    """Return `n` in groups of three digits, all but the last marked x: 1234067 is x001/x234/067."""
    groups = [f"{n % 1000:03d}"]
    while n := n // 1000:
        groups.append(f"x{n % 1000:03d}")
    return "/".join(reversed(groups))


def partial(width: int) -> str:
    """Return the ending of a partial tile; raises ValueError for a width that must not be served."""
    if not 1 <= width <= TILE_WIDTH:
        raise ValueError(f"no tile is {width} wide")
    return "" if width == TILE_WIDTH else f".p/{width}"


def bundle(entries: list[bytes]) -> bytes:
    """Return entries as a bundle: a big-endian 16-bit length before each (tlog-tiles, "Log entries")."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(data: bytes) -> list[bytes]:
    """Return the entries of a bundle; raises ValueError if it ends within one."""
    entries, place = [], 0
    while place < len(data):
        start = place + 2
        place = start + int.from_bytes(data[place:start], "big")
        if place > len(data) or start > len(data):
            raise ValueError("the bundle ends within an entry")
        entries.append(data[start:place])
    return entries
