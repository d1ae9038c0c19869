"""Everything that changes a matter: one transaction each, its event and ledger entry inside."""

from minjing.kernel.matters.actions.child_tasks import (
    finish_task,
)
from minjing.kernel.matters.actions.corrections import (
    proposed_corrections,
)
from minjing.kernel.matters.actions.effect import (
    valid_until,
)
from minjing.kernel.matters.actions.filling_in import (
    ACTING_REFUSED,
    DRAFT_LIVES,
    MAX_DRAFTS,
    STASH_MAX,
    attach,
    detach,
    discard,
    draft,
    note_refused,
    save_page,
    stash,
)
from minjing.kernel.matters.actions.many import (
    Result,
    act_many,
)
from minjing.kernel.matters.actions.payment import issue_paid, require_level_to_pay
from minjing.kernel.matters.actions.rating import (
    rate,
)
from minjing.kernel.matters.actions.receptions import (
    CARD,
    NUMBER,
    REASONS,
    at_counter,
    begin_reception,
    file_at_counter,
    receive_handover,
)
from minjing.kernel.matters.actions.steps import (
    act,
    step,
)
from minjing.kernel.matters.actions.submitting import (
    submit,
    submit_whole,
)
from minjing.kernel.matters.actions.take_over import (
    Past,
    PastStep,
    take_over_matters,
)
from minjing.kernel.matters.actions.taking_back import take_back
from minjing.kernel.matters.actions.upkeep import (
    REQUESTS_KEPT,
    SWEPT,
    give_back_claims,
    sample_refold,
    sweep,
)
from minjing.kernel.matters.actions.wards import papers_of_ward, record_ward_paper
from minjing.kernel.matters.queries.levels import require_level

__all__ = [
    "ACTING_REFUSED",
    "CARD",
    "DRAFT_LIVES",
    "MAX_DRAFTS",
    "NUMBER",
    "REASONS",
    "REQUESTS_KEPT",
    "STASH_MAX",
    "SWEPT",
    "Past",
    "PastStep",
    "Result",
    "act",
    "act_many",
    "at_counter",
    "attach",
    "begin_reception",
    "detach",
    "discard",
    "draft",
    "file_at_counter",
    "finish_task",
    "give_back_claims",
    "issue_paid",
    "note_refused",
    "papers_of_ward",
    "proposed_corrections",
    "rate",
    "receive_handover",
    "record_ward_paper",
    "require_level",
    "require_level_to_pay",
    "sample_refold",
    "save_page",
    "stash",
    "step",
    "submit",
    "submit_whole",
    "sweep",
    "take_back",
    "take_over_matters",
    "valid_until",
]
