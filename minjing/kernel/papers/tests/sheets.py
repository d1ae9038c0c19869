"""A paper to print, as the tests need it."""

from datetime import UTC, datetime, timedelta

from minjing.kernel.papers.typeset import Sheet

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
RARE_NAME = "欧阳㛃𬭎鿍"


def sheet(name=RARE_NAME, **changes):
    values = {
        "kind": "move_in_permit",
        "title": {"zh": "准予迁入证明", "en": "Permit to move in"},
        "number": "深公户〔2026〕04000123号",
        "matter_number": "HZ04260000123",
        "code": "004" + "ABCD" * 7 + "Z",
        "check_url": "https://example.org/open/check/",
        "facts": [({"zh": "姓名", "en": "Name"}, name), ({"zh": "迁移原因", "en": "Reason"}, "夫妻投靠")],
        "bureau": {"zh": "深圳市公安局", "en": "Shenzhen Public Security Bureau"},
        "unit": {"zh": "深圳市公安局南山分局", "en": "Nanshan Branch"},
        "issued_at": NOW,
        "valid_until": NOW + timedelta(days=40),
        "demo": True,
    }
    return Sheet(**(values | changes))
