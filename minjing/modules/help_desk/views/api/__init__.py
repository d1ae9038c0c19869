"""What the help desk adds to the JSON API: asking and reading answers, articles for everybody, the desk."""

from minjing.modules.help_desk.views.api import articles, asking, desk
from minjing.modules.help_desk.views.api.door import help_desk

for corner in (asking, articles, desk):
    help_desk.add_router("", corner.router)

__all__ = ["help_desk"]
