"""When a notice is tried again."""

from datetime import UTC, datetime, timedelta

from minjing.kernel.notify.rules import BACK_OFF, SMS_CHARS_MAX, code_text, dedupe_key, next_try

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def test_each_wait_is_longer_than_the_one_before_and_all_together_last_about_two_days():
    assert list(BACK_OFF) == sorted(BACK_OFF)
    assert timedelta(hours=46) < sum(BACK_OFF, timedelta()) <= timedelta(hours=48)


def test_after_the_last_wait_the_notice_is_given_up():
    assert next_try(len(BACK_OFF), NOW) == NOW + BACK_OFF[-1]
    assert next_try(len(BACK_OFF) + 1, NOW) is None


def test_a_provider_that_asks_for_a_longer_wait_is_given_it_within_reason():
    assert next_try(1, NOW, timedelta(minutes=5)) == NOW + timedelta(minutes=5)
    assert next_try(1, NOW, timedelta(days=30)) == NOW + BACK_OFF[-1]


def test_the_same_step_is_told_once_in_each_channel():
    assert dedupe_key("m", 3, "asked", "sms") == dedupe_key("m", 3, "asked", "sms")
    assert len({dedupe_key("m", s, t, c) for s in (3, 4) for t in ("a", "b") for c in ("sms", "in_app")}) == 8


def test_a_code_comes_in_both_languages_and_fits_a_message():
    text = code_text("482910", 10)
    assert all("482910" in words and "10" in words and len(words) < SMS_CHARS_MAX for words in text.values())
