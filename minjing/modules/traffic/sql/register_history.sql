-- The smaller registers keep what ended whole: the row as it was, [since, until), under the register's name.
CREATE OR REPLACE FUNCTION traffic_register_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;
    END IF;
    IF NEW.id <> OLD.id OR NEW.since_at <= OLD.since_at THEN
        RAISE EXCEPTION 'a register changes forward in time' USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO traffic_registerpast (register, row_id, since_at, until_at, facts)
    VALUES (TG_ARGV[0], OLD.id, OLD.since_at, NEW.since_at, to_jsonb(OLD));
    RETURN NEW;
END $$;

CREATE TRIGGER traffic_accident_keep BEFORE UPDATE ON traffic_accident
    FOR EACH ROW EXECUTE FUNCTION traffic_register_keep('accident');
CREATE TRIGGER traffic_permit_keep BEFORE UPDATE ON traffic_permit
    FOR EACH ROW EXECUTE FUNCTION traffic_register_keep('permit');
CREATE TRIGGER traffic_testbooking_keep BEFORE UPDATE ON traffic_testbooking
    FOR EACH ROW EXECUTE FUNCTION traffic_register_keep('testbooking');
CREATE TRIGGER traffic_binding_keep BEFORE UPDATE ON traffic_binding
    FOR EACH ROW EXECUTE FUNCTION traffic_register_keep('binding');

CREATE TRIGGER traffic_accident_stays BEFORE DELETE ON traffic_accident
    FOR EACH ROW EXECUTE FUNCTION traffic_history_stays();
CREATE TRIGGER traffic_permit_stays BEFORE DELETE ON traffic_permit
    FOR EACH ROW EXECUTE FUNCTION traffic_history_stays();
CREATE TRIGGER traffic_testbooking_stays BEFORE DELETE ON traffic_testbooking
    FOR EACH ROW EXECUTE FUNCTION traffic_history_stays();
CREATE TRIGGER traffic_binding_stays BEFORE DELETE ON traffic_binding
    FOR EACH ROW EXECUTE FUNCTION traffic_history_stays();
CREATE TRIGGER traffic_registerpast_stays BEFORE UPDATE OR DELETE ON traffic_registerpast
    FOR EACH ROW EXECUTE FUNCTION traffic_history_stays();

-- What was signed stays as it was signed.
CREATE OR REPLACE FUNCTION traffic_party_signed_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.signed_at IS NOT NULL AND (NEW.signed_at, NEW.signed_sha256, NEW.signed_entry_id, NEW.liability, NEW.plate,
        NEW.person_id, NEW.vehicle_id) IS DISTINCT FROM (OLD.signed_at, OLD.signed_sha256, OLD.signed_entry_id,
        OLD.liability, OLD.plate, OLD.person_id, OLD.vehicle_id) THEN
        RAISE EXCEPTION 'what was signed stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER traffic_party_signed_stays BEFORE UPDATE ON traffic_accidentparty
    FOR EACH ROW EXECUTE FUNCTION traffic_party_signed_stays();
CREATE TRIGGER traffic_party_stays BEFORE DELETE ON traffic_accidentparty
    FOR EACH ROW EXECUTE FUNCTION traffic_history_stays();
