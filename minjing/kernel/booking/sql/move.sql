-- Moves a visit to another time, and perhaps another place, whole: what is new is taken before the old is let go,
-- in one statement, so that nobody who changes their mind loses what they had. No row: it is not as the asker saw it.
WITH before AS MATERIALIZED (
    SELECT id, place_id, day FROM booking_visit
    WHERE id = %(id)s::uuid AND ver = %(ver)s AND state = ANY(%(from)s::text[])
        AND (held_until IS NULL OR held_until > %(now)s::timestamptz)
    FOR UPDATE
), lapsed AS (
    DELETE FROM booking_part p USING before
    WHERE p.slot_id = ANY(%(slots)s::bigint[]) AND p.held_until <= %(now)s::timestamptz AND p.visit_id <> before.id
    RETURNING p.slot_id, p.minutes
), old AS (
    DELETE FROM booking_part p USING before WHERE p.visit_id = before.id RETURNING p.slot_id, p.minutes
), wanted AS (
    SELECT w.slot_id, w.minutes
    FROM before, unnest(%(slots)s::bigint[], %(parts)s::integer[]) AS w(slot_id, minutes)
), change AS MATERIALIZED (
    SELECT slot_id, sum(minutes)::integer AS more FROM (
        SELECT slot_id, minutes FROM wanted
        UNION ALL SELECT slot_id, -minutes FROM lapsed
        UNION ALL SELECT slot_id, -minutes FROM old
    ) AS c GROUP BY slot_id
), ordered AS MATERIALIZED (
    SELECT id FROM booking_slot WHERE id IN (SELECT slot_id FROM change) ORDER BY id FOR UPDATE
), taken AS (
    UPDATE booking_slot s SET used = s.used + c.more
    FROM change c
    WHERE s.id = c.slot_id AND (c.more <= 0 OR s.used + c.more <= s.capacity) AND (SELECT count(*) FROM ordered) >= 0
    RETURNING s.id
), fits AS (
    SELECT CASE WHEN (SELECT count(*) FROM taken) = (SELECT count(*) FROM change) THEN true ELSE booking_full() END
        AS ok
), visit AS (
    UPDATE booking_visit v SET ver = ver + 1, place_id = %(place_id)s, org_id = %(org_id)s, day = %(day)s::date,
        starts_at = %(starts_at)s::timestamptz, ends_at = %(ends_at)s::timestamptz, minutes = %(minutes)s,
        services = %(services)s::jsonb, subject_id = %(subject_id)s::uuid, held_until = %(held_until)s::timestamptz,
        reminded_at = NULL
    FROM before, fits WHERE v.id = before.id AND fits.ok
    RETURNING v.id, v.org_id, v.account_id, v.person_id, v.code
), part AS (
    INSERT INTO booking_part (slot_id, visit_id, minutes, held_until)
    SELECT w.slot_id, visit.id, w.minutes, %(held_until)s::timestamptz FROM visit, wanted w
), own AS (
    UPDATE booking_item i SET live = false FROM visit
    WHERE i.live AND ((i.person_id = visit.person_id AND i.held_until <= %(now)s::timestamptz)
        OR (i.visit_id = visit.id AND NOT %(services)s::jsonb ? i.service))
    RETURNING i.visit_id
), item AS (
    INSERT INTO booking_item (visit_id, service, person_id, day, live, held_until)
    SELECT visit.id, s.service, visit.person_id, %(day)s::date, true, %(held_until)s::timestamptz
    FROM visit, jsonb_array_elements_text(%(services)s::jsonb) AS s(service)
    WHERE (SELECT count(*) FROM own) >= 0
    ON CONFLICT (visit_id, service) DO UPDATE
        SET day = excluded.day, held_until = excluded.held_until, live = true
), {fill}, {tail}
SELECT id, code FROM visit
