"""Whoever stores notices rings for their delivery: a trigger does it, so that no statement can forget to.

One job for many notices instead of one each: a job costs an act five index entries, an event and two notifications,
for which PostgreSQL makes committing transactions wait for one another. Who finds a bell that has not been answered
rings no second one.
"""

from django.db import migrations, models

RING = """
CREATE INDEX notify_bell ON procrastinate_jobs (task_name)
    WHERE status = 'todo' AND task_name = 'notify.ring' AND scheduled_at IS NULL;

CREATE FUNCTION notify_ring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO procrastinate_jobs (queue_name, task_name)
    SELECT 'notify', 'notify.ring' WHERE NOT EXISTS (
        SELECT FROM procrastinate_jobs WHERE status = 'todo' AND task_name = 'notify.ring' AND scheduled_at IS NULL
    );
    RETURN NEW;
END $$;
-- What is sealed (a code) or planned already has a job of its own, at its own time and with its own priority.
CREATE TRIGGER message_rings BEFORE INSERT ON notify_message FOR EACH ROW
    WHEN (NEW.state = 'waiting' AND NEW.planned_at IS NULL AND NEW.envelope_sealed IS NULL)
    EXECUTE FUNCTION notify_ring();
"""
SILENCE = """
DROP TRIGGER message_rings ON notify_message;
DROP FUNCTION notify_ring();
DROP INDEX notify_bell;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("notify", "0003_answer_bytes"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]

    operations = [
        migrations.RunSQL(RING, SILENCE),
        # Without the second index that Django makes for prefixes of a unique word: nobody looks for them.
        migrations.AlterField(model_name="message", name="dedupe", field=models.CharField(max_length=160)),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(fields=["dedupe"], name="message_once"),
        ),
    ]
