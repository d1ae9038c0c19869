"""A paper stands in the index of its draft or of its matter, not in both with nothing to find."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("matters", "0005_mandates")]

    operations = [
        migrations.RemoveIndex(model_name="material", name="matters_mat_matter__8808d7_idx"),
        migrations.RemoveIndex(model_name="material", name="matters_mat_draft_i_e0f58b_idx"),
        migrations.AddIndex(
            model_name="material",
            index=models.Index(
                fields=["matter_id"], condition=Q(matter_id__isnull=False), name="material_by_matter"
            ),
        ),
        migrations.AddIndex(
            model_name="material",
            index=models.Index(fields=["draft_id"], condition=Q(draft_id__isnull=False), name="material_by_draft"),
        ),
    ]
