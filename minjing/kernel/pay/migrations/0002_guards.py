"""The database itself keeps the books."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "guards.sql").read_text(encoding="utf-8")
BACK = """
DROP VIEW pay_balance;
DROP FUNCTION pay_refuse, pay_capture_is_kept, pay_order_is_kept, pay_refund_is_kept, pay_attempt_is_kept,
    pay_order_adds_up, pay_refunds_add_up CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("pay", "0001_initial")]
    operations = [migrations.RunSQL(SQL, BACK)]
