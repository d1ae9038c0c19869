-- Ends a visit and gives back what it took: cancelled, lapsed or missed. Who waits for the day is offered it by a job.
WITH before AS MATERIALIZED (
    SELECT id, place_id, day FROM booking_visit
    WHERE id = %(id)s::uuid AND ver = %(ver)s AND state = ANY(%(from)s::text[])
        AND (NOT %(only_lapsed)s::boolean OR held_until <= %(now)s::timestamptz)
    FOR UPDATE
), gone AS (
    DELETE FROM booking_part p USING before WHERE p.visit_id = before.id RETURNING p.slot_id, p.minutes
), ordered AS MATERIALIZED (
    SELECT id FROM booking_slot WHERE id IN (SELECT slot_id FROM gone) ORDER BY id FOR UPDATE
), slot AS (
    UPDATE booking_slot s SET used = s.used - g.minutes
    FROM gone g WHERE s.id = g.slot_id AND (SELECT count(*) FROM ordered) >= 0
    RETURNING s.id
), visit AS (
    UPDATE booking_visit v SET ver = ver + 1, state = %(to)s, held_until = NULL, closed_at = %(now)s::timestamptz
    FROM before WHERE v.id = before.id AND (SELECT count(*) FROM slot) >= 0
    RETURNING v.id, v.org_id, v.account_id, v.code
), item AS (
    UPDATE booking_item i SET live = false FROM visit WHERE i.visit_id = visit.id AND i.live
), {fill}, {tail}
SELECT id, code FROM visit
