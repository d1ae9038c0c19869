"""An officer's desk in its order; what is being decided and what waits counted by the index alone."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("matters", "0007_matter_moves")]

    operations = [
        migrations.RemoveIndex(model_name="matter", name="matter_claimed"),
        migrations.RemoveIndex(model_name="matter", name="matter_deciding"),
        migrations.RemoveIndex(model_name="matter", name="matter_paused"),
        migrations.AddIndex(
            model_name="matter",
            index=models.Index(
                fields=["claimed_by", "due_at", "id"],
                condition=Q(claimed_by__isnull=False, closed_at__isnull=True),
                name="matter_claimed",
            ),
        ),
        migrations.AddIndex(
            model_name="matter",
            index=models.Index(
                fields=["org_id", "station_id", "due_at"],
                include=["unit_id", "code", "id"],
                condition=Q(
                    post__in=("station_approver", "branch_approver", "bureau_approver"),
                    closed_at__isnull=True,
                    paused_since__isnull=True,
                ),
                name="matter_deciding",
            ),
        ),
        migrations.AddIndex(
            model_name="matter",
            index=models.Index(
                fields=["org_id", "station_id", "due_at"],
                include=["code"],
                condition=Q(closed_at__isnull=True, paused_since__isnull=False),
                name="matter_paused",
            ),
        ),
    ]
