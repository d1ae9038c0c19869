-- Refuses a statement as a whole: raised where a slot has no room, so that nothing of the statement stays.
CREATE FUNCTION booking_full() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RAISE EXCEPTION 'no room' USING ERRCODE = 'BK001';
END $$;
-- Slots and visits are updated often and in place.
ALTER TABLE booking_slot SET (fillfactor = 50);
ALTER TABLE booking_visit SET (fillfactor = 85);
-- A visit is ended, never deleted.
CREATE FUNCTION booking_visit_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'visits are never deleted';
END $$;
CREATE TRIGGER visit_is_kept BEFORE DELETE ON booking_visit FOR EACH ROW EXECUTE FUNCTION booking_visit_is_kept();
