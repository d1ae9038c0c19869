-- One submission, whole: the number is drawn, the matter, its first event, ledger entry, child tasks and
-- notices are added, the draft is closed and its materials pass to the matter. No row comes back when this draft was
-- submitted before, or where a file is named that is not the asker's own (an id is no right; files.own_among); a
-- request that was submitted before breaks matters_request_pkey. Either way nothing has been written. Parts between
-- "[ name" and "]" are left out when there is none of it (sql.composed).
WITH draft AS (
    UPDATE matters_draft SET matter_id = %(id)s
    WHERE id = %(draft_id)s AND matter_id IS NULL
    RETURNING id
), counter AS (
    INSERT INTO matters_counter (org_id, year, last)
    SELECT %(org_id)s, %(year)s, 1 WHERE (%(draft_id)s IS NULL OR EXISTS (SELECT FROM draft))
--[ files
        AND NOT EXISTS (SELECT FROM jsonb_to_recordset(%(materials)s) AS m(file_id uuid)
            WHERE m.file_id IS NOT NULL AND NOT EXISTS (SELECT FROM files_file f
                WHERE f.id = m.file_id AND f.account_id = %(actor_id)s AND f.loose_since IS NULL))
--]
    ON CONFLICT (org_id, year) DO UPDATE SET last = matters_counter.last + 1
    RETURNING last
), matter AS (
    INSERT INTO matters_matter (id, org_id, number, procedure_id, code, unit_id, station_id, state, post, ver,
        person_id, account_id, mandate_id, subject_index, answers_sealed, submitted_at, due_at, due_provisional,
        yellow_at, step_since, paused_since, pause_reason, acts, open_tasks, extension_days, asked, asked_days, back_to,
        outcome, received_at_unit)
    SELECT %(id)s, %(org_id)s, %(prefix)s || lpad(last::text, 7, '0'), %(procedure_id)s, %(code)s, %(unit_id)s,
        %(station_id)s, %(state)s, %(post)s, 1, %(person_id)s, %(account_id)s, %(mandate_id)s, %(subject_index)s,
        %(answers_sealed)s, %(now)s, %(due_at)s, %(due_provisional)s, %(yellow_at)s, %(now)s,
        %(paused_since)s::timestamptz, %(pause_reason)s, %(acts)s, %(open_tasks)s, 0, '[]', 0, %(back_to)s, '',
        %(received_at_unit)s::integer
    FROM counter
    RETURNING id, org_id, number, account_id
), request AS (
    INSERT INTO matters_request (id, matter_id, seq, at)
    SELECT %(request_id)s, id, 1, %(now)s FROM matter
), event AS (
    INSERT INTO matters_matterevent (matter_id, seq, at, org_id, action, from_state, to_state, actor_kind,
        actor_id, post, unit_id, request_id, detail, entry_id)
    SELECT id, 1, %(now)s, org_id, 'submit', '', %(state)s, %(actor_kind)s, %(actor_id)s, %(acting_post)s, %(acting_unit)s::integer,
        %(request_id)s, %(detail)s, %(entry_id)s
    FROM matter
), entry AS (
    INSERT INTO ledger_outbox (id, kind, org_id, at, subject_id, actor_id, object_id, salt, payload)
    SELECT %(entry_id)s, %(entry_kind)s, org_id, %(now)s, %(person_id)s, %(entry_actor)s, id, %(salt)s, %(payload)s
    FROM matter
--[ draft
), draft_material AS (
    UPDATE matters_material SET matter_id = %(id)s
    WHERE draft_id = %(draft_id)s AND EXISTS (SELECT FROM draft)
--]
--[ materials
), material AS (
    INSERT INTO matters_material (id, matter_id, name, file_id, held_ref, added_at)
    SELECT m.id, matter.id, m.name, m.file_id, m.held_ref, %(now)s
    FROM matter, jsonb_to_recordset(%(materials)s) AS m(id uuid, name text, file_id uuid, held_ref text)
--]
--[ tasks
), task AS (
    INSERT INTO matters_task (id, org_id, matter_id, kind, unit_id, post, opened_at, due_at, result)
    SELECT t.id, matter.org_id, matter.id, t.kind, t.unit_id, t.post, %(now)s, t.due_at, ''
    FROM matter, jsonb_to_recordset(%(tasks)s)
        AS t(id uuid, kind text, unit_id integer, post text, due_at timestamptz)
--]
--[ notices
), notice AS (
    INSERT INTO notify_message (id, org_id, account_id, template, params, text_zh, text_en, matter_id, channel,
        dedupe, state, attempts, next_at, created_at)
    SELECT n.id, matter.org_id, matter.account_id, n.template, '{}',
        replace(n.text_zh, '{number}', matter.number), replace(n.text_en, '{number}', matter.number),
        matter.id, n.channel, n.dedupe, n.state, 0, %(now)s, %(now)s
    FROM matter, jsonb_to_recordset(%(notices)s)
        AS n(id uuid, template text, text_zh text, text_en text, channel text, dedupe text, state text)
--]
)
SELECT number FROM matter
