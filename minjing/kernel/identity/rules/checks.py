"""What a check of a person may lead to: whose card it is, what a step says, how long things last; pure."""

from collections.abc import Mapping
from datetime import timedelta

from minjing.base import idnumber, names

# 平台规则: time for two photos and a form; for the steps of the challenge; until an officer has looked.
FILLING_LASTS = timedelta(hours=1)
AT_MACHINE_LASTS = timedelta(minutes=5)  # from the last step at a machine in a hall; then its pictures are swept
CHALLENGE_LASTS = timedelta(minutes=3)
WAITING_LASTS = timedelta(days=7)
COUNTER_LASTS = timedelta(minutes=30)
OBJECTION_LASTS = timedelta(hours=24)  # 平台规则: the old phone may object so long
TRIES = 3  # of the machine in one check; then an officer compares

MACHINE, OFFICER, COUNTER = "machine", "officer", "counter"
SAME, DIFFERENT, CANNOT_TELL = "same", "different", "cannot_tell"
VERDICTS = (SAME, DIFFERENT, CANNOT_TELL)

# The steps asked for before the camera, as the reading engine names them.
STEPS: Mapping[str, Mapping[str, str]] = {
    "left": {"zh": "把头转向您的左边", "en": "turn your head to your left"},
    "right": {"zh": "把头转向您的右边", "en": "turn your head to your right"},
    "closer": {"zh": "靠近镜头，让脸明显变大", "en": "come closer, so that your face is clearly larger"},
}

OUTCOMES: Mapping[str, Mapping[str, str]] = {
    SAME: {"zh": "核验通过。", "en": "You have been checked."},
    DIFFERENT: {
        "zh": "民警对照后认为照片与证件不是同一人，核验未通过。如有异议，请带身份证到派出所窗口当面核验。",
        "en": "An officer compared the photos and holds them for two people. If you object, bring your card to the "
        "counter of a police station.",
    },
    CANNOT_TELL: {
        "zh": "照片看不清，民警无法判断。请在亮处重拍，或带身份证到派出所窗口当面核验。",
        "en": "The photos are not clear enough for the officer to tell. Take them again in good light, or bring your "
        "card to the counter of a police station.",
    },
    "other_card": {
        "zh": "这张身份证不是本账号实名登记的人的。请用您本人的身份证。",
        "en": "This is not the card of the person whom this account belongs to. Use your own card.",
    },
    "expired_card": {
        "zh": "这张身份证已过有效期，不能用来核验。请先换领新证；急用请到派出所窗口。",
        "en": "This card has expired and cannot be used. Renew it first; if it is urgent, ask at a police station.",
    },
    "not_alive": {
        "zh": "登记库的记录与此不符，请到派出所窗口办理。",
        "en": "This does not agree with the register; please come to a police station.",
    },
    "lapsed": {
        "zh": "这次核验已超过时限，照片已删除。请重新开始。",
        "en": "This check took too long; the photos have been deleted. Please begin again.",
    },
    "given_up": {"zh": "您已放弃这次核验，照片已删除。", "en": "You gave this check up; the photos are deleted."},
}


PAPERS: Mapping[str, Mapping[str, str]] = {
    SAME: {"zh": "材料已由民警确认。", "en": "An officer has confirmed your papers."},
    DIFFERENT: {
        "zh": "民警没有确认这份材料。如有异议，请带原件到派出所窗口。",
        "en": "An officer did not confirm the papers. If you object, bring the originals to a police station.",
    },
    CANNOT_TELL: {
        "zh": "材料看不清，请重新拍照提交，或带原件到派出所窗口。",
        "en": "The papers cannot be read: photograph them again, or bring the originals to a police station.",
    },
}


def whose_card(fields: Mapping[str, str], *, name: str, id_number: str) -> str:
    """Return "" when the card is that person's, otherwise the outcome that refuses it.

    The number decides; a name counts as another only where it could be read as a name at all, since the register
    may have changed it after the card was made only together with a new card.
    """
    if idnumber.normalise(fields.get("id_number", "")) != id_number:
        return "other_card"
    try:
        said = names.parse(fields.get("name", ""))
    except names.WrongName:
        return "other_card"
    return "" if said == names.parse(name) else "other_card"
