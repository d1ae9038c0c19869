"""Every byte of a receipt, a checkpoint and a proof is altered in many ways: ours, the tool, the page and the others
refuse each of them."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from minjing.kernel.ledger.rules.note import BadNote, line_of, open_note, parse_claim, parse_line, parts_of
from minjing.kernel.ledger.rules.policy import parse_policy
from minjing.kernel.ledger.rules.receipt import BadReceipt, check_receipt, parse_receipt
from tests.verify import tool
from tests.verify.logs import LOG, POLICY, StaticLog, entry
from tests.verify.others import Pymerkle, Sigstore, npm_folder, sigstore_js

STATIC = StaticLog.of([entry(index) for index in range(700)])
INDEX = 345
ENTRY = STATIC.entries[INDEX]
# Exactly as many witnesses as the policy asks for: no line of the receipt may be missing.
RECEIPT = STATIC.receipt(INDEX, "court", "newspaper")
OURS = parse_policy(POLICY)
THEIRS = tool.trust.Policy(POLICY)


def mutations(text: str) -> Iterator[str]:
    """Alter each byte: its eight bits one by one, some bytes in its place, itself gone, itself twice, one before it.

    What is no UTF-8 any more is no text and never gets to a parser; it is left out and not counted.
    """
    data = text.encode()
    for at, old in enumerate(data):
        put = {old ^ 1 << bit for bit in range(8)} | set(b"\n\r \t+=A0/\x00") | {(old + 1) % 256}
        pieces = [bytes([new]) for new in sorted(put - {old})] + [b"", bytes([old, old]), b"\n" + bytes([old])]
        for piece in pieces:
            try:
                changed = (data[:at] + piece + data[at + 1 :]).decode()
            except UnicodeDecodeError:
                continue
            if changed != text:
                yield changed
    yield text + "\n"
    yield text[:-1]


MUTANTS = list(mutations(RECEIPT))


def test_there_are_enough_of_them() -> None:
    assert len(MUTANTS) > 15 * len(RECEIPT.encode())


def test_ours_refuses_every_altered_receipt() -> None:
    assert check_receipt(parse_receipt(RECEIPT), ENTRY, OURS).size == 700
    survivors = []
    for mutant in MUTANTS:
        try:
            check_receipt(parse_receipt(mutant), ENTRY, OURS)
            survivors.append(mutant)
        except BadReceipt:
            pass
    assert survivors == []


def test_the_tool_refuses_every_altered_receipt() -> None:
    assert tool.holds(RECEIPT, THEIRS)
    assert [mutant for mutant in MUTANTS if tool.holds(mutant, THEIRS)] == []


def test_the_page_refuses_every_altered_receipt() -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not here; the journeys run the page's script in Chromium")
    mutants = (
        MUTANTS if "FUZZ_CASES" in os.environ else MUTANTS[::5]
    )  # of each byte's twenty, four; in a long run all
    lines = [json.dumps([text, POLICY, None]) for text in (RECEIPT, *mutants)]
    script = Path(__file__).with_name("receipts.mjs")
    said = subprocess.run(
        ["node", "--no-warnings", str(script)], input="\n".join(lines), capture_output=True, text=True, timeout=300
    )
    assert said.returncode == 0, said.stderr
    verdicts = [json.loads(line)["holds"] for line in said.stdout.splitlines()]
    assert verdicts[0] is True
    assert [mutant for mutant, holds in zip(mutants, verdicts[1:], strict=True) if holds] == []


def test_every_altered_checkpoint_is_refused() -> None:
    note = STATIC.checkpoint()
    assert parse_claim(open_note(note, [LOG.verifier])).size == 700
    key = tool.keys.read_key(str(LOG.verifier))
    survivors = []
    for mutant in mutations(note):
        try:
            parse_claim(open_note(mutant, [LOG.verifier]))
            survivors.append(mutant)
        except BadNote:
            pass
        try:
            if tool.keys.open_note(mutant, [key])[1]:
                survivors.append(mutant)
        except tool.keys.Bad:
            pass
    assert survivors == []


def test_the_others_refuse_every_altered_byte_of_what_they_look_at() -> None:
    """Entry, index, path, signed text and signature, byte by byte; unknown lines they skip, as specified."""
    path, note = STATIC.path(INDEX), STATIC.checkpoint()
    text, (line,) = parts_of(note)
    signature = parse_line(line).signature
    claims = [(ENTRY, INDEX, path, note)]
    claims += [(flipped(ENTRY, at), INDEX, path, note) for at in range(len(ENTRY))]
    claims += [(ENTRY, index, path, note) for index in range(700) if index != INDEX]
    for step in range(len(path)):
        claims += [
            (ENTRY, INDEX, [*path[:step], flipped(path[step], at), *path[step + 1 :]], note) for at in range(32)
        ]
    for at in range(len(signature)):
        claims.append((ENTRY, INDEX, path, f"{text}\n{line_of(LOG.verifier, flipped(signature, at))}"))
    for at in range(len(text) - 1):
        changed = flipped(text.encode(), at).decode()
        if len(changed.split("\n")) == 4:
            claims.append((ENTRY, INDEX, path, f"{changed}\n{line}\n"))
    python = Sigstore(LOG.verifier)
    assert [python.holds(*claim, 700, STATIC.root) for claim in claims] == [True] + [False] * (len(claims) - 1)
    theirs = Pymerkle(STATIC.entries)
    unsigned = [claim for claim in claims if claim[3] == note]
    found = [theirs.holds(item, index, path, 700, STATIC.root) for item, index, path, _ in unsigned]
    assert found == [True] + [False] * (len(unsigned) - 1)
    node = npm_folder()
    if node is not None:
        assert sigstore_js(node, LOG.verifier, claims) == [True] + [False] * (len(claims) - 1)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
