"""What does not fit between our books and a house's bill, and how it may be set right: the lists are data."""

from collections.abc import Mapping

Text = Mapping[str, str]

KINDS: Mapping[str, Text] = {
    "ours_only": {"zh": "我方有、账单无", "en": "In our books, not on the bill"},
    "theirs_only": {"zh": "账单有、我方无", "en": "On the bill, not in our books"},
    "amount": {"zh": "金额不一致", "en": "The amounts differ"},
    "duplicate": {"zh": "账单重复", "en": "Twice on the bill"},
    "refund_ours_only": {"zh": "退款：我方有、账单无", "en": "Refund in our books, not on the bill"},
    "refund_theirs_only": {"zh": "退款：账单有、我方无", "en": "Refund on the bill, not in our books"},
    "refund_amount": {"zh": "退款金额不一致", "en": "The amounts of the refund differ"},
    "refund_duplicate": {"zh": "退款：账单重复", "en": "Refund twice on the bill"},
    "refund_failed": {"zh": "退款失败，钱未退出", "en": "A refund failed; the money has not gone back"},
    "notified_amount": {"zh": "通知金额与订单不符", "en": "A notification named another amount"},
    "captured_amount": {
        "zh": "实收金额与应收不符，已自动退款",
        "en": "Another amount was taken; it goes back by itself",
    },
    "captured_twice": {"zh": "一次支付被扣款两次", "en": "One attempt was charged twice"},
    "after_close": {"zh": "日结后入账", "en": "Came in after the day was closed"},
    "bad_file": {"zh": "账单文件不可用", "en": "The bill cannot be used"},
}

REASONS: Mapping[str, Text] = {
    "matched_later": {"zh": "后续账单已对上", "en": "A later bill agrees"},
    "next_day": {"zh": "跨日入账，次日账单已列", "en": "Booked on the next day"},
    "refunded": {"zh": "已原路退款", "en": "Given back the way it came"},
    "refunded_otherwise": {"zh": "已通过其他途径退还", "en": "Given back in another way"},
    "recorded": {"zh": "已补记入账", "en": "Recorded in our books"},
    "house_error": {"zh": "支付机构差错，已书面确认", "en": "A mistake of the house, confirmed in writing"},
    "our_error": {"zh": "我方差错，已更正", "en": "A mistake of ours, set right"},
    "forged": {"zh": "伪造或测试通知，无资金变动", "en": "A forged or test message; no money moved"},
}
# Reasons that the system gives by itself; an officer chooses among the others.
OWN_REASONS = ("matched_later",)
NOTE_MAX = 300
