"""Opens one untrusted file and writes it anew. Run as a program of its own, under limits, with nothing to steal.

Standard library, Pillow and pikepdf only: it is started without Django, without the environment and its keys.
stdin: the file. argv: JSON {format, pixels_max, side_max, thumbnail_side, pages_max, memory_mb, cpu_s}.
stdout: a line of JSON, {fault, …} or {pages, width, height, content: bytes, thumbnail: bytes}; then the bytes.
"""

import io
import json
import resource
import sys
from typing import Any

MB = 1024 * 1024
OBJECTS_MAX = 50_000
DEPTH_MAX = 60
QUALITY, THUMBNAIL_QUALITY = 90, 80

# Actions that reach outside the page or run something, ISO 32000-1 §12.6.4.
ACTIONS = {
    "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition", "/Movie", "/Sound",
    "/RichMediaExecute", "/ResetForm", "/Hide", "/SetOCGState", "/Trans", "/GoTo3DView", "/URI",
}  # fmt: skip
# Annotations that carry files or players, §12.5.6.
ANNOTATIONS = {"/FileAttachment", "/RichMedia", "/Movie", "/Screen", "/3D", "/Sound", "/PrinterMark", "/TrapNet"}
KEYS = ("/JS", "/AA", "/OpenAction", "/EF", "/EmbeddedFiles", "/JavaScript", "/XFA", "/AF", "/URI", "/Collection")
# What says who made the file, where and when, is not needed to read it.
ROOT_KEYS = ("/Metadata", "/PieceInfo", "/URI", "/Perms", "/Legal", "/Extensions")


class Fault(Exception):
    """The file is not taken: the key of a reason, with its facts."""

    def __init__(self, key: str, **facts: Any) -> None:
        super().__init__(key)
        self.said = {"fault": key, **facts}


def main() -> None:
    """Clean one file from stdin to stdout."""
    ask = json.loads(sys.argv[1])
    _limit(ask)
    try:
        said, parts = _clean(sys.stdin.buffer.read(), ask)
    except Fault as fault:
        said, parts = fault.said, []
    except (MemoryError, RecursionError):
        said, parts = {"fault": "too_complex"}, []
    out = sys.stdout.buffer
    out.write(json.dumps(said).encode() + b"\n")
    for part in parts:
        out.write(part)
    out.flush()


def _limit(ask: dict[str, Any]) -> None:
    memory = ask["memory_mb"] * MB
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (ask["cpu_s"], ask["cpu_s"] + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _clean(content: bytes, ask: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    if ask["format"] == "PDF":
        return _pdf(content, ask)
    return _image(content, ask)


def _image(content: bytes, ask: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # the size is checked right here, before anything is decoded
    try:
        with Image.open(io.BytesIO(content), formats=(ask["format"],)) as image:
            width, height = image.size
            if width * height > ask["pixels_max"]:
                raise Fault("too_many_pixels", width=width, height=height)
            if width < 8 or height < 8:
                raise Fault("broken")
            side = ask["side_max"]
            image.draft("RGB", (side, side))  # a JPEG is decoded at a fraction of its size where that is enough
            image.load()
            image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)  # first, to copy little
            picture = _flat(ImageOps.exif_transpose(image))
            kept = _jpeg(picture, QUALITY)
            picture.thumbnail((ask["thumbnail_side"],) * 2, Image.Resampling.LANCZOS)
            small = _jpeg(picture, THUMBNAIL_QUALITY)
    except UnidentifiedImageError:
        raise Fault("broken") from None
    except (OSError, ValueError, SyntaxError, IndexError, TypeError, EOFError, KeyError):
        raise Fault("broken") from None
    with Image.open(io.BytesIO(kept), formats=("JPEG",)) as seen:
        width, height = seen.size
    said = {"pages": 1, "width": width, "height": height, "content": len(kept), "thumbnail": len(small)}
    return said, [kept, small]


def _flat(picture: Any) -> Any:
    """Return the picture in RGB on white, without profile, comment or location."""
    from PIL import Image

    if picture.mode.startswith("I") or picture.mode == "F":
        picture = picture.convert("L")
    if "A" in picture.mode or "transparency" in picture.info:
        over = picture.convert("RGBA")
        under = Image.new("RGB", over.size, "white")
        under.paste(over, mask=over.getchannel("A"))
        return under
    plain = picture.convert("RGB")
    plain.info.clear()
    return plain


def _jpeg(picture: Any, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True, exif=b"", icc_profile=None, comment=b"")
    return out.getvalue()


def _pdf(content: bytes, ask: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(content), attempt_recovery=True, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                raise Fault("locked")
            pages = len(pdf.pages)
            if pages == 0:
                raise Fault("broken")
            if pages > ask["pages_max"]:
                raise Fault("too_many_pages")
            if len(pdf.objects) > OBJECTS_MAX:
                raise Fault("too_complex")
            _strip(pdf)
            out = io.BytesIO()
            pdf.remove_unreferenced_resources()
            pdf.save(
                out,
                linearize=False,
                object_stream_mode=pikepdf.ObjectStreamMode.generate,
                stream_decode_level=pikepdf.StreamDecodeLevel.none,
                deterministic_id=True,
                fix_metadata_version=False,
            )
    except pikepdf.PasswordError:
        raise Fault("locked") from None
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RuntimeError):
        raise Fault("broken") from None
    kept = out.getvalue()
    return {"pages": pages, "width": 0, "height": 0, "content": len(kept), "thumbnail": 0}, [kept]


def _strip(pdf: Any) -> None:
    """Take out all that acts, reaches out or carries other files, and what tells of the maker."""
    import pikepdf

    for key in ROOT_KEYS:
        if key in pdf.Root:
            del pdf.Root[key]
    if "/Info" in pdf.trailer:
        del pdf.trailer["/Info"]
    for thing in pdf.objects:
        if isinstance(thing, (pikepdf.Dictionary, pikepdf.Stream, pikepdf.Array)):
            _disarm(thing, 0)


def _disarm(thing: Any, depth: int) -> None:
    import pikepdf

    if depth > DEPTH_MAX:
        raise Fault("too_complex")
    if isinstance(thing, pikepdf.Array):
        for item in _direct(list(thing)):
            _disarm(item, depth + 1)
        return
    for key in KEYS:
        if key in thing:
            del thing[key]
    if str(thing.get("/S", "")) in ACTIONS and str(thing.get("/Type", "/Action")) == "/Action":
        for key in list(thing.keys()):
            del thing[key]
        thing["/S"] = pikepdf.Name("/None")
    if str(thing.get("/Subtype", "")) in ANNOTATIONS:
        thing["/Subtype"] = pikepdf.Name("/Text")
    for item in _direct([thing[key] for key in list(thing.keys())]):
        _disarm(item, depth + 1)


def _direct(items: list[Any]) -> list[Any]:
    """Return the containers written in place; those with a number of their own are met by themselves."""
    import pikepdf

    return [i for i in items if isinstance(i, (pikepdf.Dictionary, pikepdf.Array)) and not i.is_indirect]


if __name__ == "__main__":
    main()
