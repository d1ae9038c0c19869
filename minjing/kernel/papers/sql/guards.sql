-- A paper is what it was on the day it was issued. It may be revoked once, and then say what replaced it.
CREATE FUNCTION papers_paper_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a paper is revoked, not deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (to_jsonb(NEW) - '{state,revoked_at,revoked_by,reason,replaced_by}'::text[])
        IS DISTINCT FROM (to_jsonb(OLD) - '{state,revoked_at,revoked_by,reason,replaced_by}'::text[]) THEN
        RAISE EXCEPTION 'a paper cannot be changed: revoke it and issue another' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'revoked' AND (NEW.state, NEW.revoked_at, NEW.revoked_by, NEW.reason)
        IS DISTINCT FROM (OLD.state, OLD.revoked_at, OLD.revoked_by, OLD.reason) THEN
        RAISE EXCEPTION 'a revoked paper stays revoked' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER paper_is_kept BEFORE UPDATE OR DELETE ON papers_paper
    FOR EACH ROW EXECUTE FUNCTION papers_paper_is_kept();
