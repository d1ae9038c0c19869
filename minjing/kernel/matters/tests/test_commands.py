"""The commands of catalogue and matters as somebody at the server types them."""

import json
from datetime import timedelta
from io import StringIO
from xml.etree import ElementTree as ET

import pytest
from django.core.management import CommandError, call_command

from minjing.kernel.matters import publishing, queries
from minjing.kernel.matters.models import Matter, Procedure
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.test_actions import act, submit
from minjing.kernel.matters.tests.world import CHEN, MONDAY, PUBLISHER

pytestmark = pytest.mark.django_db


def said(*words: str) -> str:
    """Return what a command prints."""
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def second_version(city):
    """Publish the service a second time, with another limit."""
    body = world.body(limit={"value": 15, "unit": "workday"})
    publishing.publish([body], by=PUBLISHER, now=MONDAY + timedelta(days=1))
    queries.forget_kept()


def test_the_services_in_force_are_listed_for_people_and_for_programs(city, capsys):
    assert "HZ9901 v1  夫妻投靠入户  Move in to join a spouse" in said("catalog", "list")
    call_command("catalog", "list", "--json")
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["code"], listed["version"], listed["flow"], listed["online"]) == ("HZ9901", 1, "reviewed", True)


def test_two_versions_are_compared_in_words(second_version):
    told = said("catalog", "diff", "HZ9901", "1", "2")
    assert "20" in told
    assert "15" in told
    with pytest.raises(CommandError, match="no version 3"):
        said("catalog", "diff", "HZ9901", "1", "3")


@pytest.mark.parametrize(("form", "root"), [("svg", "svg"), ("bpmn", "definitions")])
def test_a_procedure_is_drawn(city, tmp_path, form, root):
    path = tmp_path / f"picture.{form}"
    said("catalog", "diagram", "HZ9901", "--format", form, "--language", "en", "--output", str(path))
    for drawn in (said("catalog", "diagram", "HZ9901", "--format", form), path.read_text(encoding="utf-8")):
        assert ET.fromstring(drawn).tag.endswith(root)  # noqa: S314 - our own drawing
    with pytest.raises(CommandError, match="HZ0000"):
        said("catalog", "diagram", "HZ0000")


def test_what_differs_is_published_once(city):
    first = said("catalog", "publish").splitlines()[-1]
    assert int(first.split()[0]) > 200
    assert said("catalog", "publish") == "0 published.\n"
    assert Procedure.objects.filter(code="HZ0301", valid_to=None).count() == 1


def test_a_matter_is_shown_without_anything_personal(city):
    matter = act(submit(), "claim", CHEN)
    shown = said("matter", "show", matter.number)
    assert "state submitted ver 2" in shown
    assert "history and state agree" in shown
    assert "4403" not in shown
    with pytest.raises(CommandError):
        said("matter", "show", "HZ04260009999")


def test_running_matters_are_moved_after_a_dry_run_and_back(second_version):
    first, second = (Procedure.objects.get(code="HZ9901", version=n) for n in (1, 2))
    matter = submit(MONDAY + timedelta(days=1, hours=1))
    assert matter.procedure_id == second.id
    dry = said("matter", "migrate", "HZ9901", "2", "1")
    assert "1 would be moved; nothing was written" in dry
    assert Matter.objects.get(pk=matter.id).procedure_id == second.id
    done = said("matter", "migrate", "HZ9901", "2", "1", "--apply")
    assert ": 1 moved" in done
    assert Matter.objects.get(pk=matter.id).procedure_id == first.id
    migration = done.split("migration ")[1].split(":")[0]
    assert said("matter", "undo", migration).startswith("1 moved back")
    with pytest.raises(CommandError, match="undone already"):
        said("matter", "undo", migration)
    assert Matter.objects.get(pk=matter.id).procedure_id == second.id


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("2", "1", "--map", "nonsense"), "OLD=NEW: nonsense"),
        (("2", "1", "--map", "=submitted"), "OLD=NEW: =submitted"),
        (("2", "1", "--map", "submitted=nowhere"), "The new version has no state “nowhere”"),
        (("2", "1", "--map", "submitted=withdrawn", "--apply"), "closes no matter"),
        (("2", "7"), "HZ9901 has no version 7"),
    ],
)
def test_what_cannot_be_migrated_is_said_in_one_sentence(second_version, words, sentence):
    submit(MONDAY + timedelta(days=1, hours=1))
    with pytest.raises(CommandError, match=sentence):
        said("matter", "migrate", "HZ9901", *words)


def test_a_dry_run_with_states_that_lack_a_counterpart_names_them_and_fails(city):
    submit()
    states = {"review": world.BODY.flow.states["submitted"], **world.BODY.flow.states}
    states.pop("submitted")
    flow = world.BODY.flow.model_copy(update={"states": states, "start": "review"})
    publishing.publish([world.BODY.model_copy(update={"flow": flow})], by=PUBLISHER, now=MONDAY + timedelta(days=1))
    with pytest.raises(CommandError, match="map them first: submitted"):
        said("matter", "migrate", "HZ9901", "1", "2")
