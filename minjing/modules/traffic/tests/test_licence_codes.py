"""The electronic licence: new each minute, checked by the key alone, honest about clocks and replays."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from minjing.modules.traffic import signing
from minjing.modules.traffic.rules.licence_codes import Shown, WrongCode, checked, left_s, made, step_at

NOW = datetime(2026, 11, 26, 2, 0, 30, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
TOOL = Path(__file__).parents[4] / "tools" / "check_licence.py"


def verify(signature, data):
    return signing.verify_with(KEY.public_key(), signature, data)


def code(now=NOW, status="valid"):
    return made(Shown("林*夫", "C1", date(2030, 6, 1), status, step_at(now)), KEY.sign)


def test_a_code_of_this_minute_is_believed_and_says_no_more_than_it_must():
    shown = checked(f"https://example.org/open/check-licence/#{code()}", verify, NOW)
    assert (shown.name, shown.classes, shown.status) == ("林*夫", "C1", "valid")
    assert len(code()) < 300


@pytest.mark.parametrize(
    ("later_s", "reason"), [(0, ""), (29, ""), (60, ""), (89, ""), (90, "old"), (3600, "old"), (-31, "early")]
)
def test_old_codes_and_wrong_clocks_are_said_to_be_so(later_s, reason):
    later = NOW + timedelta(seconds=later_s)
    if not reason:
        assert checked(code(), verify, later).step == step_at(NOW)
        return
    with pytest.raises(WrongCode) as wrong:
        checked(code(), verify, later)
    assert wrong.value.reason == reason


def test_the_code_changes_each_minute():
    assert code(NOW) != code(NOW + timedelta(seconds=left_s(NOW)))


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_is_believed(place, by):
    text = code()
    at = place % len(text)
    changed = text[:at] + chr((ord(text[at]) + by) % 128) + text[at + 1 :]
    if changed.strip() != text:
        with pytest.raises(WrongCode):
            checked(changed, verify, NOW)


@given(st.text(max_size=60))
def test_whatever_is_pasted_is_refused_in_words(text):
    with pytest.raises(WrongCode):
        checked(text, verify, NOW)


def test_another_key_is_not_believed():
    with pytest.raises(WrongCode, match="signature"):
        checked(code(), lambda s, d: signing.verify_with(Ed25519PrivateKey.generate().public_key(), s, d), NOW)


@pytest.mark.parametrize(
    ("text", "after_s", "says"),
    [
        (code(), 0, "GENUINE AND IN FORCE"),
        (code(status="suspended"), 0, "NOT IN FORCE"),
        (code(), 600, "NOT OF THIS MINUTE"),
        (code()[:-4] + "AAAA", 0, "NOT ACCEPTED"),
    ],
)
def test_the_offline_tool_says_the_same(tmp_path, text, after_s, says):
    import base64

    key = tmp_path / "key.txt"
    key.write_text(base64.b64encode(KEY.public_key().public_bytes_raw()).decode() + "\n")
    at = str(NOW.timestamp() + after_s)
    done = subprocess.run(
        [sys.executable, TOOL, "--key", key, "--at", at, text], capture_output=True, text=True, check=False
    )
    assert says in done.stdout
    assert (done.returncode == 0) == (says == "GENUINE AND IN FORCE")
