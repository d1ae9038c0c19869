-- What was captured of these subjects, each capture with its order, and how many refunds the order has had. The
-- array is known only as the statement runs, so that one plan serves however many there are.
SELECT c.id, c.org_id, c.order_id, c.house, c.fen, c.refunding_fen,
    o.id, o.org_id, o.bill_no, o.subject_id, o.account_id, o.person_id, o.title, o.total_fen, o.waived_fen,
    (SELECT count(*) FROM pay_refund r WHERE r.order_id = o.id)
FROM pay_order o JOIN pay_capture c ON c.order_id = o.id
WHERE o.subject_id = ANY(ARRAY(SELECT unnest(%s::uuid[])))
ORDER BY o.id, c.id
