"""The database itself keeps papers as they were issued."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "guards.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("papers", "0001_initial")]
    operations = [
        migrations.RunSQL(SQL, "DROP TRIGGER paper_is_kept ON papers_paper; DROP FUNCTION papers_paper_is_kept();"),
    ]
