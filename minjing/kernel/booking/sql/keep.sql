-- Confirms what was held: the visit stays, if nobody has taken its room away since its time was over.
WITH before AS MATERIALIZED (
    SELECT id FROM booking_visit
    WHERE id = %(id)s::uuid AND ver = %(ver)s AND state = 'held' AND held_until > %(now)s::timestamptz FOR UPDATE
), part AS (
    UPDATE booking_part p SET held_until = NULL FROM before
    WHERE p.visit_id = before.id AND p.held_until > %(now)s::timestamptz RETURNING p.slot_id
), whole AS (
    SELECT CASE WHEN count(*) = %(parts)s OR NOT EXISTS (SELECT FROM before) THEN true ELSE booking_full() END AS ok
    FROM part
), visit AS (
    UPDATE booking_visit v SET ver = ver + 1, state = 'booked', held_until = NULL, subject_id = %(subject_id)s::uuid
    FROM before, whole WHERE v.id = before.id AND whole.ok
    RETURNING v.id, v.org_id, v.account_id, v.code
), item AS (
    UPDATE booking_item i SET held_until = NULL FROM visit WHERE i.visit_id = visit.id
), wait AS (
    UPDATE booking_wait w SET state = 'taken', closed_at = %(now)s::timestamptz FROM visit
    WHERE w.visit_id = visit.id AND w.state = 'offered'
), {tail}
SELECT id, code FROM visit
