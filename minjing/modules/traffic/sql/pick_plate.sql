-- Keeps one number for one person, or nothing: the number is free (or its hold is over), it stands in an offer made to
-- this very person that still runs, and the ledger's entry goes with it. Another hold of the same person is let go in
-- the same statement, unless it is this number.
WITH offered AS (
    SELECT id FROM traffic_plateoffer
    WHERE id = %(offer)s::uuid AND person_id = %(person)s::uuid AND expires_at > %(now)s::timestamptz
        AND plate_kind = %(kind)s AND plates @> to_jsonb(%(plate)s::text)
), wanted AS MATERIALIZED (
    SELECT n.id FROM traffic_platenumber n
    WHERE n.plate = %(plate)s AND n.plate_kind = %(kind)s AND EXISTS (SELECT 1 FROM offered)
        AND (n.state = 'free' OR n.state = 'held' AND n.held_until_at <= %(now)s::timestamptz)
    FOR UPDATE SKIP LOCKED
), let_go AS (
    UPDATE traffic_platenumber SET state = 'free', holder_person_id = NULL, held_at = NULL, held_until_at = NULL
    WHERE holder_person_id = %(person)s::uuid AND state = 'held' AND plate <> %(plate)s
        AND EXISTS (SELECT 1 FROM wanted)
    RETURNING id
), kept AS (
    UPDATE traffic_platenumber n
    SET state = 'held', holder_person_id = %(person)s::uuid, held_at = %(now)s::timestamptz,
        held_until_at = %(until)s::timestamptz
    FROM wanted WHERE n.id = wanted.id AND (SELECT count(*) FROM let_go) >= 0
    RETURNING n.plate
), entry AS (
    INSERT INTO ledger_outbox (id, kind, org_id, at, subject_id, actor_id, object_id, salt, payload)
    SELECT %(entry_id)s::uuid, %(entry_kind)s, 0, %(now)s::timestamptz, %(person)s::uuid, %(entry_actor)s::uuid,
        %(entry_object)s::uuid, %(salt)s, %(payload)s
    FROM kept
)
SELECT plate FROM kept
