-- One subject's violations and what hangs on each: the owner of its vehicle, whether it has been struck and decided,
-- the parts of its fine, whose licence is withheld for it. {subject} says whose they are.
SELECT v.id, v.org_id, v.number, v.violated_at, v.conduct, v.city, v.place, v.vehicle_id, v.person_id, v.source,
    v.checked, v.accident, v.act_id, v.local, v.held_since_date, v.ground, v.state, v.published_at, v.kind, v.fine_fen,
    v.points, v.suspension_months,
    w.owner_person_id, s.id, d.id IS NOT NULL,
    ARRAY(SELECT c.id FROM traffic_charge c WHERE c.decision_id = d.id),
    u.person_id
FROM traffic_violation v
LEFT JOIN traffic_vehicle w ON w.id = v.vehicle_id
LEFT JOIN traffic_strike s ON s.violation_id = v.id
LEFT JOIN traffic_decision d ON d.violation_id = v.id
LEFT JOIN traffic_suspension u ON u.violation_id = v.id AND u.lifted_at IS NULL AND u.returned_at IS NULL
WHERE {subject}
