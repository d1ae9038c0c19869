"""Who may print and post letters: by the acts of the posts they hold."""

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed
from minjing.kernel.notify.rules import may_post


def must_post(by: Actor) -> None:
    """Raise NotAllowed unless `by` holds a post that sends letters."""
    if not may_post(act for holding in by.holdings for act in holding.acts):
        raise NotAllowed(
            "post_letters", {"zh": "您没有寄送信函的岗位。", "en": "You hold no post that sends letters."}
        )
