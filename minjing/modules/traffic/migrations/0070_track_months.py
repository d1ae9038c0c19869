"""Tracks by month: a month that is over is dropped as one table."""

from django.db import migrations

from minjing.modules.traffic import sql

STAYS = sql.read("tracks_stay.sql")


class Migration(migrations.Migration):
    dependencies = [("traffic", "0069_parking_notice")]
    operations = [
        migrations.RunSQL(sql.read("track_months.sql") + STAYS, sql.read("track_whole.sql") + STAYS),
    ]
