"""SpiffWorkflow 3.2, many at once: the next action in OWN instances, read, written and committed together."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

from bench.ours import OWN
from bench.peers.spiff import LIFE, begun, moved, opened


def prepare(_client: int) -> Callable[[], None]:
    """Return a step: begin the instances, or take the next action in all of them."""
    serializer, spec, connection = opened()
    rows: list[int] = []
    actions = cycle((None, *LIFE))

    def step() -> None:
        nonlocal rows
        action = next(actions)
        if action is None:
            new = "INSERT INTO spiff (state, done) SELECT unnest(%s::text[]), false RETURNING id"
            made = connection.execute(new, [[begun(serializer, spec) for _ in range(OWN)]])
            rows = [pk for (pk,) in made.fetchall()]
            connection.commit()
            return
        read = "SELECT id, state FROM spiff WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
        after = [(pk, *moved(serializer, text, action)) for pk, text in connection.execute(read, [rows]).fetchall()]
        write = (
            "UPDATE spiff SET state = s.state, done = s.done"
            " FROM unnest(%s::bigint[], %s::text[], %s::boolean[]) AS s(id, state, done) WHERE spiff.id = s.id"
        )
        connection.execute(write, [list(column) for column in zip(*after, strict=True)])
        connection.commit()
        assert all(finished == (action == "approve") for _, _, finished in after)

    return step
