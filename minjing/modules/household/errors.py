"""Why the register refuses: sentences for people."""

from minjing.kernel.matters.plugs import EffectRefused
from minjing.kernel.matters.schema import Text
from minjing.modules.household.rules import Refusal

WORDS: dict[str, tuple[str, str]] = {
    "household_unknown": ("没有户号为 {} 的户。", "There is no household with the number {}."),
    "household_closed": ("该户已经注销，不能再登记成员。", "The household has been closed; nobody can be added."),
    "already_registered": (
        "该人员已登记在户号 {} 的户内；一人只能在一地登记。",
        "This person is registered in household {} already; a person is registered in one place only.",
    ),
    "not_registered": ("该人员目前没有在本市登记户口。", "This person is not registered in this city."),
    "parent_not_registered": (
        "孩子随其落户的父亲或母亲没有在本市登记户口。",
        "The parent whom the child follows is not registered in this city.",
    ),
    "officer_must_look": ("需要民警核对后办理。", "An officer must look at this first."),
    "was_never_registered": (
        "该人员从未在本市登记户口。",
        "This person has never been registered in this city.",
    ),
    "not_a_member": ("该人员不是这一户的成员。", "This person is not a member of that household."),
    "person_unknown": ("没有找到这个身份证号码的人员。", "Nobody with this ID number is known."),
    "name_missing": ("缺少姓名，无法登记。", "The name is missing; nobody can be registered without."),
    "birth_missing": ("缺少出生日期。", "The birth date is missing."),
    "birth_entered": (
        "这份出生证明已经办理过出生登记，一个孩子只登记一次。",
        "A birth has been entered under this certificate already; a child is entered once.",
    ),
    "birth_in_future": ("出生日期在今天之后。", "The birth lies in the future."),
    "birth_impossible": ("出生日期过早，请核对。", "The birth lies too far back; look again."),
    "day_impossible": ("日期 {} 不在出生之后、今天之前。", "The day {} does not lie between the birth and today."),
    "head_is_minor": ("户主须年满 18 周岁。", "The head of a household must be 18 or older."),
    "already_head": ("该人员已经是户主。", "This person is the head already."),
    "no_head_in_collective": ("集体户不设户主。", "A collective household has no head."),
    "name_differs": (
        "所填姓名「{}」与其公民身份号码的登记不一致，请与申请人核对。",
        "The name “{}” is not what stands in the register under its ID number; ask the applicant.",
    ),
    "not_the_head": (
        "所填户主不是该户的户主，请核对户口簿。",
        "Who is named as head is not the head of that household; look at its book.",
    ),
    "other_station": (
        "该户不属于受理此件的派出所，须由户口所在地派出所办理。",
        "The household belongs to another station than received this matter; its own station has to decide.",
    ),
    "nothing_changes": ("与现有登记内容相同，无需变更。", "The register says so already; nothing would change."),
    "changed_since": (
        "该登记内容后来又由另一件办件改动，不能按这一件更正；请另行申请变更更正。",
        "Another decision has changed the entry since; it cannot be put right here. Apply for a change of entry.",
    ),
    "same_household": ("两个户号相同。", "Both numbers name the same household."),
    "nobody_left": ("分户后原户没有成员，请改办户主变更或移居。", "Nobody would stay behind; that is no split."),
    "nobody_moves": ("没有选择分出的成员。", "Nobody was chosen to be split off."),
    "collective_not_merged": ("集体户不能并户。", "Collective households are not merged."),
    "address_missing": ("缺少落户地址或户号。", "The address or the household number is missing."),
    "unit_missing": ("缺少单位名称。", "The name of the unit is missing."),
    "item_unknown": ("登记项目「{}」不能在此变更。", "The item “{}” cannot be changed here."),
    "numbers_exhausted": ("该日期的号码已用完，请联系市局。", "No ID number is left for that day; ask the bureau."),
    "number_in_use": ("该身份证号码已被他人使用。", "The ID number is used by somebody else."),
    "meanwhile": (
        "登记内容刚刚被另一件办件改动，请刷新后核对再办。",
        "Another decision has just changed the register; look again before you decide.",
    ),
    "moved_on": (
        "该人员已不在这一户，请按现在的户籍办理。",
        "This person has moved on since; act on where they are registered now.",
    ),
    "not_cancelled": (
        "该人员的户口没有因此事由注销。",
        "This person's registration has not been cancelled for that reason.",
    ),
    "parent_too_young": (
        "父母须比子女至少年长 12 岁，请核对公民身份号码和出生日期。",
        "A parent is at least 12 years older than the child; look at the ID numbers and the day of birth again.",
    ),
    "child_not_minor": (
        "一起迁入或投靠父母的子女须未满 18 周岁，请核对公民身份号码。",
        "A child who joins or comes along is under 18; look at the ID number again.",
    ),
    "household_not_theirs": (
        "户号与所填人员不相符，或不属于所选派出所，请核对户口簿首页。",
        "This number and the persons named do not belong together, or not to the station chosen; look at the book.",
    ),
    "household_not_here": (
        "所选派出所没有这个户号，请核对户口簿首页。",
        "The station chosen has no household with this number; look at the first page of the book.",
    ),
    # What an officer should look at; nothing of it is refused.
    "birth_reported_late": (
        "出生已超过一个月才申报（户口登记条例第七条）。",
        "Reported more than a month after the birth (Household Registration Regulations, art. 7).",
    ),
    "parent_under_55": ("投靠子女的父母未满 55 周岁。", "The parent who joins a child is under 55."),
    "child_is_adult": ("投靠父母的子女已满 18 周岁。", "The child who joins a parent is 18 or older."),
    "already_cancelled": ("该人员的户口已经注销。", "This person's registration has been cancelled already."),
}


def sentence(key: str, about: str = "") -> Text:
    """Return a sentence in both languages."""
    zh, en = WORDS[key]
    return Text(zh=zh.format(about), en=en.format(about))


def refused(refusal: Refusal) -> EffectRefused:
    """Return the refusal with its sentence in both languages."""
    return EffectRefused(sentence(refusal.key, refusal.about), refusal.key)
