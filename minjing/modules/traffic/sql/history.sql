-- A state that ends is kept: the row as it was goes to the table of past states, [since, until). A change that does
-- not move `since_at` forward would rewrite what held, and is refused; so is taking a vehicle or licence off.
CREATE OR REPLACE FUNCTION traffic_vehicle_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.org_id, NEW.plate, NEW.plate_kind, NEW.use, NEW.colour, NEW.engine_number, NEW.owner_person_id,
        NEW.owner_firm, NEW.inspected_until_date, NEW.insured_until_date, NEW.mortgaged, NEW.status, NEW.since_at)
       IS NOT DISTINCT FROM
       (OLD.org_id, OLD.plate, OLD.plate_kind, OLD.use, OLD.colour, OLD.engine_number, OLD.owner_person_id,
        OLD.owner_firm, OLD.inspected_until_date, OLD.insured_until_date, OLD.mortgaged, OLD.status, OLD.since_at)
    THEN
        RETURN NEW;
    END IF;
    IF NEW.since_at <= OLD.since_at THEN
        RAISE EXCEPTION 'a vehicle changes forward in time' USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO traffic_vehiclepast (vehicle_id, until_at, org_id, plate, plate_kind, use, colour, engine_number,
        owner_person_id, owner_firm, inspected_until_date, insured_until_date, mortgaged, status, since_at)
    VALUES (OLD.id, NEW.since_at, OLD.org_id, OLD.plate, OLD.plate_kind, OLD.use, OLD.colour, OLD.engine_number,
        OLD.owner_person_id, OLD.owner_firm, OLD.inspected_until_date, OLD.insured_until_date, OLD.mortgaged,
        OLD.status, OLD.since_at);
    RETURN NEW;
END $$;

CREATE TRIGGER traffic_vehicle_keep BEFORE UPDATE ON traffic_vehicle
    FOR EACH ROW EXECUTE FUNCTION traffic_vehicle_keep();

CREATE OR REPLACE FUNCTION traffic_licence_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.person_id <> OLD.person_id OR NEW.first_issued_date <> OLD.first_issued_date THEN
        RAISE EXCEPTION 'a licence stays its holder''s' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.org_id, NEW.classes, NEW.valid_from_date, NEW.valid_until_date, NEW.probation_until_date,
        NEW.checkup_due_date, NEW.status, NEW.suspended_until_date, NEW.since_at)
       IS NOT DISTINCT FROM
       (OLD.org_id, OLD.classes, OLD.valid_from_date, OLD.valid_until_date, OLD.probation_until_date,
        OLD.checkup_due_date, OLD.status, OLD.suspended_until_date, OLD.since_at)
    THEN
        RETURN NEW;
    END IF;
    IF NEW.since_at <= OLD.since_at THEN
        RAISE EXCEPTION 'a licence changes forward in time' USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO traffic_licencepast (licence_id, until_at, org_id, classes, valid_from_date, valid_until_date,
        probation_until_date, checkup_due_date, status, suspended_until_date, since_at)
    VALUES (OLD.id, NEW.since_at, OLD.org_id, OLD.classes, OLD.valid_from_date, OLD.valid_until_date,
        OLD.probation_until_date, OLD.checkup_due_date, OLD.status, OLD.suspended_until_date, OLD.since_at);
    RETURN NEW;
END $$;

CREATE TRIGGER traffic_licence_keep BEFORE UPDATE ON traffic_licence
    FOR EACH ROW EXECUTE FUNCTION traffic_licence_keep();

CREATE OR REPLACE FUNCTION traffic_history_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the traffic registers keep what was' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER traffic_vehiclepast_stays BEFORE UPDATE OR DELETE ON traffic_vehiclepast
    FOR EACH ROW EXECUTE FUNCTION traffic_history_stays();
CREATE TRIGGER traffic_licencepast_stays BEFORE UPDATE OR DELETE ON traffic_licencepast
    FOR EACH ROW EXECUTE FUNCTION traffic_history_stays();
CREATE TRIGGER traffic_vehicle_stays BEFORE DELETE ON traffic_vehicle
    FOR EACH ROW EXECUTE FUNCTION traffic_history_stays();
CREATE TRIGGER traffic_licence_stays BEFORE DELETE ON traffic_licence
    FOR EACH ROW EXECUTE FUNCTION traffic_history_stays();
