-- What happened to a document is appended and never rewritten.
CREATE OR REPLACE FUNCTION exit_entry_history_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of a document stays' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER exit_entry_change_stays BEFORE UPDATE OR DELETE ON exit_entry_documentchange
    FOR EACH ROW EXECUTE FUNCTION exit_entry_history_stays();

-- A document that was cancelled or lost is never valid again (护照法 art. 16), and changes neither holder nor kind.
CREATE OR REPLACE FUNCTION exit_entry_document_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.person_id <> NEW.person_id OR OLD.kind <> NEW.kind
        OR OLD.state = 'cancelled' AND NEW.state <> 'cancelled'
        OR OLD.state = 'lost' AND NEW.state NOT IN ('lost', 'cancelled')
        OR NEW.state = 'being_made' AND OLD.state <> 'being_made' THEN
        RAISE EXCEPTION 'a document does not come back' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER exit_entry_document_stays BEFORE UPDATE ON exit_entry_document
    FOR EACH ROW EXECUTE FUNCTION exit_entry_document_stays();
