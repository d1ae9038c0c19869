"""Photos as a program sends them."""

from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def jpeg(shade: int = 120) -> bytes:
    """Return a grey picture."""
    out = BytesIO()
    Image.new("RGB", (320, 200), (shade, shade, shade)).save(out, "JPEG")
    return out.getvalue()


def photo(shade: int = 120) -> SimpleUploadedFile:
    """Return it as an uploaded file."""
    return SimpleUploadedFile("photo.jpg", jpeg(shade), "image/jpeg")
