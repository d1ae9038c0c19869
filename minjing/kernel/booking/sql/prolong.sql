-- Lengthens a hold that goes on, once: the visit, what it takes of each slot, and its items keep one end.
WITH before AS MATERIALIZED (
    SELECT id FROM booking_visit
    WHERE id = %(id)s::uuid AND ver = %(ver)s AND state = 'held' AND held_until > %(now)s::timestamptz
        AND prolonged_at IS NULL
    FOR UPDATE
), part AS (
    UPDATE booking_part p SET held_until = %(until)s::timestamptz FROM before
    WHERE p.visit_id = before.id AND p.held_until > %(now)s::timestamptz RETURNING p.slot_id
), whole AS (
    SELECT CASE WHEN count(*) = %(parts)s OR NOT EXISTS (SELECT FROM before) THEN true ELSE booking_full() END AS ok
    FROM part
), visit AS (
    UPDATE booking_visit v SET ver = ver + 1, held_until = %(until)s::timestamptz,
        prolonged_at = %(now)s::timestamptz
    FROM before, whole WHERE v.id = before.id AND whole.ok
    RETURNING v.id, v.org_id, v.account_id, v.code
), item AS (
    UPDATE booking_item i SET held_until = %(until)s::timestamptz FROM visit WHERE i.visit_id = visit.id AND i.live
), {tail}
SELECT id, code FROM visit
