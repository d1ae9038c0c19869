"""Marked data walks through a whole matter: afterwards no column, log or file holds it in the clear."""

import logging

import pytest
from django.db import connection

from minjing.base.ids import new_id
from minjing.kernel.files import actions as files
from minjing.kernel.identity import actions as identity
from minjing.kernel.matters import actions, queries
from minjing.kernel.matters.tests.conftest import ANSWERS, city, scan  # noqa: F401 - the small world
from minjing.kernel.matters.tests.test_actions import act
from minjing.kernel.matters.tests.world import CHEN, LIN, LUO, MONDAY

pytestmark = pytest.mark.django_db
PHONE, SPOUSE, NOTE, WORDS, NAME = "13912345678", ANSWERS["spouse_id"], "金丝雀甲", "金丝雀乙", "金丝雀丙"
CANARIES = (PHONE, SPOUSE, NOTE, WORDS, NAME, "林晓夫", "440304199001010011", "金丝雀")


def walk() -> None:
    """Take Lin's matter from the door to the rating, with a canary wherever a person writes or sends something."""
    handle = identity.send_code(PHONE, MONDAY)
    with pytest.raises(Exception, match=r"code|验证码"):
        identity.sign_in_by_code(PHONE, "000000", MONDAY, handle=handle)
    with pytest.raises(files.Refused):
        files.store(b"MZ no image", by=LIN, owner_person=LIN.person_id, name=f"{NAME}.jpg", now=MONDAY)
    draft = actions.draft("HZ9901", by=LIN, now=MONDAY)
    actions.save_page(draft.id, "spouse", {"spouse_id": SPOUSE, "married_on": "bad"}, by=LIN, now=MONDAY)
    actions.stash(draft.id, "spouse", {"spouse_id": NAME}, now=MONDAY)
    matter = actions.submit_whole(
        "HZ9901", ANSWERS, by=LIN, now=MONDAY, request_id=new_id(), materials={"marriage_certificate": [scan()]}
    )
    queries.answers(matter, CHEN, MONDAY)
    matter = act(act(matter, "claim", CHEN), "ask_supplement", CHEN, note=NOTE, materials=["marriage_certificate"])
    matter = act(matter, "supplement", LIN, files={"marriage_certificate": [scan(shade=3)]}, reason=NAME, note=NOTE)
    matter = act(act(matter, "claim", CHEN), "recommend", CHEN, note=NOTE)
    matter = act(act(matter, "claim", LUO), "approve", LUO, note=NOTE, materials=[NAME])
    actions.rate(matter.id, 5, words=WORDS, by=LIN, now=MONDAY)


def everything() -> list[tuple[str, str]]:
    """Return every text, JSON and bytes value of the database with its column."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY')"
        )
        found = []
        for table, column, kind in cursor.fetchall():
            value = f"encode(\"{column}\", 'hex')" if kind == "bytea" else f'"{column}"::text'
            cursor.execute(f'SELECT {value} FROM "{table}" WHERE "{column}" IS NOT NULL')
            for (text,) in cursor.fetchall():
                plain = bytes.fromhex(text).decode("utf-8", "ignore") if kind == "bytea" else text
                found.append((f"{table}.{column}", plain))
        return found


def test_no_column_no_log_and_no_file_holds_a_canary(city, caplog, settings, tmp_path):  # noqa: F811
    settings.FILES_DIR = tmp_path / "files"
    with caplog.at_level(logging.DEBUG):
        walk()
    columns = everything()
    assert any("HZ04260000001" in text for _, text in columns)  # the search finds what is there
    for canary in CANARIES:
        assert [column for column, text in columns if canary in text] == []
        assert not [record for record in caplog.records if canary in record.getMessage() and "sql" not in dir(record)]
    kept = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert kept
    assert not any(b"\x89PNG" in path.read_bytes() or b"\xff\xd8\xff" in path.read_bytes() for path in kept)
