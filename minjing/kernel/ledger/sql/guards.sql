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
    -- An erasure (actions.erase_person) empties what leads to a person, once the commitment is kept; nothing else
    -- moves, so that the leaf can be shown to be the one in the tree for ever.
    IF purpose = 'erase' AND OLD.salt IS NOT NULL AND NEW.salt IS NULL
        AND (NEW.id, NEW.kind, NEW.org_id, NEW.at, NEW.xid, NEW.seq)
          = (OLD.id, OLD.kind, OLD.org_id, OLD.at, OLD.xid, OLD.seq)
        AND EXISTS (SELECT FROM ledger_erased e WHERE e.id = OLD.id AND e.commitment = sha256(ledger_frame(OLD))) THEN
        RETURN NEW;
    END IF;
    -- A move to another cluster (actions.adopt) renumbers the order and touches nothing else.
    IF purpose = 'adopt'
        AND (NEW.id, NEW.kind, NEW.org_id, NEW.at) = (OLD.id, OLD.kind, OLD.org_id, OLD.at)
        AND (NEW.subject_id, NEW.actor_id, NEW.object_id, NEW.salt, NEW.payload)
          IS NOT DISTINCT FROM (OLD.subject_id, OLD.actor_id, OLD.object_id, OLD.salt, OLD.payload) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The ledger only grows: UPDATE on ledger_outbox is refused.'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION ledger_bundle_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A bundle may be filled to the right, and its bytes may go once the public files hold them.
    IF (NEW.n, NEW.xid, NEW.seq) = (OLD.n, OLD.xid, OLD.seq) AND (
        substring(NEW.entries FOR octet_length(OLD.entries)) = OLD.entries
        OR (NEW.entries IS NULL AND current_setting('minjing.ledger', true) = 'published')) THEN
        RETURN NEW;
    END IF;
    IF NEW.n = OLD.n AND NEW.entries IS NOT DISTINCT FROM OLD.entries
        AND current_setting('minjing.ledger', true) = 'adopt' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The ledger only grows: bundle % may not change.', OLD.n
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION ledger_tile_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A full tile may go once the public files hold it; a tile may be filled to the right.
    IF TG_OP = 'DELETE' AND OLD.width = 256 AND current_setting('minjing.ledger', true) = 'published' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.level, NEW.n) = (OLD.level, OLD.n) AND NEW.width > OLD.width
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

CREATE FUNCTION ledger_checkpoint_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- What is stated about a size stays; its text is added once when it is published, and dropped when it is old.
    IF (NEW.size, NEW.root, NEW.at) = (OLD.size, OLD.root, OLD.at) AND (OLD.note IS NULL OR NEW.note IS NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The ledger only grows: the head of size % may not change.', OLD.size
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER ledger_outbox_kept BEFORE DELETE ON ledger_outbox FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_outbox_whole BEFORE TRUNCATE ON ledger_outbox EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_outbox_fixed BEFORE UPDATE ON ledger_outbox
    FOR EACH ROW EXECUTE FUNCTION ledger_outbox_guard();

CREATE TRIGGER ledger_erased_kept BEFORE UPDATE OR DELETE ON ledger_erased
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_erased_whole BEFORE TRUNCATE ON ledger_erased EXECUTE FUNCTION ledger_refuse();

CREATE TRIGGER ledger_bundle_kept BEFORE DELETE ON ledger_bundle FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_bundle_whole BEFORE TRUNCATE ON ledger_bundle EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_bundle_grows BEFORE UPDATE ON ledger_bundle
    FOR EACH ROW EXECUTE FUNCTION ledger_bundle_guard();

CREATE TRIGGER ledger_tile_whole BEFORE TRUNCATE ON ledger_tile EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_tile_grows BEFORE UPDATE OR DELETE ON ledger_tile
    FOR EACH ROW EXECUTE FUNCTION ledger_tile_guard();

CREATE TRIGGER ledger_state_kept BEFORE DELETE ON ledger_state FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_state_whole BEFORE TRUNCATE ON ledger_state EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_state_grows BEFORE UPDATE ON ledger_state FOR EACH ROW EXECUTE FUNCTION ledger_state_guard();

CREATE TRIGGER ledger_checkpoint_kept BEFORE DELETE ON ledger_checkpoint
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_checkpoint_whole BEFORE TRUNCATE ON ledger_checkpoint EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_checkpoint_fixed BEFORE UPDATE ON ledger_checkpoint
    FOR EACH ROW EXECUTE FUNCTION ledger_checkpoint_guard();
