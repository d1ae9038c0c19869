"""Why traffic refuses: sentences for people, in both languages."""

from collections.abc import Mapping

from minjing.modules.traffic.rules.plates import WrongPlate

PLATE_WORDS = {
    "empty": ("请填写号牌号码。", "Enter the plate number."),
    "province": (
        "号牌第一位应是省份简称，例如“粤”。",
        "A plate begins with the character of its province, such as 粤.",
    ),
    "length": (
        "号牌位数不对：普通号牌 7 位，新能源号牌 8 位。",
        "The length is wrong: 7 characters for ordinary plates, 8 for new-energy plates.",
    ),
    "letter": (
        "号牌没有字母 I 和 O，请看看是不是数字 1 和 0。",
        "Plates have no letters I and O; are these the digits 1 and 0?",
    ),
    "office": ("号牌第二位应是发牌机关的字母。", "The second character is the letter of the office."),
    "signs": ("没有这样排列的号牌，请核对。", "No plate is written like this; look again."),
}


class Unknown(Exception):
    """There is no such row in the registers."""


def plate_words(wrong: WrongPlate) -> dict[str, str]:
    """Return the sentence for a wrong plate in both languages."""
    zh, en = PLATE_WORDS[wrong.reason]
    return {"zh": zh, "en": en}


class Refused(Exception):
    """An act on a violation is not possible: `key` is stable, `text` says why in both languages."""

    WORDS: Mapping[str, tuple[str, str]] = {
        "own_car": (
            "这条记录涉及您本人或与您同名的车主，请由其他民警办理。",
            "This record is of your own vehicle, or of an owner of your name: another officer has to see to it.",
        ),
        "own_licence": (
            "这是您本人或与您同名的人的驾驶证，请由其他民警办理。",
            "This licence is your own, or of somebody of your name: another officer has to see to it.",
        ),
        "unknown_licence": (
            "没有这个档案编号的驾驶证，请照副页核对 12 位数字。",
            "No licence has this file number; compare the 12 digits on its second page.",
        ),
        "no_post": ("您没有审核交通违法的岗位。", "You hold no post that reviews traffic violations."),
        "same_officer": (
            "审核这条记录的民警不能决定对它的异议。",
            "Whoever reviewed the record cannot decide on the objection to it.",
        ),
        "state": ("这条记录的状态已经变化，请刷新。", "The record has changed meanwhile; look again."),
        "not_yours": ("没有找到，或与您无关。", "Not found, or not yours to see."),
        "full_points": (
            "处理后累积记分将达到 12 分，不能在线处理，请到窗口办理并参加满分学习。",
            "Your points would reach 12: this cannot be decided online. Come to the counter; study follows.",
        ),
        "suspension": (
            "这条违法涉及暂扣驾驶证，不能在线处理，请到窗口办理。",
            "This violation suspends the licence: it cannot be decided online. Come to the counter.",
        ),
        "objection": (
            "您对这条记录的异议正在核实，答复后再处理。",
            "Your objection to this record is being looked into; decide after the answer.",
        ),
        "licence": (
            "登记中没有您的有效驾驶证，不能在线处理。",
            "There is no valid licence of yours on record: it cannot be decided online.",
        ),
        "parts": (
            "罚款满 1,000 元可以分 2 至 3 期缴纳（平台规则）。",
            "Fines from ¥1,000 may be paid in 2 or 3 parts (platform rule).",
        ),
        "draws": ("今天的选号次数已用完。", "You have drawn as often as a day allows."),
        "number_gone": (
            "这个号码刚被别人选走，请另选一个。",
            "Somebody was faster: this number is gone. Choose another.",
        ),
        "study_first": (
            "学习时间还不够，或者刚考过，请稍后再考。",
            "Not enough time yet, or just tested: try later.",
        ),
        "no_violation": ("没有这个编号的违法记录。", "No violation has this number."),
        "anothers": (
            "这条违法已记在另一名驾驶人名下，请核对档案编号。",
            "This violation is another driver’s; look at the file number again.",
        ),
        "points_number": ("记分是 1 到 36 的整数。", "Points are a whole number from 1 to 36."),
        "points_known": (
            "这份决定书编号已登记过别的记分，请核对。",
            "Other points have been entered for this decision already; look at it again.",
        ),
        "answered": ("您已经答复过，答复不能更改。", "You have answered already; an answer cannot be changed."),
        "elsewhere": (
            "请填城市、决定书编号和违法日期，日期不能晚于今天。",
            "Enter city, number of the decision and day of the violation, today at the latest.",
        ),
        "no_examiner": ("您没有登记考试成绩的岗位。", "You hold no post that enters test results."),
        "own_test": (
            "这是您本人或与您同名的人的考试，请由其他民警登记。",
            "This test is your own, or of somebody of your name: another officer has to enter it.",
        ),
        "tests_missing": (
            "四项考试还没有全部合格，不能发证。",
            "Not all four tests are passed: the licence cannot be issued yet.",
        ),
        "marks": ("成绩是 0 到 100 的整数。", "Marks are a whole number from 0 to 100."),
        "result_known": ("这场考试已经登记过别的结果。", "Another result has been entered for this test already."),
        "too_early": ("考试还没有开始。", "The test has not begun yet."),
        "ceremony_early": ("宣誓领证的日子还没有到。", "The day of the ceremony has not come yet."),
        "waiver_kind": (
            "十分钟免罚只适用于一般违停，不适用于这一类违法。",
            "The ten-minute waiver is for ordinary parking violations, not for this one.",
        ),
        "waiver_late": (
            "没有在告知后十分钟内驶离的说明。",
            "Nothing says that the car was driven away within ten minutes of the notice.",
        ),
        "waiver_again": (
            "同一车辆在二十四小时内已经免罚过一次（平台规则）。",
            "This vehicle has been let off once within twenty-four hours (platform rule).",
        ),
        "unknown_ground": ("没有这种消除事由。", "There is no such ground of removal."),
        "no_draft_post": (
            "您没有起草规则的岗位，只能查看。",
            "You hold no post that drafts rules; you may look.",
        ),
        "no_sight_of_drafts": (
            "您没有查看规则草案和推演的岗位。",
            "You hold no post that sees drafts of rules and their replays.",
        ),
        "draft_title": ("请写草案名称（不超过 60 字）。", "Name the draft, in at most 60 characters."),
        "no_pack": ("没有这个规则包。", "There is no such pack of rules."),
        "draft_moved": (
            "别人刚改过这份草案，您的改动没有保存。请看过后再改。",
            "Somebody has just changed this draft; yours was not saved. Look at it and change it again.",
        ),
        "draft_period": (
            "起止日期不对：不晚于今天，最长三年。",
            "The period is wrong: no later than today, three years at most.",
        ),
        "nothing_due": ("这一期已经缴清或不用再缴。", "Nothing is due on this part any more."),
    }

    def __init__(self, key: str) -> None:
        zh, en = self.WORDS[key]
        super().__init__(f"{key}: {en}")
        self.key, self.text = key, {"zh": zh, "en": en}
