"""The WeChat app around a page: its name in the user agent, and the bridge by which a page asks it for a payment.

Real WeChat shows a window of its own and sends the six signed fields to WeChat Pay, which checks them; so does this,
over HTTP to the local gateway, as the WeChat of one person.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin

import httpx
from playwright.sync_api import BrowserContext

from minjing.kernel.notify.providers.standin.wechat_people import openid_of

AGENT = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 "
    "Mobile Safari/537.36 MicroMessenger/8.0.49.2685(0x28003153) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN"
)
# The bridge comes after the page, as WeChat's does: pages must wait for it.
BRIDGE = """
addEventListener("load", () => setTimeout(() => {
  window.WeixinJSBridge = {
    invoke: async (name, fields, done) => done({ err_msg: await window.wechatApp(name, fields) }),
  };
  document.dispatchEvent(new Event("WeixinJSBridgeReady"));
}, 50));
"""


@dataclass
class WeChatApp:
    """One person's WeChat: what its pay window showed, and what the person does there next."""

    gateway: str
    person: str
    answers: Iterator[str]  # pay, cancel
    shown: list[str] = field(default_factory=list)

    def around(self, context: BrowserContext) -> None:
        """Put the bridge into every page of the browser."""
        context.expose_function("wechatApp", self.asked)
        context.add_init_script(BRIDGE)

    def asked(self, name: str, fields: dict[str, str]) -> str:
        """Do what the app does with a call of the bridge, and return what it tells the page."""
        if name != "getBrandWCPayRequest":
            return "system:function_not_exist"
        with httpx.Client(trust_env=False, headers={"Accept-Language": "zh-CN"}) as app:
            mine = fields | {"openid": openid_of(self.person)}
            window = app.post(f"{self.gateway}/wechat/pay", data=mine, follow_redirects=True)
            if window.status_code != 200:
                self.shown.append(re.sub(r"<[^>]+>", " ", window.text.split("<body>")[-1]))
                return "get_brand_wcpay_request:fail"
            sums = re.search(r"¥[\d.]+", window.text)
            self.shown.append(sums[0] if sums else "")
            if next(self.answers) == "cancel":
                return "get_brand_wcpay_request:cancel"
            paid = app.post(urljoin(str(window.url), window.url.path), data={"act": "pay"}, follow_redirects=True)
            return f"get_brand_wcpay_request:{'ok' if '支付成功' in paid.text else 'fail'}"
