"""What a migration keeps for its undo has the way back too: as it is now, in the matters that can still be undone."""

from django.db import migrations, models

AS_IT_IS = """
UPDATE matters_migratedmatter kept SET from_back_to = m.back_to
  FROM matters_matter m WHERE m.id = kept.matter_id AND m.ver = kept.seq AND m.back_to <> ''
"""


class Migration(migrations.Migration):
    dependencies = [("matters", "0008_queues_by_index")]

    operations = [
        migrations.AddField(
            model_name="migratedmatter",
            name="from_back_to",
            field=models.CharField(blank=True, default="", max_length=30),
            preserve_default=False,
        ),
        migrations.RunSQL(AS_IT_IS, migrations.RunSQL.noop),
    ]
