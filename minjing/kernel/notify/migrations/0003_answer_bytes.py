"""The answer that is given again is sealed bytes, as everything sealed is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notify", "0002_channels")]

    operations = [
        migrations.RemoveField(model_name="heard", name="answer_sealed"),
        migrations.AddField(model_name="heard", name="answer_sealed", field=models.BinaryField(null=True)),
    ]
