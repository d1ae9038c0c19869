"""The modules of tools/verify, loaded into this process: for the tests that ask it thousands of times."""

import contextlib
import io
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "verify"
sys.path.insert(0, str(TOOL))
try:
    import keys
    import trust
    import whole

    _spec = spec_from_file_location("verify_main", TOOL / "__main__.py")
    assert _spec is not None
    assert _spec.loader is not None
    main = module_from_spec(_spec)
    _spec.loader.exec_module(main)
finally:
    sys.path.remove(str(TOOL))

__all__ = ["holds", "keys", "main", "trust", "whole"]


def holds(receipt: str, policy: "trust.Policy", entry: bytes | None = None) -> bool:
    """Return what the tool says of a receipt."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            main.receipt(receipt, policy, entry)
        except keys.Bad:
            return False
    return True
