"""When a hold was lengthened for a check of identity."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("booking", "0001_initial")]
    operations = [migrations.AddField("visit", "prolonged_at", models.DateTimeField(null=True))]
