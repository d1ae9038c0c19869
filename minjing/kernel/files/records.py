"""What files keeps of its acts beside the ledger, for the monitor: SQL and the disk, nothing is opened."""

import hashlib
from collections.abc import Mapping
from typing import Any

from minjing.kernel.files.places import blob_path
from minjing.kernel.watch.replay import Record, Words


def on_the_disk(facts: Mapping[str, Any], stated: Mapping[str, Any]) -> Words | None:
    """Compare a file's blob, sealed as it lies there, with what the entry states; None where it fits."""
    if "kept" not in stated:
        return None
    try:
        data = blob_path(bytes.fromhex(stated["content"])).read_bytes()
    except FileNotFoundError:
        return "的文件内容不见了。", "has lost its content."
    if hashlib.sha256(data).hexdigest() != stated["kept"]:
        return "的文件内容被换过。", "does not hold the content it was sent with: it was swapped."
    return None


# A row may go by a discard, so an entry without a row is no fault here.
FILES = Record(
    name="files_file",
    ids="SELECT id FROM files_file WHERE id > %(after)s ORDER BY id LIMIT %(limit)s",
    newest="SELECT id FROM files_file ORDER BY id DESC LIMIT %(limit)s",
    rows="""
        SELECT NULL::uuid, id, format('files_file %%s', id), created_at,
            jsonb_build_object('file', id, 'kind', kind, 'size', received, 'content', encode(content_index, 'hex'))
        FROM files_file WHERE id = ANY(%(keys)s)
    """,
    kinds=("files:file:stored",),
    key="file",
    look=on_the_disk,
)
