-- What does not fit between the bill of one house and day and our books, both ways. A row of the bill belongs to a
-- number of ours wherever the day's edge falls; what is booked on the next day is closed when that bill is read.
WITH lines AS (
    SELECT kind, number, min(gateway_no) AS gateway_no, min(fen) AS fen, max(fen) AS fen_max, count(*) AS n
    FROM pay_statementline WHERE statement_id = %(statement)s GROUP BY kind, number
)
SELECT 'theirs_only', l.number, l.gateway_no, NULL::bigint, l.fen, a.order_id
FROM lines l LEFT JOIN pay_attempt a ON a.number = l.number LEFT JOIN pay_capture c ON c.attempt_id = a.id
WHERE l.kind = 'paid' AND c.id IS NULL
UNION ALL
SELECT 'amount', l.number, l.gateway_no, c.fen, CASE WHEN c.fen = l.fen THEN l.fen_max ELSE l.fen END, c.order_id
FROM lines l JOIN pay_attempt a ON a.number = l.number JOIN pay_capture c ON c.attempt_id = a.id
WHERE l.kind = 'paid' AND (c.fen <> l.fen OR c.fen <> l.fen_max)
UNION ALL
SELECT CASE l.kind WHEN 'paid' THEN 'duplicate' ELSE 'refund_duplicate' END, l.number, l.gateway_no, NULL, l.fen, NULL
FROM lines l
WHERE l.n > 1 OR EXISTS (
    SELECT FROM pay_statementline o
    WHERE o.house = %(house)s AND o.kind = l.kind AND o.number = l.number AND o.statement_id <> %(statement)s)
UNION ALL
SELECT 'ours_only', a.number, c.gateway_no, c.fen, NULL, c.order_id
FROM pay_capture c JOIN pay_attempt a ON a.id = c.attempt_id
WHERE c.house = %(house)s AND c.day = %(day)s AND NOT EXISTS (
    SELECT FROM pay_statementline s WHERE s.house = c.house AND s.kind = 'paid' AND s.number = a.number)
UNION ALL
SELECT 'refund_theirs_only', l.number, l.gateway_no, NULL, l.fen, r.order_id
FROM lines l LEFT JOIN pay_refund r ON r.number = l.number
WHERE l.kind = 'refunded' AND (r.id IS NULL OR r.state <> 'done')
UNION ALL
SELECT 'refund_amount', l.number, l.gateway_no, r.fen, l.fen, r.order_id
FROM lines l JOIN pay_refund r ON r.number = l.number
WHERE l.kind = 'refunded' AND (r.fen <> l.fen OR r.fen <> l.fen_max)
UNION ALL
SELECT 'refund_ours_only', r.number, r.gateway_no, r.fen, NULL, r.order_id
FROM pay_refund r
WHERE r.state = 'done' AND r.house = %(house)s AND r.day = %(day)s AND NOT EXISTS (
    SELECT FROM pay_statementline s WHERE s.house = r.house AND s.kind = 'refunded' AND s.number = r.number)
