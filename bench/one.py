"""One benchmark in a process of its own: `python -m bench.one NAME FILE`, started by bench/__main__.py."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path


def main(name: str, out: str) -> None:
    """Run it and write its rows to the file."""
    module = importlib.import_module(f"bench.{name}")
    rows = module.run(lambda line: print(f"[{name}] {line}", flush=True))
    Path(out).write_text(json.dumps([asdict(row) for row in rows], ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
