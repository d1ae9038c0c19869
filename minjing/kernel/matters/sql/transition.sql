-- One transition of one matter, whole: the matter moves if it is as the asker saw it; the request, the event and the
-- ledger entry are added. No row comes back when somebody else was first; then nothing has been written. A request
-- that has had its effect on another matter breaks matters_request_pkey, and nothing has been written either.
-- {moves} are the columns that change; what stands between "[ name" and "]" is left out when there is none of it
-- (sql.transition).
WITH moved AS (
    UPDATE matters_matter SET ver = ver + 1{moves}
    WHERE id = %(id)s AND ver = %(ver)s
    RETURNING id, org_id, number, account_id
), request AS (
    INSERT INTO matters_request (id, matter_id, seq, at)
    SELECT %(request_id)s, id, %(seq)s, %(now)s FROM moved
), event AS (
    INSERT INTO matters_matterevent (matter_id, seq, at, org_id, action, from_state, to_state, actor_kind,
        actor_id, post, unit_id, request_id, note_sealed, detail, entry_id)
    SELECT id, %(seq)s, %(now)s, org_id, %(action)s, %(from_state)s, %(to_state)s, %(actor_kind)s,
        %(actor_id)s, %(acting_post)s, %(acting_unit)s, %(request_id)s, %(note_sealed)s, %(detail)s, %(entry_id)s
    FROM moved
), entry AS (
    INSERT INTO ledger_outbox (id, kind, org_id, at, subject_id, actor_id, object_id, salt, payload)
    SELECT %(entry_id)s, %(entry_kind)s, org_id, %(now)s, %(person_id)s, %(entry_actor)s, id, %(salt)s, %(payload)s
    FROM moved
--[ tasks
), task AS (
    INSERT INTO matters_task (id, org_id, matter_id, kind, unit_id, post, opened_at, due_at, result)
    SELECT t.id, moved.org_id, moved.id, t.kind, t.unit_id, t.post, %(now)s, t.due_at, ''
    FROM moved, jsonb_to_recordset(%(tasks)s)
        AS t(id uuid, kind text, unit_id integer, post text, due_at timestamptz)
--]
--[ notices
), notice AS (
    INSERT INTO notify_message (id, org_id, account_id, template, params, text_zh, text_en, matter_id, channel,
        dedupe, state, attempts, next_at, created_at)
    SELECT n.id, moved.org_id, moved.account_id, n.template, '{}',
        replace(n.text_zh, '{number}', moved.number), replace(n.text_en, '{number}', moved.number),
        moved.id, n.channel, n.dedupe, n.state, 0, %(now)s, %(now)s
    FROM moved, jsonb_to_recordset(%(notices)s)
        AS n(id uuid, template text, text_zh text, text_en text, channel text, dedupe text, state text)
--]
)
SELECT id FROM moved
