"""Who works at the help desk and who reads its figures: by the acts of the posts they hold."""

from minjing.kernel.identity.actor import Actor
from minjing.modules.help_desk.errors import NotAllowed


def must_work_here(by: Actor) -> None:
    """Raise NotAllowed to whoever is no operator of the desk."""
    if not any("desk" in held.acts for held in by.holdings):
        raise NotAllowed("no_post", "这要服务台的岗位。", "This takes a post of the help desk.")


def must_supervise(by: Actor) -> None:
    """Raise NotAllowed to whoever supervises nothing."""
    if not any("supervise" in held.acts for held in by.holdings):
        raise NotAllowed("no_right", "需要效能督察岗位。", "This needs a post that supervises.")
