"""A capture names its ledger entry, for the monitor."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pay", "0003_longer_kinds")]
    operations = [migrations.AddField("capture", "entry_id", models.UUIDField(null=True))]
