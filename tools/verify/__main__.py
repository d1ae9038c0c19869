"""Check the ledger yourself: a receipt, a promise, a policy, or a whole log. Needs Python 3.11 and `cryptography`.

  python tools/verify receipt FILE --policy POLICY [--entry FILE | --disclosure FILE]
  python tools/verify log FOLDER-OR-ADDRESS --policy POLICY [--kept CHECKPOINT]
  python tools/verify promise FILE --key KEY-OR-FILE [--log FOLDER-OR-ADDRESS --policy POLICY]
  python tools/verify policy POLICY

It imports nothing of Minjing and asks nobody anything; only `--log` and `log` fetch files, if you name an address.
The answer is also the exit code: 0 it holds, 1 it does not hold, 2 it could not be checked.
"""

import json
import sys
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from keys import NUMBER, Bad, open_note, read_key, unbase64
from tree import leaf_hash, root_of_path
from trust import Policy
from whole import check_log, read


def main(words: list[str]) -> int:
    """Run one verb and return the exit code."""
    try:
        match words:
            case ["receipt", file, "--policy", policy]:
                receipt(text_of(file), Policy(text_of(policy)))
            case ["receipt", file, "--policy", policy, "--entry" | "--disclosure" as option, more]:
                receipt(text_of(file), Policy(text_of(policy)), **{option[2:]: Path(more).read_bytes()})
            case ["log", place, "--policy", policy, *more] if not more or (more[0], len(more)) == ("--kept", 2):
                log(place, Policy(text_of(policy)), *map(text_of, more[1:]))
            case ["promise", file, "--key", key]:
                promise(text_of(file), key)
                print("THE PROMISE IS GENUINE.")
            case ["promise", file, "--key", key, "--log", place, "--policy", policy]:
                log(place, Policy(text_of(policy)), wanted=promise(text_of(file), key))
                print("THE PROMISE WAS KEPT.")
            case ["policy", file]:
                tell_policy(Policy(text_of(file)))
            case _:
                print(__doc__)
                return 2
    except (Bad, UnicodeDecodeError) as bad:
        print(f"IT DOES NOT HOLD. {bad if isinstance(bad, Bad) else 'What should be text is not.'}")
        return 1
    except OSError as error:
        print(f"It could not be checked: {error}.")
        return 2
    return 0


def text_of(path: str) -> str:
    """Return the text of a file, byte for byte."""
    return Path(path).read_bytes().decode()


def receipt(text: str, policy: Policy, entry: bytes | None = None, disclosure: bytes = b"") -> None:
    """Check a receipt: entry, path, signature of the log, witnesses (c2sp.org/tlog-proof)."""
    index, path, carried, checkpoint = read_receipt(text)
    entry = carried if entry is None else entry
    if entry is None or carried not in (None, entry):
        raise Bad("The receipt carries no entry, or another than your file: name the right one with --entry.")
    head, seen_by = policy.check(checkpoint)
    if root_of_path(index, head.size, leaf_hash(entry), path) != head.root:
        raise Bad("The path does not lead from this entry to the signed root.")
    print(f"The entry: {entry.decode(errors='replace')}")
    print(f"It is entry {index} of the log {head.origin}, which held {head.size} entries when it signed this.")
    tell_witnesses(seen_by)
    if disclosure:
        print(f"Behind it stands: {opened(disclosure, entry)}")
    print("THE RECEIPT HOLDS.")


def opened(disclosure: bytes, entry: bytes) -> str:
    """Return what an entry commits to, out of the file that only the person concerned can download."""
    try:
        opening = unbase64(json.loads(disclosure)["opening"])
        if b64encode(sha256(opening).digest()).rstrip(b"=") != entry.split(b" ")[-1]:
            raise Bad("The disclosure was altered, or belongs to another entry.")
        # Salt 16 bytes, id 16, instant 8, district 2, person, actor and matter 16 each, length 2, kind, content.
        return opening[92:].decode().replace("{", " {", 1)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Bad("This is not a disclosure.") from None


def read_receipt(text: str) -> tuple[int, list[bytes], bytes | None, str]:
    """Return index, path, the entry if it is carried along, and the checkpoint."""
    proof, _, checkpoint = text.partition("\n\n")
    lines = proof.split("\n")
    if lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Bad("This is not a receipt: its first line is missing.")
    carried = unbase64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
    word, _, index = lines.pop(0).partition(" ") if lines else ("", "", "")
    path = [unbase64(line) for line in lines]
    if word != "index" or not NUMBER.fullmatch(index) or len(path) > 63 or any(len(step) != 32 for step in path):
        raise Bad("The receipt's index or path is malformed.")
    return int(index), path, carried, checkpoint


def log(place: str, policy: Policy, kept: str | None = None, *, wanted: frozenset[bytes] = frozenset()) -> None:
    """Check a whole log: every entry, every tile, the root, the signatures, and that it holds the `wanted` hashes."""
    head, seen_by = policy.check((read(place, "checkpoint") or b"").decode())
    before = None if kept is None else policy.check(kept)[0]
    missing = check_log(place, head, before, wanted)
    since = f" Its first {before.size} entries are those of the checkpoint you kept." if before else ""
    print(f"All {head.size} entries of {head.origin} and all tiles over them give the signed root.{since}")
    tell_witnesses(seen_by)
    print("THE LOG HOLDS.")
    if missing:
        raise Bad(f"{len(missing)} promised entries are not in it.")


def promise(text: str, key: str) -> frozenset[bytes]:
    """Check the signature of a promise and return the hashes of the promised entries."""
    body, signed = open_note(text, [read_key(text_of(key) if Path(key).is_file() else key)])
    lines = body.split("\n")
    if not signed or len(lines) < 5 or not lines[0].endswith("/promise") or not NUMBER.fullmatch(lines[-3]):
        raise Bad("This is not a promise signed by that key.")
    leaves = frozenset(unbase64(line) for line in lines[1:-3])
    at = datetime.fromtimestamp(min(int(lines[-3]), 2**37), UTC)
    print(f"Signed at {at}: {len(leaves)} entries will stand in the log {lines[-2]}.")
    return leaves


def tell_policy(policy: Policy) -> None:
    """Say in words whom a policy believes."""
    lines = [f"Log {key.name}" for key in policy.logs]
    lines += [f"Witness {name}: {key.name}" for name, key in policy.witnesses.items()]
    lines += [f"{name}: {need} of {', '.join(members)}" for name, (need, members) in policy.groups.items()]
    print("\n".join([*lines, f"A checkpoint needs {policy.quorum}."]))


def tell_witnesses(seen_by: dict[str, int]) -> None:
    """Say which witnesses signed, and when."""
    for name, at in seen_by.items():
        print(f"Witness {name} saw this checkpoint at {datetime.fromtimestamp(min(at, 2**37), UTC)}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
