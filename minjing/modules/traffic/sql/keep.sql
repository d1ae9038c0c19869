-- What evaluations came to, whole: every answer appended and the sums of its violation set by it, whatever their
-- number; of a strike the parts of fines as they are now, and the strike itself. The ids stand as an array beside the
-- join: of JSON the planner expects a hundred rows, for which it would read a small table whole.
WITH kept AS (
    SELECT * FROM jsonb_to_recordset(%(kept)s::jsonb) AS k(id uuid, violation_id uuid, kind text, fine_fen integer,
        points smallint, suspension_months smallint, reasons jsonb, would_change jsonb, cause text, ground text)
), summed AS (
    UPDATE traffic_violation v SET kind = kept.kind, fine_fen = kept.fine_fen, points = kept.points,
        suspension_months = kept.suspension_months, ground = coalesce(nullif(kept.ground, ''), v.ground),
        state = CASE WHEN kept.ground = '' THEN v.state ELSE 'struck' END, checked = v.checked OR kept.ground <> ''
    FROM kept WHERE v.id = kept.violation_id AND v.id = ANY(ARRAY(SELECT violation_id FROM kept))
    RETURNING v.id, v.org_id
), part AS (
    UPDATE traffic_charge c SET fen = n.fen, state = n.state, surcharge_fen = n.surcharge_fen, order_id = n.order_id,
        returned_fen = n.returned_fen
    FROM jsonb_to_recordset(%(parts)s::jsonb) AS n(id uuid, fen integer, state text, surcharge_fen integer,
        order_id uuid, returned_fen integer)
    WHERE c.id = n.id
), strike AS (
    INSERT INTO traffic_strike (id, org_id, violation_id, ground, evidence, reason, matter_id, by, at, differences)
    SELECT s.id, s.org_id, s.violation_id, s.ground, s.evidence, s.reason, s.matter_id, s.by, %(now)s, s.differences
    FROM jsonb_to_recordset(%(strikes)s::jsonb) AS s(id uuid, org_id smallint, violation_id uuid, ground text,
        evidence jsonb, reason text, matter_id uuid, by uuid, differences jsonb)
)
INSERT INTO traffic_outcome (id, org_id, violation_id, seq, kind, fine_fen, points, suspension_months, reasons,
    would_change, pack, cause, caused_by, made_at)
SELECT kept.id, summed.org_id, summed.id,
    1 + coalesce((SELECT max(seq) FROM traffic_outcome o WHERE o.violation_id = summed.id), 0),
    kept.kind, kept.fine_fen, kept.points, kept.suspension_months, reasons, would_change, %(pack)s, cause,
    %(caused_by)s::uuid, %(now)s
FROM kept JOIN summed ON summed.id = kept.violation_id
