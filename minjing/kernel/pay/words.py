"""What channels, states and causes are called."""

from collections.abc import Mapping

Text = Mapping[str, str]

CHANNELS: Mapping[str, Text] = {
    "wechat_jsapi": {"zh": "微信支付", "en": "WeChat Pay"},
    "wechat_h5": {"zh": "微信支付", "en": "WeChat Pay"},
    "wechat_native": {"zh": "微信扫码支付", "en": "WeChat Pay by QR code"},
    "alipay_wap": {"zh": "支付宝", "en": "Alipay"},
    "alipay_page": {"zh": "支付宝", "en": "Alipay"},
    "unionpay": {"zh": "银联在线支付", "en": "UnionPay"},
}
HOUSES: Mapping[str, Text] = {
    "wechat": {"zh": "微信支付", "en": "WeChat Pay"},
    "alipay": {"zh": "支付宝", "en": "Alipay"},
    "unionpay": {"zh": "中国银联", "en": "UnionPay"},
}
ORDER_STATES: Mapping[str, Text] = {
    "open": {"zh": "待支付", "en": "To pay"},
    "settled": {"zh": "已缴清", "en": "Paid"},
    "expired": {"zh": "已过期", "en": "Out of time"},
    "cancelled": {"zh": "已取消", "en": "Cancelled"},
    "returned": {"zh": "已全部退回", "en": "Returned"},
}
REFUND_STATES: Mapping[str, Text] = {
    "proposed": {"zh": "等待审批", "en": "Waits for approval"},
    "due": {"zh": "正在办理退款", "en": "Being sent back"},
    "pending": {"zh": "退款途中", "en": "On its way back"},
    "done": {"zh": "已退回", "en": "Sent back"},
    "failed": {"zh": "退款未成功，由工作人员处理", "en": "It could not be sent back; an officer sees to it"},
    "rejected": {"zh": "不同意退款", "en": "Not approved"},
}
CAUSES: Mapping[str, Text] = {
    "double": {"zh": "重复支付", "en": "Paid twice"},
    "late": {"zh": "期限后支付", "en": "Paid too late"},
    "wrong_amount": {"zh": "金额不符", "en": "Another amount was taken"},
    "overpaid": {"zh": "减免后多付", "en": "Overpaid after a waiver"},
    "withdrawn": {"zh": "申请已撤回", "en": "The application was withdrawn"},
    "officer": {"zh": "经批准退费", "en": "Refund after approval"},
}


def channel_title(name: str) -> Text:
    """Return what a channel is called."""
    return CHANNELS.get(name, {"zh": name, "en": name})


def house_title(name: str) -> Text:
    """Return what a house is called."""
    return HOUSES.get(name, {"zh": name, "en": name})
