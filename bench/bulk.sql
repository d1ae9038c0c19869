-- A city's matters, set-based: which service, which station, when, whose, how far. The temporary tables bulk_service,
-- bulk_clock, bulk_station and bulk_resident are filled by bulk.py; random() is seeded, so a run can be repeated.
SELECT setseed(0.2018);
CREATE TEMPORARY TABLE bulk_plan AS
WITH drawn AS (
    SELECT i, i > %(total)s - %(recent)s AS is_recent,
        i > %(total)s - %(recent)s AND (i - (%(total)s - %(recent)s)) * %(open)s::bigint / %(recent)s
            > (i - 1 - (%(total)s - %(recent)s)) * %(open)s::bigint / %(recent)s AS is_open,
        width_bucket(random(), (SELECT array_agg(up_to ORDER BY n) FROM bulk_service)) AS service_n,
        width_bucket(random(), (SELECT array_agg(up_to ORDER BY n) FROM bulk_station)) AS station_n,
        CASE WHEN i %% 125 = 0 THEN 1 + (i / 125) %% %(residents)s END AS resident_n,
        random() AS lately, random() AS fate, random() AS share, 1 + floor(random() * 250000)::int AS stranger_n
    FROM generate_series(1, %(total)s) AS i
)
SELECT d.*, s.*, c.due_at, c.yellow_at, t.station_id, t.branch_id, t.bureau_id, t.org_id, t.clerk,
    COALESCE(r.person_id, md5('person' || stranger_n)::uuid) AS person_id,
    COALESCE(r.account_id, md5('account' || stranger_n)::uuid) AS account_id,
    COALESCE(r.subject_index, sha256(('subject' || stranger_n)::bytea)) AS subject_index,
    COALESCE(r.answers, (SELECT answers FROM bulk_resident WHERE n = 1 + d.i %% %(residents)s)) AS answers,
    c.day + make_interval(secs => 30000 + 30000 * share) AS submitted_at
FROM drawn d
JOIN bulk_service s ON s.n = d.service_n
JOIN bulk_station t ON t.n = d.station_n
LEFT JOIN bulk_resident r ON r.n = d.resident_n
JOIN bulk_clock c ON c.service_n = d.service_n AND c.age = CASE
    WHEN is_open THEN 1 + floor(36 * lately * lately * lately)::int  -- most of what is open came in lately
    WHEN is_recent THEN 2 + floor(58 * lately)::int
    ELSE 60 + floor(1000 * lately)::int END;

CREATE TEMPORARY TABLE bulk_matter AS
SELECT uuidv7(submitted_at - now()) AS id, row_number() OVER (ORDER BY submitted_at) AS line, p.*,
    CASE WHEN NOT is_open THEN CASE
            WHEN fate < 0.85 THEN 'approved' WHEN fate < 0.93 THEN 'refused'
            WHEN fate < 0.97 THEN 'not_accepted' ELSE 'withdrawn' END
        WHEN fate < 0.15 THEN 'supplement'
        WHEN fate < 0.45 AND flow = 'reviewed' THEN 'recommended'
        ELSE 'submitted' END AS state
FROM bulk_plan p;

INSERT INTO matters_matter (id, org_id, number, procedure_id, code, unit_id, station_id, state, post, ver, person_id,
    account_id, subject_index, answers_sealed, submitted_at, due_at, due_provisional, yellow_at, step_since,
    paused_since, pause_reason, lapses_at, claimed_by, claimed_at, acts, open_tasks, extension_days, asked, asked_days,
    back_to, outcome, closed_at)
SELECT id, org_id, 'HZ' || lpad(org_id::text, 2, '0') || to_char(submitted_at AT TIME ZONE 'Asia/Shanghai', 'YY')
        || (1000000 + line)::text,  -- above the demo city's own
    procedure_id, code,
    CASE WHEN state <> 'recommended' THEN station_id WHEN decides = 'branch' THEN branch_id ELSE bureau_id END,
    station_id, state,
    CASE state WHEN 'submitted' THEN 'station_clerk' WHEN 'recommended' THEN decides || '_approver' ELSE '' END,
    1, person_id, account_id, subject_index, answers, submitted_at, due_at, due_at > %(known_until)s, yellow_at,
    submitted_at,
    CASE WHEN state = 'supplement' THEN submitted_at + interval '1 hour' END,
    CASE WHEN state = 'supplement' THEN 'supplement' ELSE '' END,
    CASE WHEN state = 'supplement' THEN now() + interval '20 days' END,
    CASE WHEN state = 'submitted' AND share < 0.4 THEN clerk END,
    CASE WHEN state = 'submitted' AND share < 0.4 THEN submitted_at + interval '1 hour' END,
    jsonb_build_object('submit', account_id), 0, 0,
    CASE WHEN state = 'supplement' THEN '["id_card"]'::jsonb ELSE '[]' END, 0,
    CASE WHEN state = 'supplement' THEN 'submitted' ELSE '' END,
    CASE WHEN is_open THEN '' ELSE state END,
    CASE WHEN NOT is_open THEN least(now() - interval '1 hour', submitted_at + (due_at - submitted_at) * (0.2 + fate)) END
FROM bulk_matter ORDER BY line;

INSERT INTO matters_matterevent (matter_id, seq, at, org_id, action, from_state, to_state, actor_kind, actor_id,
    request_id, detail, entry_id)
SELECT m.id, 1, m.submitted_at, m.org_id, 'submit', '', m.state, 'resident', m.account_id, gen_random_uuid(),
    jsonb_build_object('version', m.procedure_id, 'after', jsonb_build_object(
        'unit_id', m.unit_id, 'state', m.state, 'post', m.post, 'due_at', m.due_at, 'yellow_at', m.yellow_at,
        'due_provisional', m.due_provisional, 'step_since', m.step_since, 'paused_since', m.paused_since,
        'pause_reason', m.pause_reason, 'lapses_at', m.lapses_at, 'claimed_by', m.claimed_by,
        'claimed_at', m.claimed_at, 'acts', m.acts, 'open_tasks', 0, 'extension_days', 0, 'asked', m.asked,
        'asked_days', 0, 'back_to', m.back_to, 'outcome', m.outcome, 'closed_at', m.closed_at,
        'procedure_id', m.procedure_id)),
    gen_random_uuid()
FROM matters_matter m JOIN bulk_matter USING (id);

INSERT INTO matters_counter (org_id, year, last)
SELECT org_id, extract(year FROM now()), 1000000 + %(total)s FROM bulk_station GROUP BY org_id
ON CONFLICT (org_id, year) DO UPDATE SET last = greatest(matters_counter.last, EXCLUDED.last);
