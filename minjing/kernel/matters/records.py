"""What matters keeps of its acts beside the ledger, for the monitor: SQL only, so that it loads nothing."""

from minjing.kernel.watch.replay import Record

MATTERS = Record(
    name="matters_matter",
    ids="SELECT id FROM matters_matter WHERE id > %(after)s ORDER BY id LIMIT %(limit)s",
    newest="SELECT id FROM matters_matter ORDER BY id DESC LIMIT %(limit)s",
    rows="""
        SELECT entry_id, matter_id, format('matters_matterevent %%s/%%s', matter_id, seq), at,
            jsonb_build_object('matter', matter_id, 'seq', seq, 'action', action, 'to', to_state,
                'kind', actor_kind, 'by', actor_id)
        FROM matters_matterevent WHERE matter_id = ANY(%(keys)s)
    """,
    # A matter moved past the engine has another state, or another count of moves, than its history.
    odd="""
        SELECT m.id, format('matters_matter %%s', m.id),
            '的现状与其历史不一致：有人绕过流程改动。', 'is not what its history says: changed past the procedure.'
        FROM matters_matter m CROSS JOIN LATERAL (
            SELECT count(*) AS moves, (array_agg(to_state ORDER BY seq DESC))[1] AS state
            FROM matters_matterevent e WHERE e.matter_id = m.id
        ) AS history
        WHERE m.id = ANY(%(keys)s) AND (m.ver, m.state) IS DISTINCT FROM (history.moves, history.state)
    """,
    kinds=("matters:matter:",),
    besides=("matters:matter:rated",),  # said of a closed matter: no move
    key="matter",
    counts="""
        SELECT (at AT TIME ZONE %(zone)s)::date,
            'matters:matter:' || CASE action WHEN 'submit' THEN 'submitted' ELSE action END, count(*)
        FROM matters_matterevent WHERE at >= %(since)s AND at < %(until)s GROUP BY 1, 2
    """,
    copies={"matters_matter": "id = ANY(%(keys)s)", "matters_matterevent": "matter_id = ANY(%(keys)s)"},
)
