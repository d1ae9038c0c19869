"""A paper as a reader draws it, and what a phone reads from the picture."""

import pypdfium2
import zxingcpp
from PIL import Image

INCH = 72  # points; the unit a page is measured in


def drawn(pdf: bytes, dpi: int = 150, page: int = 0) -> Image.Image:
    """Return a page as pdfium, the reader in Chromium, draws it."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[page].render(scale=dpi / INCH).to_pil().convert("L")
    finally:
        document.close()


def codes(picture: Image.Image) -> list[str]:
    """Return what the QR codes of a picture say."""
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    return [code.text for code in found]
