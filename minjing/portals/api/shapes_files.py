"""The shapes of files: what was kept, and uploads in pieces."""

from uuid import UUID

from pydantic import Field

from minjing.portals.api.shapes import Shape, Typed


class FileOut(Shape):
    id: UUID
    kind: str
    size: int
    sha256: str


class BeginUploadIn(Shape):
    """A file to be sent in pieces: its name, and how many bytes it has."""

    name: Typed = Field("", max_length=300)
    size: int = Field(ge=0, le=2**40)
    purpose: Typed = Field("", max_length=60)


class UploadOut(Shape):
    """An upload under way: the next piece begins at `offset` and has at most `chunk` bytes."""

    id: UUID
    offset: int
    chunk: int
