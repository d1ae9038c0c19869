-- Opens slots that are not there yet; those that are stay as they are, with what is taken of them.
WITH day AS (
    INSERT INTO booking_day (place_id, day, org_id, tickets)
    SELECT %(place_id)s, d, %(org_id)s, 0 FROM unnest(%(opened)s::date[]) AS d
    ON CONFLICT DO NOTHING
)
INSERT INTO booking_slot (id, org_id, place_id, day, starts_at, ends_at, capacity, used)
SELECT s.id, %(org_id)s, %(place_id)s, s.day, s.starts_at, s.ends_at, %(capacity)s, 0
FROM unnest(%(ids)s::bigint[], %(days)s::date[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
    AS s(id, day, starts_at, ends_at)
ON CONFLICT DO NOTHING
RETURNING id
