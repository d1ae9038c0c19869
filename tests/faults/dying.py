"""A sequencer that dies by kill -9 at named points: `python -m tests.faults.dying`, a line "step before|after" each.

It loads everything once and forks for each life, so that twenty deaths take seconds. What is killed is a process
like any other: it holds its own connection, its locks and its files, and lets go of them as the system makes it.
"""

import os
import signal
import sys
from collections.abc import Callable

import django


def main() -> None:
    """Read from stdin which step to die at, and when; answer with the signal that ended the life."""
    django.setup()
    for line in sys.stdin:
        name, when = line.split()
        child = os.fork()
        if not child:
            _live(name, when)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else f"lived ({os.WEXITSTATUS(status)})"
        sys.stdout.write(f"{ended}\n")
        sys.stdout.flush()


def _live(name: str, when: str) -> None:
    from minjing.base.clock import now
    from minjing.kernel.ledger.actions import sequence, sequence_once

    def dying(step: Callable[[sequence.Run], None]) -> Callable[[sequence.Run], None]:
        def last(run: sequence.Run) -> None:
            if when == "after":
                step(run)
            os.kill(os.getpid(), signal.SIGKILL)

        return last

    sequence.STEPS = [dying(step) if step.__name__ == name else step for step in sequence.STEPS]
    sequence_once(now())


if __name__ == "__main__":
    main()
