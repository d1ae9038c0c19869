"""What identity keeps of its acts beside the ledger, for the audit: SQL only, so that it loads nothing."""

from minjing.kernel.watch.replay import Record

LOOK_NOTES = Record(
    name="identity_looknote",
    kinds=("identity:look_note:asked",),
    counts="""
        SELECT (asked_at AT TIME ZONE %(zone)s)::date, 'identity:look_note:asked', count(*)
        FROM identity_looknote WHERE asked_at >= %(since)s AND asked_at < %(until)s GROUP BY 1, 2
    """,
)
HIDDEN_LOOKS = Record(
    name="identity_hiddenlook",
    kinds=("identity:hidden_look:asked",),
    counts="""
        SELECT (asked_at AT TIME ZONE %(zone)s)::date, 'identity:hidden_look:asked', count(*)
        FROM identity_hiddenlook WHERE asked_at >= %(since)s AND asked_at < %(until)s GROUP BY 1, 2
    """,
)
