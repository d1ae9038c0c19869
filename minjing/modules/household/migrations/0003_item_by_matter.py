"""What a matter wrote is found by the matter, when it is corrected."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("household", "0002_birth_certificates")]
    operations = [
        migrations.AddIndex(
            "item",
            models.Index(
                condition=models.Q(("matter_id__isnull", False)), fields=["matter_id"], name="item_by_matter"
            ),
        ),
    ]
