"""What the register keeps of its acts beside the ledger, for the monitor: SQL only, so that it loads nothing."""

from minjing.kernel.watch.replay import Record

# Keyed by the matter whose decision changed the register. Who was erased from the ledger cannot be compared.
REGISTER = Record(
    name="household_member",
    ids="""
        SELECT DISTINCT matter_in FROM household_member
        WHERE matter_in > %(after)s ORDER BY matter_in LIMIT %(limit)s
    """,
    newest="""
        SELECT matter_in FROM household_member
        WHERE matter_in IS NOT NULL GROUP BY matter_in ORDER BY matter_in DESC LIMIT %(limit)s
    """,
    odd="""
        SELECT m.matter_in, format('household_member %%s', m.id),
            '登记了成员，台账中却没有这次登记。', 'was registered, but the ledger holds no entry of it.'
        FROM household_member m JOIN identity_person p ON p.id = m.person_id AND p.erased_at IS NULL
        WHERE m.matter_in = ANY(%(keys)s) AND NOT EXISTS (
            SELECT FROM ledger_outbox o WHERE o.subject_id = m.person_id AND o.object_id = m.matter_in
                AND starts_with(o.kind, 'household:')
        )
    """,
)
