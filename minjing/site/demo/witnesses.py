"""The demo's three witnesses: real processes with keys and folders of their own, of which two must cosign.

In a real city they run elsewhere, with people who do not answer to the bureau; here they show how it works.
"""

from pathlib import Path

from minjing.kernel.ledger.providers import keys
from minjing.kernel.ledger.witness.store import fresh
from minjing.site.processes import WITNESSES


def prepare(data_dir: Path, first_port: int) -> None:
    """Make the witnesses' keys once, and write the policy that names them with their present addresses."""
    keys.signer()  # the first call makes the log's key
    lines = ["# Two of these three must have cosigned before the demo city publishes a checkpoint."]
    lines += [f"log {key}" for key in keys.verifiers()]
    for port, name in enumerate(WITNESSES, first_port):
        public = fresh(data_dir / "witnesses" / name, f"{name}.example/witness")
        lines.append(f"witness {name} {public} http://127.0.0.1:{port}")
    lines += [f"group witnesses 2 {' '.join(WITNESSES)}", "quorum witnesses", ""]
    policy = data_dir / "keys" / "policy.txt"
    policy.write_text("\n".join(lines))
