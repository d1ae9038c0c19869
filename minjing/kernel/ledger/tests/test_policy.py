"""Policies: the specification's example and every rule of its text."""

from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minjing.kernel.ledger.rules.cosignature import CosignerKey
from minjing.kernel.ledger.rules.note import BadNote, Claim, Signer, claim_text
from minjing.kernel.ledger.rules.policy import BadPolicy, NotTrusted, parse_policy

LOG = Signer("ledger.example.org/ledger", bytes(32))
CLAIM = Claim(LOG.name, 70_000, bytes(range(32)))
TEXT = claim_text(CLAIM)
NAMES = ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
WITNESS = {
    name: CosignerKey(f"{name.lower()}.example/w", b"\x06" if name == "Y3" else b"\x04", bytes([i + 1]) * 32)
    for i, name in enumerate(NAMES)
}
LINES = "".join(f"witness {name} {key.verifier} https://{name}.example\n" for name, key in WITNESS.items())
# c2sp.org/tlog-policy, "Example policy", with keys.
EXAMPLE = f"""
log {LOG.verifier}

{LINES}
group X-witnesses 2 X1 X2 X3
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def cosigned(*names: str, text: str = TEXT, log: Signer = LOG) -> str:
    return log.sign(text) + "".join(WITNESS[name].cosign(text, 1_700_000_000) for name in names)


def test_the_example_of_the_specification_asks_for_two_of_the_one_and_one_of_the_other() -> None:
    policy = parse_policy(EXAMPLE)
    assert policy.need() == 3
    for count in range(len(NAMES) + 1):
        for names in combinations(NAMES, count):
            enough = sum(name[0] == "X" for name in names) >= 2 and any(name[0] == "Y" for name in names)
            assert policy.satisfied(cosigned(*names)) == policy.holds(names) == enough


def test_a_quorum_of_none_asks_for_the_log_alone() -> None:
    policy = parse_policy(f"log {LOG.verifier}\nquorum none\n")
    assert policy.check(LOG.sign(TEXT)) == CLAIM
    assert policy.need() == 0
    with pytest.raises(NotTrusted, match="No log"):
        policy.check(Signer(LOG.name, bytes(range(32))).sign(TEXT))


def test_a_log_signs_only_for_its_own_origin() -> None:
    policy = parse_policy(f"log {LOG.verifier}\nquorum none")
    other = claim_text(Claim("other.example/log", 1, bytes(32)))
    with pytest.raises(NotTrusted, match="No log"):
        policy.check(LOG.sign(other))


def test_one_witness_counts_once_however_often_it_signs() -> None:
    policy = parse_policy(EXAMPLE)
    assert not policy.satisfied(cosigned("X1", "X1", "Y1"))


def test_a_known_witness_that_lies_spoils_the_checkpoint() -> None:
    other = claim_text(Claim(LOG.name, 70_000, bytes(32)))
    lie = WITNESS["X3"].cosign(other, 1_700_000_000)
    with pytest.raises(NotTrusted, match=r"x3\.example"):
        parse_policy(EXAMPLE).check(cosigned("X1", "X2", "Y1") + lie)


def test_a_log_that_signs_with_ml_dsa_44_is_believed() -> None:
    log = CosignerKey(LOG.name, b"\x06", bytes(32))
    policy = parse_policy(f"log {log.verifier}\nquorum none")
    assert policy.check(f"{TEXT}\n{log.cosign(TEXT, 0)}") == CLAIM


def test_it_says_which_witnesses_saw_a_checkpoint_and_when() -> None:
    policy = parse_policy(EXAMPLE)
    assert policy.seen_by(cosigned("X2", "Y3")) == {"X2": 1_700_000_000, "Y3": 1_700_000_000}
    assert policy.seen_by(LOG.sign(TEXT)) == {}
    with pytest.raises(BadNote, match="does not fit"):
        policy.seen_by(LOG.sign(TEXT) + WITNESS["X1"].cosign(TEXT.replace("70000", "7"), 1))


def test_comments_tabs_and_chinese_names_are_read() -> None:
    policy = parse_policy(f"# 法院\n\t witness\t法院 {WITNESS['X1'].verifier} \n   # x\nquorum 法院")
    assert [witness.name for witness in policy.witnesses] == ["法院"]
    assert policy.holds({"法院"})
    assert not policy.holds({"K"})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("quorum X-and-Y", ""), "no quorum"),
        (lambda text: text + "quorum none\n", "one quorum line"),
        (lambda text: text.replace("quorum X-and-Y", "quorum Z"), "'Z' is not defined"),
        (lambda text: text.replace("2 X1", "4 X1"), "4 of 3"),
        (lambda text: text.replace("2 X1", "0 X1"), "any, all or a number"),
        (lambda text: text.replace("2 X1", "02 X1"), "any, all or a number"),
        (lambda text: text.replace("any Y1", "some Y1"), "any, all or a number"),
        (lambda text: text.replace("any Y1", "any X1"), "a member already"),
        (lambda text: text.replace("X1 X2 X3", "X1 X1 X3"), "a member already"),
        (lambda text: text.replace("any Y1 Y2 Y3", "any"), "no log, witness"),
        (lambda text: text.replace("any Y1", "any none"), "not defined above"),
        (lambda text: text.replace("group Y-witnesses", "group X-witnesses"), "taken"),
        (lambda text: text.replace("group Y-witnesses", "group X1"), "taken"),
        (lambda text: text.replace("group Y-witnesses", "group none"), "taken"),
        (lambda text: text.replace("witness X2", "witness X1"), "taken"),
        (lambda text: f"log {LOG.verifier}\n{text}", "log stands in the policy twice"),
        (lambda text: f"log {Signer('other', bytes(32)).verifier}\n{text}", "log stands in the policy twice"),
        (lambda text: f"witness Z {WITNESS['X1'].verifier}\n{text}", "witness stands in the policy twice"),
        (lambda text: f"witness Z {LOG.verifier}\n{text}", "kind"),
        (lambda text: f"log {WITNESS['X1'].verifier}\n{text}", "kind"),
        (lambda text: f"log {LOG.verifier} u v\n{text}", "no log, witness"),
        (lambda text: f"{text}\nmonitor x", "no log, witness"),
        (lambda text: f"{text}\x00", "control characters"),
        (lambda text: text.replace("\n", "\r\n"), "control characters"),
    ],
)
def test_a_policy_that_breaks_a_rule_is_refused_and_says_why(change: Callable[[str], str], why: str) -> None:
    assert parse_policy(EXAMPLE)
    with pytest.raises(BadPolicy, match=why):
        parse_policy(change(EXAMPLE))


@given(st.text(alphabet=st.sampled_from("log witness group quorum none any all 1 2 \n\t#X") | st.characters()))
def test_any_text_is_a_policy_or_refused(text: str) -> None:
    try:
        parse_policy(text)
    except BadPolicy:
        return
    assert "quorum" in text
