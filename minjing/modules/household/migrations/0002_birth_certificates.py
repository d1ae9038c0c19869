"""The certificate that a birth was entered under is kept as a blind index: the same child is not entered twice."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0001_initial"), ("household", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="BirthCertificate",
            fields=[
                ("number_index", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("matter_id", models.UUIDField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="identity.person"
                    ),
                ),
            ],
        ),
    ]
