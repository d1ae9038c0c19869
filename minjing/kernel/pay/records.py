"""What pay keeps of its acts beside the ledger, for the monitor: SQL only, so that it loads nothing."""

from minjing.kernel.watch.replay import Record

# Keyed by the capture; the amount, whose payment it was and what it settled are compared.
CAPTURES = Record(
    name="pay_capture",
    ids="SELECT id FROM pay_capture WHERE id > %(after)s ORDER BY id LIMIT %(limit)s",
    newest="SELECT id FROM pay_capture ORDER BY id DESC LIMIT %(limit)s",
    rows="""
        SELECT c.entry_id, c.id, format('pay_capture %%s', c.id), c.recorded_at,
            jsonb_build_object('capture', c.id, 'order', c.order_id, 'attempt', a.number, 'channel', c.channel,
                'gateway_no', c.gateway_no, 'fen', c.fen, 'role', c.role, 'source', c.source)
        FROM pay_capture c JOIN pay_attempt a ON a.id = c.attempt_id WHERE c.id = ANY(%(keys)s)
    """,
    # An order is settled by a capture and by nothing else; what triggers hold, this finds where they were put aside.
    odd="""
        SELECT c.id, format('pay_order %%s', o.id),
            '的状态与收款不一致：有人绕过收款改动。', 'is not what its captures say: changed past the payment.'
        FROM pay_capture c JOIN pay_order o ON o.id = c.order_id
        WHERE c.id = ANY(%(keys)s) AND c.role = 'settles' AND o.state NOT IN ('settled', 'returned')
    """,
    kinds=("pay:capture:recorded",),
    key="capture",
    counts="""
        SELECT (recorded_at AT TIME ZONE %(zone)s)::date, 'pay:capture:recorded', count(*)
        FROM pay_capture
        WHERE recorded_at >= %(since)s AND recorded_at < %(until)s AND entry_id IS NOT NULL GROUP BY 1, 2
    """,
    copies={
        "pay_capture": "id = ANY(%(keys)s)",
        "pay_attempt": "id IN (SELECT attempt_id FROM pay_capture)",  # of the copy
        "pay_order": "id IN (SELECT order_id FROM pay_capture)",
    },
)
