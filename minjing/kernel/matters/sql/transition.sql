-- One transition of one matter, whole: the request is noted, the matter moves if it is as the asker saw it,
-- the event, the ledger entry, the child tasks, the notices and their jobs are added. No row comes back when
-- somebody else was first or the request has had its effect already; then nothing has been written.
WITH request AS (
    INSERT INTO matters_request (id, matter_id, seq, at)
    VALUES (%(request_id)s, %(id)s, %(seq)s, %(now)s)
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), moved AS (
    UPDATE matters_matter SET
        ver = ver + 1,
        unit_id = %(unit_id)s, state = %(state)s, post = %(post)s,
        due_at = %(due_at)s, due_provisional = %(due_provisional)s, yellow_at = %(yellow_at)s,
        step_since = %(step_since)s, paused_since = %(paused_since)s, pause_reason = %(pause_reason)s,
        lapses_at = %(lapses_at)s, claimed_by = %(claimed_by)s, claimed_at = %(claimed_at)s,
        acts = %(acts)s, open_tasks = %(open_tasks)s, extension_days = %(extension_days)s,
        asked = %(asked)s, asked_days = %(asked_days)s, back_to = %(back_to)s,
        outcome = %(outcome)s, closed_at = %(closed_at)s, procedure_id = %(procedure_id)s,
        answers_sealed = COALESCE(%(answers_sealed)s, answers_sealed),
        subject_index = COALESCE(%(subject_index)s, subject_index)
    WHERE id = %(id)s AND ver = %(ver)s AND EXISTS (SELECT FROM request)
    RETURNING id, org_id, number, account_id
), event AS (
    INSERT INTO matters_matterevent (matter_id, seq, at, org_id, action, from_state, to_state, actor_kind,
        actor_id, post, unit_id, request_id, note_sealed, detail, entry_id)
    SELECT id, %(seq)s, %(now)s, org_id, %(action)s, %(from_state)s, %(state)s, %(actor_kind)s,
        %(actor_id)s, %(acting_post)s, %(acting_unit)s, %(request_id)s, %(note_sealed)s, %(detail)s, %(entry_id)s
    FROM moved
), entry AS (
    INSERT INTO ledger_outbox (id, kind, org_id, at, subject_id, salt, payload, commitment)
    SELECT %(entry_id)s, %(entry_kind)s, org_id, %(now)s, %(person_id)s, %(salt)s, %(payload)s, %(commitment)s
    FROM moved
), task AS (
    INSERT INTO matters_task (id, org_id, matter_id, kind, unit_id, post, opened_at, due_at, result)
    SELECT t.id, moved.org_id, moved.id, t.kind, t.unit_id, t.post, %(now)s, t.due_at, ''
    FROM moved, jsonb_to_recordset(%(tasks)s)
        AS t(id uuid, kind text, unit_id integer, post text, due_at timestamptz)
), notice AS (
    INSERT INTO notify_message (id, org_id, account_id, template, params, text_zh, text_en, matter_id, channel,
        dedupe, state, attempts, next_at, created_at)
    SELECT n.id, moved.org_id, moved.account_id, n.template, '{}',
        replace(n.text_zh, '{number}', moved.number), replace(n.text_en, '{number}', moved.number),
        moved.id, n.channel, n.dedupe, n.state, 0, %(now)s, %(now)s
    FROM moved, jsonb_to_recordset(%(notices)s)
        AS n(id uuid, template text, text_zh text, text_en text, channel text, dedupe text, state text)
), job AS (
    INSERT INTO procrastinate_jobs (queue_name, task_name, args)
    SELECT j.queue_name, j.task_name, j.args
    FROM moved, jsonb_to_recordset(%(jobs)s) AS j(queue_name text, task_name text, args jsonb)
)
SELECT id FROM moved
