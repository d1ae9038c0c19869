"""Checks: tries and counter codes; the distance of two faces by its right name."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0003_levels")]
    operations = [
        migrations.RenameField("check", "likeness", "distance"),
        migrations.RenameField("evidence", "likeness", "distance"),
        migrations.AddField("check", "tries", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField("check", "counter_index", models.BinaryField(max_length=32, null=True)),
    ]
