"""The photo of a document: size, background, where the head is. Nobody is recognised; an officer decides."""

from collections.abc import Sequence

from minjing.kernel.matters.plugs import Remark
from minjing.kernel.matters.schema import Text


def check(content: bytes) -> Sequence[Remark]:
    """Return what is wrong with a photo, by the reading process; what is only advice does not stop it."""
    from minjing.kernel.identity.providers import reading  # a web worker asks a process of its own

    return [Remark(Text(zh=said.zh, en=said.en), said.stops) for said in reading.check_photo(content)]
