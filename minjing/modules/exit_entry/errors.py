"""Why exit and entry refuses: sentences for people, in both languages."""

from collections.abc import Iterable, Mapping

from minjing.kernel.matters.plugs import EffectRefused
from minjing.kernel.matters.schema import Text
from minjing.modules.exit_entry.rules import Objection

WORDS: Mapping[str, tuple[str, str]] = {
    "has_one": (
        "您已有同种有效证件。快到期、损坏或遗失，请办理换发或补发。",
        "You hold a valid document of this kind. If it runs out, is damaged or lost, ask for a new one in its place.",
    ),
    "being_made": (
        "同种证件正在制作，不需要再次申请。",
        "A document of this kind is being made for you; there is no need to apply again.",
    ),
    "nothing_to_renew": (
        "没有查到您可以换发的有效证件。遗失的请办理补发，从未办过的请办理首次申请。",
        "You hold no valid document to renew. Replace a lost one; apply for a first one if you never had any.",
    ),
    "not_yet": (
        "证件还没有临近到期，自 {} 起可以按到期换发。",
        "It does not run out yet: you can renew it for that reason from {}.",
    ),
    "nothing_to_replace": (
        "没有查到您遗失的证件。从未办过或早已注销的，请办理首次申请。",
        "There is no document of yours to replace. Apply for a first one if you never had any, or it was cancelled.",
    ),
    "no_valid_passport": (
        "没有查到您的有效护照，不能加注。",
        "There is no valid passport of yours to write into.",
    ),
    "no_valid_permit": (
        "没有查到您的有效通行证，请先申请通行证（可同时申请签注）。",
        "There is no valid permit of yours. Apply for one first; the endorsement can be asked for together with it.",
    ),
    "permit_not_electronic": (
        "您的通行证是本式证件，签注只能写入电子（卡式）通行证，请先换发。",
        "Your permit is a booklet. Endorsements are written to electronic (card) permits: renew it first.",
    ),
    "no_fingerprints": (
        "您还没有留存指纹，网上不能办，请预约到窗口办理。",
        "Your fingerprints are not on file, so this cannot be done online. Book a visit to the counter.",
    ),
    "not_registered_here": (
        "这种签注限本市户籍居民办理。",
        "This is for residents whose household is registered in this city.",
    ),
    "unit_must_agree": (
        "登记备案人员须提交单位意见，网上不能办，请预约到窗口办理。",
        "For persons on the list of the registered, their unit must agree: book a visit to the counter.",
    ),
    "permit_too_short": (
        "您的通行证 {} 到期，比这种签注先到期。请选有效期短一些的签注，或先换发通行证。",
        "Your permit runs out on {}, before this endorsement would. Choose a shorter one or renew the permit first.",
    ),
    "first_time": (
        "您没有办过这一类签注。网上办理限于再次申请同类签注，请预约到窗口办理。",
        "You have not held this kind before. Online one applies again for a kind held; book a visit to the counter.",
    ),
    "not_your_number": (
        "这不是您证件的号码，请核对。",
        "This is not the number of your document; look again.",
    ),
    "not_this_destination": (
        "这种签注不能前往所选的地方。",
        "This kind of endorsement does not lead to the place chosen.",
    ),
    "not_your_child": (
        "户籍登记不能证明您是这位未满 16 周岁人员的父母，请预约后带监护证明到窗口办理。",
        "The register does not show you as a parent of this child. Book a visit and bring proof of guardianship.",
    ),
    "not_a_child": (
        "这位人员已满 16 周岁，须由本人申请。",
        "This person is 16 or older and applies for themselves.",
    ),
    "not_made": ("证件还没有做好。", "The document is not made yet."),
    "other_delivery": (
        "申请人选择的是：{}。请按申请人的选择办理。",
        "The applicant has chosen another way: {}.",
    ),
    "no_box": ("取证柜没有空格，请改由窗口发放。", "No box of the cabinet is free; hand it out at the counter."),
    "too_early": ("查询的起始日期早于可查年限（{} 年）。", "Records go back {} years only."),
    "wrong_order": ("结束日期早于开始日期。", "The last day is before the first."),
    "meanwhile": (
        "证件登记刚刚被另一件办件改动，请刷新后核对再办。",
        "Another decision has just changed the documents on record; look again before you decide.",
    ),
    "no_such_hall": ("没有这个大厅，或者那里不办这件事。", "There is no such hall, or it does not do this."),
    "in_the_past": ("这个时间已经过了，请另选。", "This time is over; choose another."),
    "officer_must_look": ("需要民警核对后办理。", "An officer must look at this first."),
}


def words(objection: Objection) -> Text:
    """Return the sentence of an objection in both languages."""
    zh, en = WORDS[objection.key]
    return Text(zh=zh.format(objection.detail), en=en.format(objection.detail))


def refused(objection: Objection) -> EffectRefused:
    """Return the refusal that keeps a decision from being taken."""
    return EffectRefused(words(objection), objection.key)


def by_field(objections: Iterable[Objection], field: str) -> dict[str, Text]:
    """Return the first sentence for each field of the form; those of no field stand at `field`."""
    found: dict[str, Text] = {}
    for objection in objections:
        found.setdefault(objection.field or field, words(objection))
    return found
