-- Parts of captures claimed where so much is left of each, the refunds that claim them, and the jobs that send those
-- that are due. Returns the captures claimed; of those that do not come back nothing has been written.
WITH part AS (
    SELECT * FROM jsonb_to_recordset(%(parts)s::jsonb) AS p(id uuid, org_id smallint, order_id uuid, capture_id uuid,
        number text, seq smallint, house text, fen integer)
), claimed AS (
    UPDATE pay_capture c SET refunding_fen = c.refunding_fen + part.fen
    FROM part WHERE c.id = part.capture_id AND c.refunding_fen <= c.fen - part.fen
    RETURNING c.id
), refund AS (
    INSERT INTO pay_refund (id, org_id, order_id, capture_id, number, seq, house, fen, cause, reason, state, asked_by,
        asked_at, decided_by, decided_at, asked, next_at)
    SELECT part.id, part.org_id, part.order_id, part.capture_id, part.number, part.seq, part.house, part.fen,
        %(cause)s, %(reason)s, %(state)s, %(by)s, %(now)s, %(decided_by)s::uuid, %(decided_at)s::timestamptz, 0,
        %(decided_at)s::timestamptz
    FROM part JOIN claimed ON claimed.id = part.capture_id
    RETURNING id
), job AS (
    INSERT INTO procrastinate_jobs (queue_name, task_name, args, queueing_lock)
    SELECT %(queue)s, %(task)s, jsonb_build_object('id', id), %(lock)s || id FROM refund WHERE %(state)s = 'due'
    ON CONFLICT DO NOTHING
)
SELECT id FROM claimed
