"""Codes of the national standards as people read them."""

from collections.abc import Mapping

# GB/T 2261.1
SEXES: Mapping[str, tuple[str, str]] = {"1": ("男", "Male"), "2": ("女", "Female")}
# GB/T 2261.2
MARITAL: Mapping[str, tuple[str, str]] = {
    "10": ("未婚", "Single"), "20": ("已婚", "Married"), "21": ("初婚", "Married"), "22": ("再婚", "Remarried"),
    "23": ("复婚", "Remarried to the former spouse"), "30": ("丧偶", "Widowed"), "40": ("离婚", "Divorced"),
    "90": ("未说明的婚姻状况", "Not stated"),
}  # fmt: skip
# GB/T 3304
ETHNICITIES: Mapping[str, tuple[str, str]] = {
    "01": ("汉族", "Han"), "02": ("蒙古族", "Mongol"), "03": ("回族", "Hui"), "04": ("藏族", "Tibetan"),
    "05": ("维吾尔族", "Uygur"), "06": ("苗族", "Miao"), "07": ("彝族", "Yi"), "08": ("壮族", "Zhuang"),
    "09": ("布依族", "Buyei"), "10": ("朝鲜族", "Korean"), "11": ("满族", "Manchu"), "12": ("侗族", "Dong"),
    "13": ("瑶族", "Yao"), "14": ("白族", "Bai"), "15": ("土家族", "Tujia"), "16": ("哈尼族", "Hani"),
    "17": ("哈萨克族", "Kazak"), "18": ("傣族", "Dai"), "19": ("黎族", "Li"), "20": ("傈僳族", "Lisu"),
    "21": ("佤族", "Va"), "22": ("畲族", "She"), "23": ("高山族", "Gaoshan"), "24": ("拉祜族", "Lahu"),
    "25": ("水族", "Sui"), "26": ("东乡族", "Dongxiang"), "27": ("纳西族", "Naxi"), "28": ("景颇族", "Jingpo"),
    "29": ("柯尔克孜族", "Kirgiz"), "30": ("土族", "Tu"), "31": ("达斡尔族", "Daur"), "32": ("仫佬族", "Mulao"),
    "33": ("羌族", "Qiang"), "34": ("布朗族", "Blang"), "35": ("撒拉族", "Salar"), "36": ("毛南族", "Maonan"),
    "37": ("仡佬族", "Gelao"), "38": ("锡伯族", "Xibe"), "39": ("阿昌族", "Achang"), "40": ("普米族", "Pumi"),
    "41": ("塔吉克族", "Tajik"), "42": ("怒族", "Nu"), "43": ("乌孜别克族", "Uzbek"), "44": ("俄罗斯族", "Russian"),
    "45": ("鄂温克族", "Ewenki"), "46": ("德昂族", "De'ang"), "47": ("保安族", "Bonan"), "48": ("裕固族", "Yugur"),
    "49": ("京族", "Gin"), "50": ("塔塔尔族", "Tatar"), "51": ("独龙族", "Derung"), "52": ("鄂伦春族", "Oroqen"),
    "53": ("赫哲族", "Hezhen"), "54": ("门巴族", "Monba"), "55": ("珞巴族", "Lhoba"), "56": ("基诺族", "Jino"),
    "97": ("其他", "Other"), "98": ("外国血统中国籍人士", "Chinese of foreign descent"),
}  # fmt: skip
STATUS: Mapping[str, tuple[str, str]] = {
    "registered": ("在册", "Registered"), "death": ("死亡注销", "Deceased"), "enlistment": ("入伍注销", "Enlisted"),
    "settled_abroad": ("出国（境）定居注销", "Settled abroad"), "duplicate": ("重复户口注销", "Duplicate entry"),
    "moved_out": ("迁出", "Moved out"),
}  # fmt: skip
# Why an entry begins or ends.
CAUSES: Mapping[str, tuple[str, str]] = {
    "death": ("死亡", "death"), "enlistment": ("参军入伍", "enlistment"),
    "settled_abroad": ("出国（境）定居", "settled abroad"), "duplicate": ("重复（虚假）户口", "duplicate entry"),
    "birth": ("出生登记", "birth"), "late_registration": ("补报出生登记", "late registration"),
    "moved_in": ("迁入", "moved in"), "moved_out": ("迁出", "moved out"), "moved": ("市内移居", "moved in the city"),
    "set_up": ("立户", "household set up"), "split": ("分户", "household split"),
    "merged": ("并户", "households merged"), "relation": ("与户主关系变更", "relation changed"),
    "corrected": ("更正", "corrected"),
    "restored": ("恢复户口", "restored"), "initial": ("建档", "first entry"),
}  # fmt: skip
# The headings of the register, in the order of the book.
ITEMS: Mapping[str, tuple[str, str]] = {
    "name": ("姓名", "Name"), "former_name": ("曾用名", "Former name"), "sex": ("性别", "Sex"),
    "birth": ("出生日期", "Date of birth"), "birth_time": ("出生时刻", "Time of birth"),
    "ethnicity": ("民族", "Ethnicity"), "id_number": ("公民身份号码", "ID number"),
    "birth_place": ("出生地", "Place of birth"), "native_place": ("籍贯", "Native place"),
    "marital": ("婚姻状况", "Marital status"), "spouse_id": ("配偶公民身份号码", "ID number of the spouse"),
    "father_id": ("父亲公民身份号码", "ID number of the father"),
    "mother_id": ("母亲公民身份号码", "ID number of the mother"), "education": ("文化程度", "Education"),
    "occupation": ("职业", "Occupation"), "employer": ("服务处所", "Employer"),
    "military": ("兵役状况", "Military service"),
    "blood": ("血型", "Blood group"), "height": ("身高", "Height"), "status": ("户籍状态", "Status"),
    "ended_on": ("注销事由发生日期", "Day of the event"), "moved_from": ("迁来地址", "Moved from"),
    "moved_to": ("迁往地址", "Moved to"),
}  # fmt: skip
_TABLES = {"sex": SEXES, "ethnicity": ETHNICITIES, "marital": MARITAL, "status": STATUS}
# What the register keeps in words, not as a code: as HZ0906 offers it.
_WORDS: Mapping[str, Mapping[str, str]] = {
    "education": {
        "研究生": "Postgraduate", "大学本科": "University degree", "大学专科": "College diploma",
        "中等职业教育": "Vocational secondary", "普通高中": "Senior secondary", "初中": "Junior secondary",
        "小学": "Primary",
    },
    "blood": {"A 型": "A", "B 型": "B", "AB 型": "AB", "O 型": "O"},
}  # fmt: skip


def title(item: str) -> tuple[str, str]:
    """Return the heading of an item in Chinese and English."""
    return ITEMS.get(item, (item, item))


def said(item: str, value: str) -> tuple[str, str]:
    """Return a value in Chinese and English; names, places and what somebody wrote freely stay as they are."""
    return _TABLES.get(item, {}).get(value) or (value, _WORDS.get(item, {}).get(value, value))


def cause(key: str) -> tuple[str, str]:
    """Return why an entry begins or ends, in Chinese and English."""
    return CAUSES.get(key, (key, key))


def shown(item: str, value: str) -> str:
    """Return a value as the register prints it: the Chinese word for a code, other values as they are."""
    return said(item, value)[0]


def sex(code: str) -> str:
    """Return the Chinese word for a code of sex."""
    return shown("sex", code)


def ethnicity(code: str) -> str:
    """Return the Chinese name of an ethnicity."""
    return shown("ethnicity", code)
