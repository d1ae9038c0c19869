"""What is sealed opens only with its own key, in its own place, unchanged."""

from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minjing.kernel.identity import sealing
from minjing.kernel.identity.errors import Erased
from minjing.kernel.identity.models import PersonKey

HERE = "household_member.name"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(text=st.text(max_size=200))
def test_it_opens_as_it_was(lin: UUID, text: str) -> None:
    assert sealing.unseal(lin, HERE, sealing.seal(lin, HERE, text)).decode() == text


def test_the_same_text_looks_different_each_time(lin: UUID) -> None:
    assert sealing.seal(lin, HERE, "林") != sealing.seal(lin, HERE, "林")


def test_a_value_moved_to_another_column_does_not_open(lin: UUID) -> None:
    with pytest.raises(sealing.Tampered):
        sealing.unseal(lin, "household_member.work", sealing.seal(lin, HERE, "林"))


def test_a_value_moved_to_another_person_does_not_open(lin: UUID, ou: UUID) -> None:
    with pytest.raises(sealing.Tampered):
        sealing.unseal(ou, HERE, sealing.seal(lin, HERE, "林"))


def test_no_byte_can_be_changed(lin: UUID) -> None:
    blob = sealing.seal(lin, HERE, "林小满")
    for place in range(len(blob)):
        changed = bytearray(blob)
        changed[place] ^= 1
        with pytest.raises(sealing.Tampered):
            sealing.unseal(lin, HERE, bytes(changed))


def test_a_key_moved_to_another_person_does_not_unwrap(lin: UUID, ou: UUID) -> None:
    wrapped = PersonKey.objects.get(pk=lin).wrapped
    PersonKey.objects.filter(pk=ou).update(wrapped=wrapped)
    sealing.forget(ou)
    with pytest.raises(sealing.Tampered):
        sealing.seal(ou, HERE, "欧")


def test_many_open_with_one_query_and_the_erased_are_none(lin: UUID, ou: UUID, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    sealed = [(lin, HERE, sealing.seal(lin, HERE, "林")), (ou, HERE, sealing.seal(ou, HERE, "欧"))] * 20
    PersonKey.objects.filter(pk=ou).delete()
    sealing.forget(lin)
    sealing.forget(ou)
    with django_assert_num_queries(1):
        opened = sealing.unseal_many(sealed)
    assert opened == [b"\xe6\x9e\x97", None] * 20


def test_a_deleted_key_seals_and_opens_nothing(lin: UUID) -> None:
    blob = sealing.seal(lin, HERE, "林")
    PersonKey.objects.filter(pk=lin).delete()
    sealing.forget(lin)
    with pytest.raises(Erased):
        sealing.unseal(lin, HERE, blob)
    with pytest.raises(Erased):
        sealing.seal(lin, HERE, "林")


def test_an_erasure_in_another_process_is_noticed(lin: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = sealing.seal(lin, HERE, "林")
    PersonKey.objects.filter(pk=lin).delete()
    monkeypatch.setattr(sealing, "CACHE_S", -1.0)
    with pytest.raises(Erased):
        sealing.unseal(lin, HERE, blob)


def test_the_cache_of_keys_has_a_limit(lin: UUID, ou: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "CACHE_SIZE", 1)
    for owner in (lin, ou, lin):
        sealing.forget(owner)
        sealing.seal(owner, HERE, "x")
    assert len(sealing._cache) == 1


def test_the_database_holds_no_name_and_no_number(lin: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p::text, k::text FROM identity_person p JOIN identity_personkey k ON k.owner_id = p.id"
        )
        text = str(cursor.fetchall())
    for secret in ("林小满", "19900308"):
        assert secret not in text
        assert secret.encode().hex() not in text


def test_blind_indexes_of_different_kinds_differ() -> None:
    assert sealing.blind_index("phone", "1") != sealing.blind_index("name", "1")
    assert sealing.blind_index("phone", "1") == sealing.blind_index("phone", "1")
    assert len(sealing.blind_index("phone", "1")) == 32


def test_what_is_concealed_opens_for_its_purpose_only() -> None:
    concealed = sealing.conceal("session.phone", "13800000000")
    assert sealing.reveal("session.phone", concealed) == "13800000000"
    for purpose, value in (("session.totp", concealed), ("session.phone", "nonsense")):
        with pytest.raises(sealing.Tampered):
            sealing.reveal(purpose, value)
