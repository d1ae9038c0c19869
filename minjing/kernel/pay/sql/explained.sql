-- Open differences of one side only that the other side has by now.
SELECT d.id FROM pay_difference d
WHERE d.house = %(house)s AND d.state = 'open' AND (
    (d.kind = 'ours_only' AND EXISTS (
        SELECT FROM pay_statementline s WHERE s.house = d.house AND s.kind = 'paid' AND s.number = d.number))
    OR (d.kind = 'theirs_only' AND EXISTS (
        SELECT FROM pay_attempt a JOIN pay_capture c ON c.attempt_id = a.id WHERE a.number = d.number))
    OR (d.kind = 'refund_ours_only' AND EXISTS (
        SELECT FROM pay_statementline s WHERE s.house = d.house AND s.kind = 'refunded' AND s.number = d.number))
    OR (d.kind = 'refund_theirs_only' AND EXISTS (
        SELECT FROM pay_refund r WHERE r.number = d.number AND r.state = 'done')))
