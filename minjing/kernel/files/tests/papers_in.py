"""Files as people send them, good and bad, made here byte by byte."""

import io
import struct
import zipfile
import zlib

import pikepdf
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base


def photo(width=1200, height=800, form="JPEG", *, colour=(180, 40, 30), turned=False, gps=False) -> bytes:
    """Return a photo whose upper left corner is blue; with a location and a turn where asked."""
    image = Image.new("RGB", (width, height), colour)
    image.paste((20, 60, 200), (0, 0, width // 4, height // 4))
    exif = Image.Exif()
    if turned:
        exif[Base.Orientation] = 6  # the camera was held upright: turn by 90° to the right to see it so
    if gps:
        exif[Base.Make] = "PhoneMaker"
        place = exif.get_ifd(IFD.GPSInfo)
        place[GPS.GPSLatitudeRef], place[GPS.GPSLatitude] = "N", (22.0, 32.0, 36.0)
        place[GPS.GPSLongitudeRef], place[GPS.GPSLongitude] = "E", (114.0, 3.0, 21.0)
    out = io.BytesIO()
    image.save(out, form, exif=exif)
    return out.getvalue()


def see_through() -> bytes:
    """Return a PNG with an alpha channel."""
    out = io.BytesIO()
    Image.new("RGBA", (300, 200), (255, 0, 0, 0)).save(out, "PNG")
    return out.getvalue()


def huge_png(side=30_000) -> bytes:
    """Return a PNG of side × side pixels in a few kilobytes of compressed zeros."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    squeeze = zlib.compressobj(9)
    line = b"\0" * (1 + (side + 7) // 8)
    rows = b"".join(squeeze.compress(line) for _ in range(side)) + squeeze.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def huge_jpeg(side=30_000) -> bytes:
    """Return a small JPEG whose header claims side × side pixels."""
    data = bytearray(photo(64, 64))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", side, side)
    return bytes(data)


def zip_bomb(mb=200) -> bytes:
    """Return an archive that unpacks to `mb` megabytes of zeros."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb, bomb.open("0", "w") as inside:
        for _ in range(mb):
            inside.write(bytes(1024 * 1024))
    return out.getvalue()


def program() -> bytes:
    """Return the beginning of a Windows program."""
    return b"MZ\x90\x00\x03\x00\x00\x00" + bytes(56) + b"PE\x00\x00" + bytes(2000)


def heic() -> bytes:
    """Return the beginning of a HEIC photo."""
    return struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(500)


def picture_and_archive() -> bytes:
    """Return a JPEG with a whole archive behind it."""
    out = io.BytesIO(photo())
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("payload.js", "alert(1)")
    return out.getvalue()


def pdf(pages=1, **save) -> bytes:
    """Return a plain PDF."""
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page(page_size=(595, 842))
        out = io.BytesIO()
        document.save(out, **save)
        return out.getvalue()


def armed_pdf() -> bytes:
    """Return a PDF with all that a PDF should not bring: scripts, a launch, a link, files, a form that submits."""
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(595, 842))
        script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('evil-script')")
        launch = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="evil-program.exe", Next=script)
        link = pikepdf.Dictionary(S=pikepdf.Name.URI, URI="http://evil.example/")
        document.Root.OpenAction = script
        document.Root.AA = pikepdf.Dictionary(WC=script)
        document.Root.AcroForm = pikepdf.Dictionary(XFA=pikepdf.String("evil-form"), Fields=pikepdf.Array())
        document.attachments["evil.exe"] = pikepdf.AttachedFileSpec(document, b"MZ evil-attachment")
        page = document.pages[0].obj
        page.AA = pikepdf.Dictionary(O=script)
        page.Annots = pikepdf.Array(
            [
                document.make_indirect(
                    pikepdf.Dictionary(
                        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=pikepdf.Array([0, 0, 9, 9]), A=action
                    )
                )
                for action in (launch, link, document.make_indirect(script))
            ]
        )
        document.docinfo["/Author"] = "a name that nobody needs"
        out = io.BytesIO()
        document.save(out)
        return out.getvalue()


def locked_pdf(user="secret") -> bytes:
    """Return a PDF behind a password; with an empty one it opens, but is encrypted all the same."""
    return pdf(encryption=pikepdf.Encryption(owner="owner", user=user))


def swollen_pdf(mb=1500) -> bytes:
    """Return a PDF whose one object stream unpacks to `mb` megabytes: it must be unpacked to be read at all."""
    block = b" " * (1024 * 1024)
    offsets = (0, 40, 90)
    head = " ".join(f"{n} {at}" for n, at in zip((4, 5, 6), offsets, strict=True)).encode().ljust(32)
    tail = b"<</Type/Catalog/Pages 5 0 R>>".ljust(40) + b"<</Type/Pages/Count 1/Kids[6 0 R]>>".ljust(50)
    tail += b"<</Type/Page/Parent 5 0 R/MediaBox[0 0 9 9]>>"
    # One squeezed block repeated: a full flush lets it stand for itself.
    squeeze = zlib.compressobj(9, wbits=-15)
    squeeze.compress(b" ")
    squeeze.flush(zlib.Z_FULL_FLUSH)
    block_squeezed = squeeze.compress(block) + squeeze.flush(zlib.Z_FULL_FLUSH)
    ends = zlib.compressobj(9, wbits=-15)
    start = ends.compress(head) + ends.flush(zlib.Z_FULL_FLUSH)
    end = ends.compress(tail) + ends.flush()
    check = zlib.adler32(head)
    for _ in range(mb):
        check = zlib.adler32(block, check)
    body = b"\x78\xda" + start + block_squeezed * mb + end + struct.pack(">I", zlib.adler32(tail, check))
    out = bytearray(b"%PDF-1.5\n")
    stream_at = len(out)
    first = len(head) + mb * 1024 * 1024
    out += f"1 0 obj\n<</Type/ObjStm/N 3/First {first}/Filter/FlateDecode/Length {len(body)}>>\nstream\n".encode()
    out += body + b"\nendstream\nendobj\n"
    table_at = len(out)
    rows = struct.pack(">BIB", 0, 0, 255) + struct.pack(">BIB", 1, stream_at, 0) + struct.pack(">BIB", 1, table_at, 0)
    rows += struct.pack(">BIB", 0, 0, 255) + b"".join(struct.pack(">BIB", 2, 1, place) for place in range(3))
    table = zlib.compress(rows)
    out += f"2 0 obj\n<</Type/XRef/Size 7/W[1 4 1]/Root 4 0 R/Filter/FlateDecode/Length {len(table)}>>\n".encode()
    out += b"stream\n" + table + f"\nendstream\nendobj\nstartxref\n{table_at}\n%%EOF\n".encode()
    return bytes(out)
