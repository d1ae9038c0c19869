"""A fee paid on a phone at each of the three cashiers, from the pay page to the recorded payment."""

import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.house import ROOT, House, wait_for
from tests.journeys.conftest import PHONE, say_who, session_of, shoot, sign_in_resident
from tests.people import newcomer

AGENT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
OWE = """
import sys, django
django.setup()
from datetime import timedelta
from django.db import transaction
from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.identity import queries
from minjing.kernel.identity.models import Unit
from minjing.kernel.pay.actions.orders import open_order
from minjing.kernel.pay.rules.amounts import Item
actor = queries.actor_of(sys.argv[1], now())
unit = Unit.objects.order_by("id").first()
item = Item("fee", {"zh": "普通护照工本费", "en": "Passport fee"}, 12000, {"law": "平台规则", "confidence": "C"})
with transaction.atomic():
  order = open_order(
    subject=new_id(), subject_number="CR00000000001", title={"zh": "普通护照换发", "en": "Passport renewal"},
    account_id=actor.account_id, person_id=actor.person_id, org_id=0, unit_id=unit.id, items=[item], waivers=[],
    by=actor, now=now(), expires_at=now() + timedelta(hours=2),
)
print(order.id)
"""


def owe(house: House, account_id: str) -> str:
    """Open an order for the account, as a submission does; return its id."""
    environment = house.environment | {
        "DATABASE_URL": house.database,
        "DJANGO_SETTINGS_MODULE": "minjing.site.settings",
    }
    said = subprocess.run(
        [sys.executable, "-c", OWE, account_id], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=90
    )
    assert said.returncode == 0, said.stderr[-2000:]
    return said.stdout.split()[-1]


@pytest.fixture(scope="module")
def payer(house: House, browse):
    """A resident on a phone, and the id of their account."""
    page = browse(PHONE, user_agent=AGENT).new_page()
    who = newcomer("苏缴费")
    sign_in_resident(page, house, who.phone)
    say_who(page, who)
    return page, session_of(page, house)[0]


@pytest.mark.parametrize("channel", ["wechat_h5", "alipay_wap", "unionpay"])
def test_a_fee_is_paid_at_the_cashier(house: House, payer, channel):
    page, account_id = payer
    order_id = owe(house, account_id)
    page.goto(f"/pay/{order_id}/")
    shoot(page, f"pay-{channel}-page")
    page.locator(f"button.way[value={channel}]").click()
    page.wait_for_url("**/cashier/**")
    expect(page.get_by_text("演示收银台，不会扣款")).to_be_visible()
    expect(page.get_by_text("¥120.00")).to_be_visible()
    shoot(page, f"pay-{channel}-cashier")
    page.get_by_role("button", name="模拟支付失败").click()
    expect(page.get_by_role("alert")).to_contain_text("余额不足")
    page.get_by_role("button", name="确认支付").click()
    expect(page.get_by_text("支付成功")).to_be_visible()
    page.get_by_text("返回商户").click()
    page.wait_for_url(f"{house.url}/pay/**")
    paid = "SELECT c.fen, c.channel FROM pay_capture c WHERE c.order_id = %s"
    rows = wait_for(lambda: house.rows(paid, [order_id]), "the payment was not recorded")
    assert rows == [(12_000, channel)]
    page.goto(f"/pay/{order_id}/")
    expect(page.locator("main")).to_contain_text("已缴")
    shoot(page, f"pay-{channel}-paid")
