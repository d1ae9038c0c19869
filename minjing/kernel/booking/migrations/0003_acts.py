"""Each act on a visit names its ledger entry, for the monitor."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("booking", "0002_prolonged")]
    operations = [
        migrations.AddField("request", "entry_id", models.UUIDField(null=True)),
        migrations.AddIndex("request", models.Index(fields=["visit_id"], name="booking_request_of_visit")),
    ]
