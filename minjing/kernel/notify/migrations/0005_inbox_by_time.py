"""A reader's notices in the order of their time, which that of their ids need not be."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("notify", "0004_bell")]

    operations = [
        migrations.RemoveIndex(model_name="message", name="message_inbox"),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["account_id", "-created_at", "-id"], name="message_inbox", condition=Q(channel="in_app")
            ),
        ),
    ]
