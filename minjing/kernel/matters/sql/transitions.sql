-- The same action in many matters: transition.sql for a set of rows, each with its request, event and ledger entry.
-- Returned are the matters that moved; one that is no longer as the asker saw it is left out, with all that is its own.
-- A request that has had its effect on another matter breaks matters_request_pkey, and nothing has been written.
-- {moves} are the columns that change, typed by the table itself.
WITH wanted AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS w(id uuid, ver integer, request_id uuid, entry_id uuid,
        from_state text, to_state text, post text, acting_unit integer, note text, detail jsonb, salt text,
        payload text, tasks jsonb, notices jsonb)
), held AS (
    -- In the order of their ids: two bulk acts never wait for one another in a ring.
    SELECT m.id FROM matters_matter m JOIN wanted w USING (id) WHERE m.ver = w.ver ORDER BY m.id FOR UPDATE OF m
), moved AS (
    UPDATE matters_matter m SET ver = m.ver + 1{moves}
    FROM held JOIN wanted w USING (id), jsonb_populate_record(NULL::matters_matter, w.detail -> 'after') p
    WHERE m.id = held.id AND m.ver = w.ver
    RETURNING m.id, m.ver AS seq, m.org_id, m.number, m.account_id, m.person_id, w.request_id, w.entry_id,
        w.from_state, w.to_state, w.post, w.acting_unit, w.note, w.detail, w.salt, w.payload, w.tasks, w.notices
), request AS (
    INSERT INTO matters_request (id, matter_id, seq, at) SELECT request_id, id, seq, %(now)s FROM moved
), event AS (
    INSERT INTO matters_matterevent (matter_id, seq, at, org_id, action, from_state, to_state, actor_kind,
        actor_id, post, unit_id, request_id, note_sealed, detail, entry_id)
    SELECT id, seq, %(now)s, org_id, %(action)s, from_state, to_state, %(actor_kind)s,
        %(actor_id)s, post, acting_unit, request_id, decode(note, 'hex'), detail, entry_id
    FROM moved
), entry AS (
    INSERT INTO ledger_outbox (id, kind, org_id, at, subject_id, actor_id, object_id, salt, payload)
    SELECT entry_id, %(entry_kind)s, org_id, %(now)s, person_id, %(entry_actor)s, id, decode(salt, 'hex'),
        convert_to(payload, 'UTF8')
    FROM moved
--[ tasks
), task AS (
    INSERT INTO matters_task (id, org_id, matter_id, kind, unit_id, post, opened_at, due_at, result)
    SELECT t.id, moved.org_id, moved.id, t.kind, t.unit_id, t.post, %(now)s, t.due_at, ''
    FROM moved, jsonb_to_recordset(moved.tasks)
        AS t(id uuid, kind text, unit_id integer, post text, due_at timestamptz)
--]
--[ notices
), notice AS (
    INSERT INTO notify_message (id, org_id, account_id, template, params, text_zh, text_en, matter_id, channel,
        dedupe, state, attempts, next_at, created_at)
    SELECT n.id, moved.org_id, moved.account_id, n.template, '{}',
        replace(n.text_zh, '{number}', moved.number), replace(n.text_en, '{number}', moved.number),
        moved.id, n.channel, n.dedupe, n.state, 0, %(now)s, %(now)s
    FROM moved, jsonb_to_recordset(moved.notices)
        AS n(id uuid, template text, text_zh text, text_en text, channel text, dedupe text, state text)
--]
)
SELECT id FROM moved
