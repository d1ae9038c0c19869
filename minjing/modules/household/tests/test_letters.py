"""Where a letter goes when nobody gave an address: as the register has it."""

from minjing.kernel.identity.models import Person
from minjing.kernel.notify.plugs import plugs
from minjing.modules.household.models import Member


def test_the_register_names_the_envelope_and_knows_nobody_else(town):
    member = Member.objects.filter(until__isnull=True).first()
    name, address = plugs.home(member.person_id).splitlines()
    assert (len(name) >= 2, len(address) >= 6) == (True, True)
    stranger = Person.objects.exclude(pk__in=Member.objects.values("person_id")).first()
    assert stranger is None or plugs.home(stranger.pk) is None
