"""What booking keeps of its acts beside the ledger, for the monitor: SQL only, so that it loads nothing."""

from minjing.kernel.watch.replay import Record

VISITS = Record(
    name="booking_visit",
    ids="SELECT id FROM booking_visit WHERE id > %(after)s ORDER BY id LIMIT %(limit)s",
    newest="SELECT id FROM booking_visit ORDER BY id DESC LIMIT %(limit)s",
    rows="""
        SELECT entry_id, visit_id, format('booking_request %%s (%%s)', visit_id, act), at,
            jsonb_build_object('visit', visit_id)
        FROM booking_request WHERE visit_id = ANY(%(keys)s)
    """,
    # A visit moved past its statements has another count of acts, or another state than its last act gives it.
    odd="""
        SELECT v.id, format('booking_visit %%s', v.id),
            '的现状与其办理记录不一致：有人绕过预约改动。', 'is not what its acts say: changed past the booking.'
        FROM booking_visit v CROSS JOIN LATERAL (
            SELECT count(*) AS acts, bool_and(r.entry_id IS NOT NULL) AS known,
                (array_agg(r.act ORDER BY e.at DESC, e.seq DESC))[1] AS last
            FROM booking_request r LEFT JOIN ledger_outbox e ON e.id = r.entry_id WHERE r.visit_id = v.id
        ) AS history
        WHERE v.id = ANY(%(keys)s) AND coalesce(history.known, true) AND (v.ver IS DISTINCT FROM history.acts
            OR NOT coalesce(v.state = ANY(CASE
                WHEN history.last IN ('held', 'prolonged', 'offered') THEN ARRAY['held']
                WHEN history.last = 'moved' THEN ARRAY['held', 'booked']
                WHEN history.last IN ('booked', 'bound') THEN ARRAY['booked']
                WHEN history.last IN ('arrived', 'ticket', 'skipped') THEN ARRAY['waiting']
                WHEN history.last IN ('called', 'recalled') THEN ARRAY['called']
                WHEN history.last IN ('done', 'left') THEN ARRAY['done']
                ELSE ARRAY[history.last] END), false))
    """,
    kinds=("booking:visit:",),
    besides=(
        "booking:visit:refused",
        "booking:visit:challenged",
        "booking:visit:excused",
        "booking:visit:not_excused",
    ),
    key="visit",
    counts="""
        SELECT (at AT TIME ZONE %(zone)s)::date, 'booking:visit:' || act, count(*)
        FROM booking_request
        WHERE at >= %(since)s AND at < %(until)s AND entry_id IS NOT NULL GROUP BY 1, 2
    """,
    copies={"booking_visit": "id = ANY(%(keys)s)", "booking_request": "visit_id = ANY(%(keys)s)"},
)
