"""1,000 requests for codes to one phone: how many texts go out, and how its owner stops them."""

from datetime import timedelta

import pytest

from minjing.kernel.identity import actions, limits
from minjing.kernel.identity.errors import TooMany, Wrong
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.tests.conftest import NOW, Phone

VICTIM = "13800138000"


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr(plugs, "text_phone", lambda phone, text, language, now: sent.append(text["zh"]))
    return sent


def ask(n: int, at=NOW) -> bool:
    """Ask once, from a network address of one's own; say whether it was taken."""
    try:
        actions.send_code(VICTIM, at + timedelta(seconds=n), address=f"10.{n // 250}.{n % 250}.1")
    except TooMany:
        return False
    return True


def test_of_1000_requests_from_1000_places_thirty_texts_go_out_and_the_owner_is_told_once(
    db: None, phone: Phone, texts: list[str]
) -> None:
    taken = sum(ask(n) for n in range(1_000))
    assert taken == len(phone.codes) == limits.CODE_PHONE.count == 30
    assert len(texts) == 1
    assert "/sign-in/stop/" in texts[0]


def test_the_owner_stops_them_with_the_word_and_the_asker_learns_nothing(
    db: None, phone: Phone, texts: list[str]
) -> None:
    assert all(ask(n) for n in range(5))
    word = texts[0].split("停发口令 ")[1][:6]
    with pytest.raises(Wrong):
        actions.stop_codes(VICTIM, "AAAAAA", address="10.9.9.9", now=NOW)
    actions.stop_codes(VICTIM, word.lower(), address="10.9.9.9", now=NOW)
    assert ask(100)  # the answer is the same
    assert len(phone.codes) == 5  # and nothing goes out
    actions.let_codes_go(VICTIM, word, address="10.9.9.9", now=NOW)
    assert ask(200)
    assert len(phone.codes) == 6


def test_a_stop_is_over_after_a_day_and_words_are_not_for_guessing(db: None, phone: Phone, texts: list[str]) -> None:
    assert all(ask(n) for n in range(5))
    word = texts[0].split("停发口令 ")[1][:6]
    actions.stop_codes(VICTIM, word, address="10.9.9.9", now=NOW)
    assert ask(1, NOW + timedelta(hours=25))
    assert len(phone.codes) == 6
    for n in range(limits.STOP.count - 1):
        with pytest.raises(Wrong):
            actions.stop_codes(VICTIM, f"AAAAA{n}", address="10.9.9.9", now=NOW)
    with pytest.raises(TooMany):
        actions.stop_codes(VICTIM, word, address="10.9.9.9", now=NOW)


def test_who_uses_their_codes_is_told_nothing(db: None, phone: Phone, texts: list[str]) -> None:
    for n in range(8):
        at = NOW + timedelta(minutes=n)
        handle = actions.send_code(VICTIM, at, address=f"10.0.0.{n}")
        actions.sign_in_by_code(VICTIM, phone.codes[-1][1], at, handle=handle)
    assert texts == []
