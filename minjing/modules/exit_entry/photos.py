"""The photo of a document: size, background, where the head is. Nobody is recognised; an officer decides."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.plugs import Earlier, Remark
from minjing.kernel.matters.schema import Text
from minjing.modules.exit_entry import queries

PHOTO = "photo"
# The services in which a new photo stands for somebody who has had a document of the kind.
RENEWED: Mapping[str, str] = {"EX0003": "passport", "EX0004": "passport", "EX0007": "hk_macao", "EX0009": "taiwan"}


def check(content: bytes) -> Sequence[Remark]:
    """Return what is wrong with a photo, by the reading process; what is only advice does not stop it."""
    from minjing.kernel.identity.providers import reading  # a web worker asks a process of its own

    return [Remark(Text(zh=said.zh, en=said.en), said.stops) for said in reading.check_photo(content)]


def before(person_id: UUID, code: str, matter_id: UUID) -> Earlier | None:
    """Return the photo that the last document of the kind was made with; None where it came from elsewhere."""
    if code not in RENEWED:
        return None
    made_by = queries.last_made_by(person_id, RENEWED[code], matter_id)
    file_id = matters.paper_of(made_by, PHOTO) if made_by else None
    if file_id is None:
        return None
    return Earlier(PHOTO, Text(zh="上一证件的照片", en="The photo of the last document"), file_id)
