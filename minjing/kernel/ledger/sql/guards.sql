-- A net under mistakes, not a wall against the owner of the database: what an insider does by switching these
-- off is found by `minjing ledger verify` and by everyone who holds an older checkpoint.

CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Test databases are emptied between tests; their connections say so (see conftest.py).
    IF TG_OP = 'TRUNCATE' AND current_setting('minjing.scratch', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'The ledger only grows: % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION ledger_outbox_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    purpose text := current_setting('minjing.ledger', true);
BEGIN
    -- An erasure (actions.erase_person) empties the private columns and names its own entry; nothing else moves.
    IF purpose = 'erase' AND OLD.erased_by IS NULL AND NEW.erased_by IS NOT NULL
        AND (NEW.id, NEW.kind, NEW.org_id, NEW.at, NEW.commitment, NEW.xid, NEW.seq)
          = (OLD.id, OLD.kind, OLD.org_id, OLD.at, OLD.commitment, OLD.xid, OLD.seq) THEN
        RETURN NEW;
    END IF;
    -- A move to another cluster (actions.adopt) renumbers the transactions and touches nothing else.
    IF purpose = 'adopt'
        AND (NEW.id, NEW.kind, NEW.org_id, NEW.at, NEW.commitment, NEW.seq)
          = (OLD.id, OLD.kind, OLD.org_id, OLD.at, OLD.commitment, OLD.seq)
        AND (NEW.subject_id, NEW.salt, NEW.payload, NEW.erased_by)
          IS NOT DISTINCT FROM (OLD.subject_id, OLD.salt, OLD.payload, OLD.erased_by) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The ledger only grows: UPDATE on ledger_outbox is refused.'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION ledger_tile_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A tile may be filled to the right; what it held stays where it was.
    IF (NEW.level, NEW.n) = (OLD.level, OLD.n) AND NEW.width > OLD.width
        AND substring(NEW.hashes FOR octet_length(OLD.hashes)) = OLD.hashes THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The ledger only grows: tile %/% may not change.', OLD.level, OLD.n
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION ledger_state_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.size > OLD.size OR (current_setting('minjing.ledger', true) = 'adopt'
        AND (NEW.size, NEW.root) = (OLD.size, OLD.root)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The ledger only grows: its size may not go from % to %.', OLD.size, NEW.size
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER ledger_outbox_kept BEFORE DELETE ON ledger_outbox FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_outbox_whole BEFORE TRUNCATE ON ledger_outbox EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_outbox_fixed BEFORE UPDATE ON ledger_outbox
    FOR EACH ROW EXECUTE FUNCTION ledger_outbox_guard();

CREATE TRIGGER ledger_entry_kept BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_entry_whole BEFORE TRUNCATE ON ledger_entry EXECUTE FUNCTION ledger_refuse();

CREATE TRIGGER ledger_tile_kept BEFORE DELETE ON ledger_tile FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_tile_whole BEFORE TRUNCATE ON ledger_tile EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_tile_grows BEFORE UPDATE ON ledger_tile FOR EACH ROW EXECUTE FUNCTION ledger_tile_guard();

CREATE TRIGGER ledger_state_kept BEFORE DELETE ON ledger_state FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_state_whole BEFORE TRUNCATE ON ledger_state EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_state_grows BEFORE UPDATE ON ledger_state FOR EACH ROW EXECUTE FUNCTION ledger_state_guard();

CREATE TRIGGER ledger_checkpoint_kept BEFORE UPDATE OR DELETE ON ledger_checkpoint
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_checkpoint_whole BEFORE TRUNCATE ON ledger_checkpoint EXECUTE FUNCTION ledger_refuse();
