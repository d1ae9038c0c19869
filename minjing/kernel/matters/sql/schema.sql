-- Events are append-only and partitioned by month; the default partition catches what no month has yet.
CREATE TABLE matters_matterevent (
    matter_id uuid NOT NULL,
    seq integer NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    org_id smallint NOT NULL,
    action varchar(30) NOT NULL,
    from_state varchar(30) NOT NULL,
    to_state varchar(30) NOT NULL,
    actor_kind varchar(10) NOT NULL,
    actor_id uuid NOT NULL,
    post varchar(40) NOT NULL DEFAULT '',
    unit_id integer,
    request_id uuid NOT NULL,
    note_sealed bytea,
    detail jsonb NOT NULL DEFAULT '{}',
    entry_id uuid NOT NULL,
    PRIMARY KEY (matter_id, seq, at)
) PARTITION BY RANGE (at);
CREATE TABLE matters_matterevent_default PARTITION OF matters_matterevent DEFAULT;
CREATE INDEX matters_matterevent_org ON matters_matterevent (org_id, at);

CREATE FUNCTION matters_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER matterevent_append_only BEFORE UPDATE OR DELETE ON matters_matterevent
    FOR EACH ROW EXECUTE FUNCTION matters_refuse_change();

-- A published procedure keeps its body for good; only its end of validity is ever set.
CREATE FUNCTION matters_procedure_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD.code, OLD.version, OLD.sha256, OLD.valid_from, OLD.body)
        IS DISTINCT FROM (NEW.code, NEW.version, NEW.sha256, NEW.valid_from, NEW.body) THEN
        RAISE EXCEPTION 'a published procedure cannot be changed: publish a new version'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER procedure_is_immutable BEFORE UPDATE OR DELETE ON matters_procedure
    FOR EACH ROW EXECUTE FUNCTION matters_procedure_is_immutable();

-- A matter's version only ever grows: a write beside a transition is refused by the database itself.
CREATE FUNCTION matters_matter_moves_by_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.ver <> OLD.ver + 1 OR NEW.number <> OLD.number OR NEW.person_id <> OLD.person_id THEN
        RAISE EXCEPTION 'a matter changes only by a transition' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER matter_moves_by_transition BEFORE UPDATE OR DELETE ON matters_matter
    FOR EACH ROW EXECUTE FUNCTION matters_matter_moves_by_transition();
-- Matters are updated several times each: room on the page keeps the updates beside their rows.
ALTER TABLE matters_matter SET (fillfactor = 80);
