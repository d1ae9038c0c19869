-- One batch of a migration, whole: matters that nobody moved meanwhile change version and state; each gets its
-- event, its ledger entry and the row that lets it be moved back.
WITH wanted AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(vers)s::integer[], %(states)s::text[], %(posts)s::text[],
        %(units)s::integer[], %(backs)s::text[], %(details)s::jsonb[], %(entry_ids)s::uuid[], %(salts)s::bytea[],
        %(payloads)s::bytea[])
        AS w(id, ver, state, post, unit_id, back_to, detail, entry_id, salt, payload)
), before AS (
    SELECT m.id, m.state, m.post, m.unit_id, m.back_to FROM matters_matter m JOIN wanted w USING (id)
), moved AS (
    UPDATE matters_matter m SET ver = m.ver + 1, procedure_id = %(target)s, state = w.state, post = w.post,
        unit_id = w.unit_id, back_to = w.back_to
    FROM wanted w WHERE m.id = w.id AND m.ver = w.ver
    RETURNING m.id, m.org_id, m.person_id, m.ver, w.state, w.detail, w.entry_id, w.salt, w.payload
), event AS (
    INSERT INTO matters_matterevent (matter_id, seq, at, org_id, action, from_state, to_state, actor_kind,
        actor_id, request_id, detail, entry_id)
    SELECT moved.id, moved.ver, %(now)s, moved.org_id, %(action)s, before.state, moved.state, %(actor_kind)s,
        %(actor_id)s, moved.entry_id, moved.detail, moved.entry_id
    FROM moved JOIN before USING (id)
), entry AS (
    INSERT INTO ledger_outbox (id, kind, org_id, at, subject_id, actor_id, object_id, salt, payload)
    SELECT entry_id, %(entry_kind)s, org_id, %(now)s, person_id, %(entry_actor)s, id, salt, payload FROM moved
), back AS (
    INSERT INTO matters_migratedmatter (migration_id, matter_id, seq, from_state, from_post, from_unit, from_back_to)
    SELECT %(migration)s, moved.id, moved.ver, before.state, before.post, before.unit_id, before.back_to
    FROM moved JOIN before USING (id)
    WHERE %(keeps)s
)
SELECT count(*) FROM moved
