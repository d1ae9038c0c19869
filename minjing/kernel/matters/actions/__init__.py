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
    DRAFT_LIVES,
    MAX_DRAFTS,
    STASH_MAX,
    attach,
    detach,
    discard,
    draft,
    save_page,
    stash,
)
from minjing.kernel.matters.actions.many import (
    Result,
    act_many,
)
from minjing.kernel.matters.actions.rating import (
    rate,
)
from minjing.kernel.matters.actions.steps import (
    act,
    step,
)
from minjing.kernel.matters.actions.submitting import (
    submit,
    submit_whole,
)
from minjing.kernel.matters.actions.upkeep import (
    REQUESTS_KEPT,
    SWEPT,
    sample_refold,
    sweep,
)

__all__ = [
    "DRAFT_LIVES",
    "MAX_DRAFTS",
    "REQUESTS_KEPT",
    "STASH_MAX",
    "SWEPT",
    "Result",
    "act",
    "act_many",
    "attach",
    "detach",
    "discard",
    "draft",
    "finish_task",
    "proposed_corrections",
    "rate",
    "sample_refold",
    "save_page",
    "stash",
    "step",
    "submit",
    "submit_whole",
    "sweep",
    "valid_until",
]
