"""The log as the house itself builds it: 70,000 acts through outbox, sequencer and publication, judged by others."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection, transaction

from minjing.kernel.ledger import queries
from minjing.kernel.ledger.actions import append, drain
from minjing.kernel.ledger.actions import entry as act
from minjing.kernel.ledger.providers import keys
from minjing.kernel.ledger.providers.policy import policy_text
from minjing.kernel.ledger.rules.receipt import parse_receipt
from tests.verify import outsider, tool
from tests.verify.others import Pymerkle, Sigstore, npm_folder, sigstore_js
from tests.verify.test_verify import flip, run

NOW = datetime(2026, 3, 2, 5, tzinfo=UTC)
SIZE, BATCH = 70_123, 5_000


@pytest.mark.django_db(transaction=True)
def test_others_judge_the_log_that_the_sequencer_published(tmp_path: Path) -> None:
    for start in range(0, SIZE, BATCH):
        with transaction.atomic():
            append(*[act("tests:act:done", {"n": n}, at=NOW) for n in range(start, min(SIZE, start + BATCH))])
    drain(NOW)
    folder = Path(settings.LEDGER_DIR)
    origin, size, root, note = outsider.checkpoint(folder)
    assert (origin, size) == (keys.origin(), SIZE)

    entries = outsider.entries(folder)
    theirs = Pymerkle(entries)
    assert theirs.tree.get_root() == root

    receipts = [parse_receipt(queries.receipt(entry_id) or "") for entry_id in _some_ids()]
    claims = [(entries[r.index], r.index, list(r.path), note) for r in receipts]
    forged = [(entries[r.index - 1], r.index, list(r.path), note) for r in receipts]
    expected = [True] * len(claims) + [False] * len(forged)
    log = keys.signer().verifier
    python = Sigstore(log)
    assert [python.holds(*claim, size, root) for claim in claims + forged] == expected
    assert [theirs.holds(item, at, path, size, root) for item, at, path, _ in claims + forged] == expected
    node = npm_folder()
    if node is not None:
        assert sigstore_js(node, log, claims + forged) == expected

    (tmp_path / "policy.txt").write_text(policy_text())
    assert run("log", folder, "--policy", tmp_path / "policy.txt")[0] == 0
    assert all(tool.holds(queries.receipt(i) or "", tool.trust.Policy(policy_text())) for i in _some_ids())
    mine = _some_ids()[3]
    disclosure = queries.disclosure(mine)
    assert disclosure is not None
    (tmp_path / "mine.json").write_text(json.dumps(disclosure.document))
    (tmp_path / "mine.tlog-proof").write_text(queries.receipt(mine) or "")
    status, said = run(
        "receipt", tmp_path / "mine.tlog-proof", "--policy", tmp_path / "policy.txt",
        "--disclosure", tmp_path / "mine.json",
    )  # fmt: skip
    assert (status, f"tests:act:done {disclosure.content}" in said) == (0, True), said
    flip(folder / "tile" / "entries" / "100", 5_000)
    status, said = run("log", folder, "--policy", tmp_path / "policy.txt")
    assert (status, "Entry 256" in said) == (1, True), said


def _some_ids() -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM ledger_outbox ORDER BY id LIMIT 40")
        return [row[0] for row in cursor.fetchall()]
