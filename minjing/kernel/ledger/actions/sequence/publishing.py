"""What the log bound itself to and what it shows: guard, signature, files, witnesses, checkpoint."""

from django.db import connection, transaction

from minjing.kernel.ledger.actions.sequence.run import CHECKPOINT, Doubt, Run, raw_cursor
from minjing.kernel.ledger.providers import folder, guard, keys
from minjing.kernel.ledger.providers.guard import BadGuard, Guard
from minjing.kernel.ledger.providers.policy import policy
from minjing.kernel.ledger.providers.witnesses import cosigned
from minjing.kernel.ledger.queries.read import tiles
from minjing.kernel.ledger.rules.note import BadNote, Claim, claim_text, open_note, parse_claim
from minjing.kernel.ledger.rules.tiles import bundle_path, tile_path
from minjing.kernel.ledger.rules.tree import (
    TILE_WIDTH,
    consistency_ranges,
    hashes_of,
    tile_width,
    tiles_for,
)

NOTES_KEPT = 100  # signed texts kept in the database; sizes and roots stay for good


def look(run: Run) -> None:
    """Read what was shown and what the log bound itself to. If we crash here nothing has happened."""
    text = folder.read(CHECKPOINT)
    if text is not None:
        try:
            run.shown = parse_claim(open_note(text.decode(), keys.verifiers()))
        except (BadNote, UnicodeDecodeError) as bad:
            raise Doubt(
                f"The checkpoint in the public folder is not ours: {bad} Somebody changed it, or the keys. Fetch the"
                " last one from a witness, compare, and put it back."
            ) from None
    try:
        run.guard = guard.read()
    except BadGuard as bad:
        raise Doubt(str(bad)) from None
    bound = run.guard.size if run.guard else 0
    if run.shown.size > bound:
        raise Doubt(
            f"The public folder shows {run.shown.size} entries, but the guard stands at {bound}: the guard file was"
            " lost or set back. Compare the checkpoint with what the witnesses show, then run `minjing ledger guard`."
        )
    if run.guard and run.shown.size == bound and run.shown.root != run.guard.root:
        raise Doubt("The public checkpoint and the guard name different roots for one size. Do not start again.")
    if run.guard and run.now < run.guard.at:
        raise Doubt(
            f"The clock shows {run.now:%Y-%m-%d %H:%M:%S}, but the last head was signed at"
            f" {run.guard.at:%Y-%m-%d %H:%M:%S %Z}. Set the clock right, then start the sequencer again."
        )


def bind(run: Run) -> None:
    """Move the guard: from here on the log has bound itself to this root for this size.

    If we crash here, the guard is ahead of what is shown and the next run goes on with this head or a larger one
    that contains it; a database without it will never be signed.
    """
    if not run.is_new or (run.guard and run.guard.size == run.head.size):
        return
    new = Guard(run.head.size, run.head.root, run.now)
    try:
        guard.advance(run.guard, new)
    except BadGuard as bad:
        raise Doubt(str(bad)) from None
    run.guard = new


def sign(run: Run) -> None:
    """Sign the head and keep what was signed before anybody sees it, so that one size is never signed twice.

    If we crash before it is kept, no byte of the signature has left this process. If we crash after, the next run
    takes what was kept.
    """
    if not run.is_new:
        return
    text = claim_text(Claim(keys.origin(), run.head.size, run.head.root))
    kept = guard.kept_note()
    if kept and kept.startswith(f"{text}\n"):
        run.note = kept
        return
    run.note = keys.signed(text, run.now)
    guard.keep_note(run.note)


def file(run: Run) -> None:
    """Write tiles and bundles, also the partial ones of this size. They never change, and need no signature.

    If we crash here some are there, whole; the next run finds them with the same bytes and writes the rest.
    """
    if not run.is_new:
        return
    try:
        folder.store(_files(run))
    except folder.Differs as differs:
        raise Doubt(
            f"{differs} The log would fork. Run `minjing ledger verify`; do not delete the file before it is clear"
            " which of the two is right."
        ) from None


def _files(run: Run) -> dict[str, bytes]:
    files = {tile_path(tile.level, tile.n, len(hashes) // 32): hashes for tile, hashes in run.tiles.items() if hashes}
    for n, data in run.bundles.items():
        files[bundle_path(n, tile_width(0, n, run.head.size))] = data
    return files


def witness(run: Run) -> None:
    """Collect the cosignatures that the policy asks for; raises NotEnough.

    If we crash here some witnesses have seen a head that nobody else has; the guard holds the log to it.
    """
    if run.is_new:
        run.note = cosigned(run.note, run.shown.size, lambda old: _consistency(old, run), policy())


def _consistency(old: int, run: Run) -> list[bytes]:
    ranges = consistency_ranges(old, run.head.size)
    return hashes_of(ranges, tiles(run.head.size, tiles_for(ranges)))


def publish(run: Run) -> None:
    """Put the checkpoint in its place: now everybody may hold the log to it.

    If we crash here the head is shown but not noted in the database; the next run notes it.
    """
    if run.is_new:
        folder.replace(CHECKPOINT, run.note.encode())
        run.shown = Claim(keys.origin(), run.head.size, run.head.root)


NOTED = """
WITH newest AS (SELECT max(size) AS size FROM ledger_checkpoint WHERE note IS NOT NULL)
UPDATE ledger_checkpoint SET note = %s
WHERE size = %s AND note IS NULL AND size > coalesce((SELECT size FROM newest), 0)
"""
FORGET = """
UPDATE ledger_checkpoint SET note = NULL WHERE note IS NOT NULL AND size < (
    SELECT min(size) FROM (
        SELECT size FROM ledger_checkpoint WHERE note IS NOT NULL ORDER BY size DESC LIMIT %s
    ) AS kept
)
"""


def remember(run: Run) -> None:
    """Note the published text in the database, for pages to read; texts of old heads are let go.

    If we crash here the next run does it again.
    """
    if (
        not run.shown.size
        or raw_cursor()
        .execute("SELECT FROM ledger_checkpoint WHERE size = %s AND note IS NOT NULL", [run.shown.size])
        .fetchone()
    ):
        return
    text = run.note or (folder.read(CHECKPOINT) or b"").decode()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NOTED, [text, run.shown.size])
        cursor.execute(FORGET, [NOTES_KEPT])


def collect(run: Run) -> None:
    """Remove partial files whose full ones are there. If we crash here some stay, which harms nobody."""
    for tile, hashes in run.tiles.items():
        if len(hashes) == TILE_WIDTH * 32:
            folder.drop_partials(tile_path(tile.level, tile.n))
            if tile.level == 0:
                folder.drop_partials(bundle_path(tile.n))
