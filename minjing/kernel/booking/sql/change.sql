-- A step at the hall that takes no room and gives none back: reporting, calling, skipping, finishing.
WITH visit AS (
    UPDATE booking_visit SET ver = ver + 1{moves}
    WHERE id = %(id)s::uuid AND ver = %(ver)s AND state = ANY(%(from)s::text[])
    RETURNING id, org_id, account_id, code
), {tail}
SELECT id, code FROM visit
