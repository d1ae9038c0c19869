-- A person is in one household at a time, also in the past: two periods of the same person never overlap.
-- (An EXCLUDE constraint would need the extension btree_gist; the house asks for PostgreSQL core only.)
CREATE OR REPLACE FUNCTION household_member_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM household_member other
        WHERE other.person_id = NEW.person_id AND other.id <> NEW.id
          AND daterange(other.since, other.until) && daterange(NEW.since, NEW.until)
    ) THEN
        RAISE EXCEPTION 'member periods of one person overlap' USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER household_member_apart BEFORE INSERT OR UPDATE OF person_id, since, until ON household_member
    FOR EACH ROW EXECUTE FUNCTION household_member_apart();

-- History is kept: a row is closed once, never reopened, moved or deleted.
CREATE OR REPLACE FUNCTION household_history_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.until IS NOT NULL OR NEW.since <> OLD.since OR NEW.person_id <> OLD.person_id THEN
        RAISE EXCEPTION 'the register keeps its history' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER household_member_stays BEFORE UPDATE OR DELETE ON household_member
    FOR EACH ROW EXECUTE FUNCTION household_history_stays();
CREATE TRIGGER household_item_stays BEFORE UPDATE OR DELETE ON household_item
    FOR EACH ROW EXECUTE FUNCTION household_history_stays();
