"""A letter that waits to be printed, in the small world of the tests."""

import pytest

from minjing.base import clock
from minjing.kernel.matters.tests.world import LIN
from minjing.kernel.notify import actions, plugs
from minjing.kernel.notify.models import Message


def waiting_letter(monkeypatch: pytest.MonkeyPatch) -> Message:
    """Return one letter that waits, because nothing else reached Lin."""
    now = clock.now()
    monkeypatch.setattr(plugs.plugs, "home", lambda person_id: "林晓\n深圳市福田区福中三路 1 号")
    actions.announce(
        [LIN.account_id], template="approved", text={"zh": "已批准。", "en": "Approved."}, about="1", now=now
    )
    one = Message.objects.get(template="approved")
    one.pk, one.channel, one.state, one.next_at = None, "letter", "waiting", now
    one.dedupe = one.dedupe.replace(":in_app", ":letter")
    one.save()
    return one
