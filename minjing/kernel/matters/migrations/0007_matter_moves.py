"""That a matter changes only by a transition is a condition of its trigger: no function is called to find it so."""

from django.db import migrations

CONDITION = """
CREATE OR REPLACE FUNCTION matters_matter_moves_by_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a matter changes only by a transition' USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER matter_moves_by_transition ON matters_matter;
CREATE TRIGGER matter_moves_by_transition BEFORE UPDATE ON matters_matter FOR EACH ROW
    WHEN (NEW.ver <> OLD.ver + 1 OR NEW.number <> OLD.number OR NEW.person_id <> OLD.person_id)
    EXECUTE FUNCTION matters_matter_moves_by_transition();
CREATE TRIGGER matter_is_kept BEFORE DELETE ON matters_matter
    FOR EACH ROW EXECUTE FUNCTION matters_matter_moves_by_transition();
"""
FUNCTION = """
DROP TRIGGER matter_is_kept ON matters_matter;
DROP TRIGGER matter_moves_by_transition ON matters_matter;
CREATE OR REPLACE FUNCTION matters_matter_moves_by_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.ver <> OLD.ver + 1 OR NEW.number <> OLD.number OR NEW.person_id <> OLD.person_id THEN
        RAISE EXCEPTION 'a matter changes only by a transition' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER matter_moves_by_transition BEFORE UPDATE OR DELETE ON matters_matter
    FOR EACH ROW EXECUTE FUNCTION matters_matter_moves_by_transition();
"""


class Migration(migrations.Migration):
    dependencies = [("matters", "0006_papers_by_owner")]

    operations = [migrations.RunSQL(CONDITION, FUNCTION)]
