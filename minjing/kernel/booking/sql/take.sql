-- Takes room for one visit, whole: the slots, the visit, its ledger entry and its notices, or nothing at all.
-- A part that was only held and whose time is over is taken away here, so that it counts as free.
-- The room is one conditional update; where a slot has none, or does not exist, booking_full() raises BK001 and the
-- statement leaves nothing. Several slots are locked in the order of their ids first, so that two visits that share
-- two slots cannot wait for one another.
WITH lapsed AS (
    DELETE FROM booking_part
    WHERE slot_id = ANY(%(slots)s::bigint[]) AND held_until <= %(now)s::timestamptz
    RETURNING slot_id, minutes
), freed AS (
    SELECT slot_id, sum(minutes)::integer AS minutes FROM lapsed GROUP BY slot_id
), ordered AS MATERIALIZED (
    SELECT id FROM booking_slot
    WHERE cardinality(%(slots)s::bigint[]) > 1 AND id = ANY(%(slots)s::bigint[]) ORDER BY id FOR UPDATE
), wanted AS (
    SELECT w.slot_id, w.minutes, w.minutes - coalesce(f.minutes, 0) AS more
    FROM unnest(%(slots)s::bigint[], %(parts)s::integer[]) AS w(slot_id, minutes) LEFT JOIN freed f USING (slot_id)
    WHERE (SELECT count(*) FROM ordered) >= 0
), taken AS (
    UPDATE booking_slot s SET used = s.used + w.more
    FROM wanted w WHERE s.id = w.slot_id AND s.used + w.more <= s.capacity
    RETURNING s.id
), fits AS (
    SELECT CASE WHEN count(*) = cardinality(%(slots)s::bigint[]) THEN true ELSE booking_full() END AS ok FROM taken
), ticket AS (
    UPDATE booking_day SET tickets = tickets + 1
    FROM fits
    WHERE fits.ok AND %(walks_in)s::boolean AND place_id = %(place_id)s AND day = %(day)s::date
    RETURNING 'B' || lpad(tickets::text, 3, '0') AS number
), visit AS (
    INSERT INTO booking_visit (id, org_id, place_id, code, kind, state, ver, services, minutes, day, starts_at, ends_at,
        account_id, person_id, subject_id, held_until, created_at, ticket, arrived_at, queue_at, calls)
    SELECT %(id)s::uuid, %(org_id)s, %(place_id)s, %(code)s, %(kind)s, %(state)s, 1, %(services)s::jsonb, %(minutes)s,
        %(day)s::date, %(starts_at)s::timestamptz, %(ends_at)s::timestamptz, %(account_id)s::uuid, %(person_id)s::uuid,
        %(subject_id)s::uuid, %(held_until)s::timestamptz, %(now)s::timestamptz,
        coalesce((SELECT number FROM ticket), ''), %(arrived_at)s::timestamptz, %(queue_at)s::timestamptz, 0
    FROM fits WHERE fits.ok
    RETURNING id, org_id, account_id, subject_id, code, ticket
), part AS (
    INSERT INTO booking_part (slot_id, visit_id, minutes, held_until)
    SELECT w.slot_id, visit.id, w.minutes, %(held_until)s::timestamptz FROM visit, wanted w
), own AS (
    UPDATE booking_item SET live = false FROM fits
    WHERE fits.ok AND person_id = %(person_id)s::uuid AND live AND held_until <= %(now)s::timestamptz
    RETURNING visit_id
), item AS (
    INSERT INTO booking_item (visit_id, service, person_id, day, live, held_until)
    SELECT visit.id, s.service, %(person_id)s::uuid, %(day)s::date, true, %(held_until)s::timestamptz
    FROM visit, jsonb_array_elements_text(%(services)s::jsonb) AS s(service)
    WHERE (SELECT count(*) FROM own) >= 0
), {tail}
SELECT id, code, ticket FROM visit
