"""The sequencer dies at each of its steps, before and after it had its effect: no fork, no gap, no reuse."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from django.db import connection

from minjing.kernel.ledger import queries
from minjing.kernel.ledger.actions import Doubt, drain, sequence, sequence_once
from minjing.kernel.ledger.actions.sequence import STEPS, Run
from minjing.kernel.ledger.providers import folder, guard, keys
from minjing.kernel.ledger.rules import tree
from minjing.kernel.ledger.rules.note import open_note, parse_claim, parts_of
from minjing.kernel.ledger.rules.tiles import bundle_path, tile_path, unbundle
from minjing.kernel.ledger.tests.acts import NOW, acts, in_order

pytestmark = pytest.mark.django_db(transaction=True)
SEEDS = 20
SECOND = timedelta(seconds=1)


class Dies(Exception):
    """The machine stops here."""


def dying(at: Callable[[Run], None], persisted: bool) -> list[Callable[[Run], None]]:
    """Return the steps, of which one never returns: before it did anything, or after it did everything."""

    def last(run: Run) -> None:
        if persisted:
            at(run)
        raise Dies

    return [last if step is at else step for step in STEPS]


@dataclass
class Outsider:
    """Somebody who keeps every checkpoint they ever saw, outside the system, and what each leaf was."""

    heads: dict[int, bytes] = field(default_factory=dict)
    leaves: dict[int, bytes] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    signed: dict[int, str] = field(default_factory=dict)

    def look(self) -> None:
        """Read the public folder as anybody can; nothing seen before may have changed."""
        kept = guard.kept_note()  # a witness may have seen it
        if kept:
            assert self.signed.setdefault(parse_claim(parts_of(kept)[0]).size, kept) == kept, "signed twice"
        data = folder.read("checkpoint")
        if data is None:
            return
        text = data.decode()
        claim = parse_claim(open_note(text, keys.verifiers()))
        assert claim.size >= max(self.heads, default=0), "the log went back"
        assert self.heads.setdefault(claim.size, claim.root) == claim.root, "two roots for one size: a fork"
        assert self.notes.setdefault(claim.size, text) == text, "one size was signed twice"
        leaves = [leaf for n in range((claim.size + 255) // 256) for leaf in self.bundle(n, claim.size)]
        assert len(leaves) == claim.size, "a gap"
        assert tree.root(leaves) == claim.root
        for index, leaf in enumerate(leaves):
            assert self.leaves.setdefault(index, leaf) == leaf, "an index was used again"

    def bundle(self, n: int, size: int) -> list[bytes]:
        """Return the leaves of a bundle, checked against its tile."""
        width = tree.tile_width(0, n, size)
        data = folder.read(bundle_path(n, width))
        tile = folder.read(tile_path(0, n, width))
        assert data is not None, "a partial bundle of a published size is missing"
        assert tile is not None, "a partial tile of a published size is missing"
        leaves = [tree.leaf_hash(entry) for entry in unbundle(data)]
        assert b"".join(leaves) == tile
        return leaves


@pytest.mark.parametrize("persisted", [False, True], ids=["not persisted", "persisted"])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_a_death_at_any_step_makes_no_fork_no_gap_and_no_reuse(
    step: Callable[[Run], None], persisted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    outsider, made, now = Outsider(), [], NOW
    for seed in range(SEEDS):
        random = Random(f"{step.__name__} {persisted} {seed}")
        made += [one.id for one in acts(random.randrange(1, 40))]
        if random.random() < 0.7:
            now += SECOND
            sequence_once(now, limit=random.randrange(1, 60))
            outsider.look()
        made += [one.id for one in acts(random.randrange(1, 40))]
        now += SECOND
        with monkeypatch.context() as crash:
            crash.setattr(sequence, "STEPS", dying(step, persisted))
            with pytest.raises(Dies):
                sequence_once(now, limit=random.randrange(1, 60))
        outsider.look()
        # The next life may begin with other work, as the crash left the rest to wait.
        made += [one.id for one in acts(random.randrange(0, 3))]
        now += SECOND
        sequence_once(now, limit=random.randrange(1, 60))
        outsider.look()
    drain(now + SECOND)
    outsider.look()
    assert in_order() == made, f"lost or out of order at {step.__name__}"
    assert max(outsider.heads) == len(made)
    assert queries.verify().ok, queries.verify().faults


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_death_between_any_two_files_leaves_nothing_half(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random, outsider = Random(seed), Outsider()
    acts(random.randrange(1, 600))
    drain(NOW)
    outsider.look()
    acts(random.randrange(1, 900))
    left = random.randrange(0, 3)
    whole = folder.write_synced

    def full(path: object, data: bytes, mode: int = 0o644) -> None:
        nonlocal left
        if left == 0:
            whole(path, data[: len(data) // 2], mode)  # type: ignore[arg-type]
            raise OSError(28, "No space left on device")
        left -= 1
        whole(path, data, mode)  # type: ignore[arg-type]

    with monkeypatch.context() as disk:
        disk.setattr(folder, "write_synced", full)
        with pytest.raises(OSError, match="No space"):
            drain(NOW)
    outsider.look()
    drain(NOW)
    outsider.look()
    assert queries.verify().ok


def test_yesterdays_database_is_refused() -> None:
    """The tables go back, the guard does not: as after the restoration of a backup."""
    tables = ("ledger_outbox", "ledger_bundle", "ledger_tile", "ledger_state", "ledger_checkpoint")
    acts(30)
    drain(NOW)
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"CREATE TEMP TABLE old_{table} AS TABLE {table}")
    acts(30)
    drain(NOW)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in tables:
            cursor.execute(f"TRUNCATE {table}")
            cursor.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE old_{table}")
        cursor.execute("RESET session_replication_role")
    before = folder.read("checkpoint")
    for new in (0, 40):
        acts(new)
        with pytest.raises(Doubt, match="older backup"):
            sequence_once(NOW)
    assert folder.read("checkpoint") == before


def test_a_guard_that_is_lost_set_back_or_damaged_stops_the_signer() -> None:
    acts(3)
    drain(NOW)
    old = guard.path().read_text()
    acts(3)
    drain(NOW)
    for text, said in (
        (None, "lost or set back"),
        (old, "lost or set back"),
        (old[:-1] + "x", "damaged"),
        ("", "damaged"),
    ):
        guard.path().unlink(missing_ok=True)
        if text is not None:
            guard.path().write_text(text)
        with pytest.raises(Doubt, match=said):
            sequence_once(NOW)


def test_a_public_file_with_other_bytes_stops_the_signer_before_it_publishes() -> None:
    acts(3)
    drain(NOW)
    before = folder.read("checkpoint")
    folder.store({"tile/0/000.p/5": bytes(160)})
    acts(2)
    with pytest.raises(Doubt, match="other bytes"):
        sequence_once(NOW)
    assert folder.read("checkpoint") == before


def test_a_checkpoint_that_somebody_else_signed_stops_the_signer() -> None:
    acts(3)
    drain(NOW)
    folder.replace("checkpoint", (folder.read("checkpoint") or b"").replace(b"\n3\n", b"\n2\n"))
    with pytest.raises(Doubt, match="not ours"):
        sequence_once(NOW)


def test_a_clock_that_goes_back_signs_nothing() -> None:
    acts(3)
    drain(NOW)
    acts(1)
    with pytest.raises(Doubt, match="Set the clock right"):
        sequence_once(NOW - SECOND)
    assert [head.size for head in queries.checkpoints()] == [3]


def test_partial_files_stay_for_each_published_size_and_go_once_the_full_one_is_there() -> None:
    for count in (100, 100, 55):
        acts(count)
        drain(NOW)
    assert {path.name for path in (folder.folder() / "tile/0/000.p").iterdir()} == {"100", "200", "255"}
    acts(1)
    drain(NOW)
    assert not (folder.folder() / "tile/0/000.p").exists()
    assert not (folder.folder() / "tile/entries/000.p").exists()
    assert len(folder.read("tile/0/000") or b"") == 8192


def test_what_is_published_in_full_leaves_the_database() -> None:
    acts(700)
    drain(NOW)
    acts(1)
    drain(NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_tile")
        assert cursor.fetchone() == (2,)  # the edge: 0/2 and 1/0
        cursor.execute("SELECT n FROM ledger_bundle WHERE entries IS NOT NULL")
        assert cursor.fetchall() == [(2,)]
    assert queries.verify().ok


def test_ids_of_entries_lead_to_receipts_that_any_tool_can_check() -> None:
    from minjing.kernel.ledger.rules.policy import Log, Policy
    from minjing.kernel.ledger.rules.receipt import check_receipt, parse_receipt

    made = acts(300)
    assert queries.receipt(made[0].id) is None
    drain(NOW)
    trust = Policy(logs=tuple(Log(key) for key in keys.verifiers()))
    for one in made[::50]:
        receipt = parse_receipt(queries.receipt(one.id) or "")
        assert receipt.extra == one.public
        check_receipt(receipt, one.public, trust)
    assert queries.receipt(UUID(int=1)) is None
