request AS (
    INSERT INTO booking_request (id, visit_id, act, at, entry_id)
    SELECT %(request_id)s::uuid, id, %(act)s, %(now)s::timestamptz, %(entry_id)s::uuid FROM visit
), entry AS (
    INSERT INTO ledger_outbox (id, kind, org_id, at, subject_id, actor_id, object_id, salt, payload)
    SELECT %(entry_id)s::uuid, %(entry_kind)s, %(org_id)s, %(now)s::timestamptz, %(entry_subject)s::uuid,
        %(entry_actor)s::uuid, %(entry_object)s::uuid, %(salt)s, %(payload)s
    FROM visit
), notice AS (
    INSERT INTO notify_message (id, org_id, account_id, template, params, text_zh, text_en, matter_id, channel,
        dedupe, state, attempts, next_at, created_at)
    SELECT n.id, visit.org_id, visit.account_id, n.template, '{}', n.text_zh, n.text_en, NULL, n.channel, n.dedupe,
        n.state, 0, %(now)s::timestamptz, %(now)s::timestamptz
    FROM visit, jsonb_to_recordset(%(notices)s::jsonb)
        AS n(id uuid, template text, text_zh text, text_en text, channel text, dedupe text, state text)
    WHERE visit.account_id IS NOT NULL
)
