"""What a file is, told from its content, and the limits on what is taken: pure."""

import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

Text = Mapping[str, str]

SIZE_MAX = 10 * 1024 * 1024  # bytes of one file
PIXELS_MAX = 50_000_000  # beyond the ordinary mode of every phone; 30,000 × 30,000 is 18 times as much
SIDE_MAX = 4096  # pixels kept: an A4 page at 300 dpi is 2480 × 3508
PAGES_MAX = 60
THUMBNAIL_SIDE = 360
CHUNK_MAX = 1024 * 1024  # bytes of one piece of an upload
OPEN_UPLOADS_MAX = 20  # of one account
DAY_BYTES_MAX = 300 * 1024 * 1024  # of one account in 24 hours
NAME_MAX = 100

# The only kinds that are opened, by their first bytes.
IMAGES = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}

# What is not taken is named, so that the sentence tells people what they chose.
NAMES: Mapping[str, Text] = {
    "program": {"zh": "可执行程序", "en": "a program"},
    "zip": {"zh": "压缩包或 Office 文档", "en": "an archive or an Office document"},
    "office": {"zh": "旧版 Office 文档", "en": "an old Office document"},
    "gif": {"zh": "GIF 动图", "en": "a GIF picture"},
    "tiff": {"zh": "TIFF 图片", "en": "a TIFF picture"},
    "bmp": {"zh": "BMP 图片", "en": "a BMP picture"},
    "video": {"zh": "视频", "en": "a video"},
    "page": {"zh": "网页或脚本", "en": "a web page or a script"},
}

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"%PDF-", "pdf"),
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"\xcf\xfa\xed\xfe", "program"),
    (b"#!", "program"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"Rar!", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "zip"),
    (b"\x1f\x8b", "zip"),
    (b"BZh", "zip"),
    (b"\xfd7zXZ", "zip"),
    (b"\xd0\xcf\x11\xe0", "office"),
    (b"GIF8", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"BM", "bmp"),
    (b"\x1aE\xdf\xa3", "video"),
)
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"}
# The end record of a zip archive: 22 bytes and a comment whose length it names.
_ZIP_END, _ZIP_END_BYTES, _ZIP_COMMENT_MAX = b"PK\x05\x06", 22, 65_535


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A file as it is kept: decoded and written anew, with nothing in it but what is seen."""

    kind: str
    media_type: str
    content: bytes
    thumbnail: bytes | None
    pages: int
    width: int
    height: int


def kind_of(content: bytes) -> str:
    """Return what `content` is by its first bytes: a key of IMAGES, "pdf", "heic", or a key of NAMES."""
    for start, kind in _STARTS:
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[4:8] == b"ftyp":
        return "heic" if content[8:12] in _HEIC_BRANDS else "video"
    head = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype", b"<html", b"<svg", b"<?xml", b"<?php", b"<script")):
        return "page"
    return "other"


def is_double(content: bytes, kind: str) -> bool:
    """Say whether a photo or PDF is at the same time an archive, another document or a web page."""
    if kind != "pdf" and b"%PDF-" in content[:1024]:
        return True
    head = content[:1024].lower()
    if any(mark in head for mark in (b"<script", b"<?php", b"<html", b"#!/bin/")):
        return True
    return _ends_as_zip(content)


def _ends_as_zip(content: bytes) -> bool:
    at = content.rfind(_ZIP_END, max(0, len(content) - _ZIP_END_BYTES - _ZIP_COMMENT_MAX))
    if at < 0 or at + _ZIP_END_BYTES > len(content):
        return False
    # "Offset of the central directory" must lie within the file, else the four letters stand there by chance.
    size, start, comment = struct.unpack_from("<IIH", content, at + 12)
    return bool(at + _ZIP_END_BYTES + comment <= len(content) and size <= at and start <= at)


def clean_name(name: str) -> str:
    """Return a file's name without folders and without characters that are not seen."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C")
    seen = seen.strip(" .") or "file"
    stem, dot, ending = seen.rpartition(".")
    if len(seen) > NAME_MAX and dot and len(ending) <= 5:
        return f"{stem[: NAME_MAX - len(ending) - 1]}.{ending}"
    return seen[:NAME_MAX]
