"""Tracks and held messages are sealed: a mission ends where somebody lives who is ill."""

from django.db import migrations, models
from django.db.models import Q

from minjing.kernel.identity.sealing import conceal_bytes


def seal(apps, schema_editor):
    """Seal what stands there in the clear."""
    for part in apps.get_model("traffic", "TrackPart").objects.all().iterator():
        part.fixes_sealed = conceal_bytes("traffic.tracks", bytes(part.fixes_sealed))
        part.save(update_fields=["fixes_sealed"])
    for batch in apps.get_model("traffic", "Batch").objects.filter(message_sealed__isnull=False):
        batch.message_sealed = conceal_bytes("traffic.messages", bytes(batch.message_sealed))
        batch.save(update_fields=["message_sealed"])


class Migration(migrations.Migration):
    dependencies = [("traffic", "0062_studies_calls")]
    operations = [
        migrations.RemoveConstraint("batch", "traffic_batch_held"),
        migrations.RenameField("batch", "message", "message_sealed"),
        migrations.RenameField("trackpart", "fixes", "fixes_sealed"),
        migrations.AddConstraint(
            "batch",
            models.CheckConstraint(
                name="traffic_batch_held", condition=~Q(state="held") | Q(message_sealed__isnull=False)
            ),
        ),
        migrations.RunPython(seal, migrations.RunPython.noop),
    ]
