"""Make the vendored fonts from the release of Noto CJK: one regional face, the characters names need, no hints.

Run: python -m venv x && x/bin/pip install fonttools && x/bin/python make.py FOLDER_WITH_THE_TTC_FILES
Not part of the running system; the result lies beside it, with manifest.json saying what it is.
"""

# mypy: ignore-errors
# fontTools is needed here alone, and not by the system.

import hashlib
import json
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection

HERE = Path(__file__).parent
# Latin, punctuation, numbers in circles, box drawing, CJK punctuation, full-width forms, all ideographs.
RANGES = [
    (0x20, 0x24F), (0x2000, 0x206F), (0x20A0, 0x218F), (0x2460, 0x25FF), (0x3000, 0x303F), (0x3220, 0x32FF),
    (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF), (0x20000, 0x3FFFF),
]  # fmt: skip
FACES = [
    ("NotoSerifCJK-Regular.ttc", "Noto Serif CJK SC", "NotoSerifCJKsc-Regular.otf", "all"),
    ("NotoSansCJK-Bold.ttc", "Noto Sans CJK SC", "NotoSansCJKsc-Bold.otf", "common"),
]


def common(character: int) -> bool:
    """Say whether headings need it: Latin, punctuation, and the 6,763 ideographs of GB 2312."""
    if character < 0x3400 or character >= 0xFF00:
        return True
    try:
        return bool(chr(character).encode("gb2312"))
    except UnicodeEncodeError:
        return False


def wanted(character: int, which: str) -> bool:
    """Say whether a character is kept in a face."""
    inside = any(first <= character <= last for first, last in RANGES)
    return inside and (which == "all" or common(character))


def make(source: Path, family: str, target: str, which: str) -> dict[str, object]:
    """Write one face and return its entry of the manifest."""
    font = next(f for f in TTCollection(source).fonts if f["name"].getDebugName(1) == family)
    characters = sorted(c for c in font.getBestCmap() if wanted(c, which))
    options = subset.Options(layout_features=["kern"], name_IDs=["*"], hinting=False, notdef_outline=True)
    options.drop_tables += ["VORG", "vhea", "vmtx", "BASE", "GSUB", "DSIG"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters)
    cutter.subset(font)
    font.save(HERE / target)
    if which == "all":
        (HERE / "coverage.txt").write_text("\n".join(ranges(characters)) + "\n")
    return {
        "file": target,
        "name": f"{family} (subset)",
        "version": font["name"].getDebugName(5).split(";")[0],
        "origin": "github.com/notofonts/noto-cjk",
        "licence": "OFL-1.1",
        "copyright": font["name"].getDebugName(0),
        "characters": len(characters),
        "bytes": (HERE / target).stat().st_size,
        "sha256": hashlib.sha256((HERE / target).read_bytes()).hexdigest(),
    }


def ranges(characters: list[int]) -> list[str]:
    """Return ascending code points as lines `3400-9FFF`."""
    found: list[list[int]] = []
    for c in characters:
        if found and c == found[-1][1] + 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return [f"{a:04X}" if a == b else f"{a:04X}-{b:04X}" for a, b in found]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    manifest = [make(folder / source, family, target, which) for source, family, target, which in FACES]
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
