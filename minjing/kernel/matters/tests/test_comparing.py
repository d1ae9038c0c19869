"""Two versions compared in words: nothing is called by its key, and a whole step is one sentence."""

import pytest

from minjing.kernel.matters import catalog, schema
from minjing.kernel.matters.catalog import comparing
from minjing.kernel.matters.schema import Text
from minjing.kernel.matters.tests import world

POSTS = {
    "station_clerk": Text(zh="户籍民警", en="Household officer"),
    "station_approver": Text(zh="派出所所领导", en="Head of station"),
    "branch_approver": Text(zh="分局户政审批民警", en="Branch approver"),
}
WITH_ORIGINALS = world.body(city={catalog.ORIGINALS: ["HZ9901"]})


def said(old, new):
    return catalog.diff(old, new, POSTS)


def with_state(name="submitted", **changes):
    """Return the small procedure with one of its states changed."""
    states = world.BODY.flow.states
    flow = world.BODY.flow.model_copy(update={"states": {**states, name: states[name].model_copy(update=changes)}})
    return world.BODY.model_copy(update={"flow": flow})


def with_action(name, **changes):
    actions = world.BODY.flow.states["submitted"].actions
    return with_state(actions={**actions, name: actions[name].model_copy(update=changes)})


def test_a_new_step_is_one_sentence_with_its_post_and_actions():
    (told,) = [text for text in said(world.BODY, WITH_ORIGINALS) if "环节「核验原件」" in text.zh]
    assert told.zh == (
        "新增流程 › 环节「核验原件」：由户籍民警（派出所）办理；"
        "操作：领办、放回、原件无误、原件不符，报请决定、要求补正、撤回申请、逾期未核验原件"
    )
    assert told.en == (
        "Added flow › step “Originals checked”: handled by Household officer (the station); "
        "actions: Claim, Put back, Originals agree, Originals do not agree: refer for decision, Ask for papers, "
        "Withdraw, Originals not shown in time"
    )


def test_a_step_that_is_gone_is_one_sentence_too():
    (gone,) = [text for text in said(WITH_ORIGINALS, world.BODY) if "环节「核验原件」" in text.zh]
    assert gone.zh.startswith("删除流程 › 环节「核验原件」：由户籍民警（派出所）办理；操作：")


@pytest.mark.parametrize(
    ("new", "zh", "en"),
    [
        (
            with_state(post="station_approver"),
            "流程 › 环节「受理审查」 › 岗位：由「户籍民警」改为「派出所所领导」",
            "flow › step “Reviewed at the station” › post: from “Household officer” to “Head of station”",
        ),
        (
            with_state(level="branch"),
            "流程 › 环节「受理审查」 › 层级：由「派出所」改为「分局」",
            "flow › step “Reviewed at the station” › level: from “the station” to “the branch”",
        ),
        (
            with_state("recommended", post="branch_approver"),
            "流程 › 环节「审批决定」 › 岗位：由「审批岗位（分局户政审批民警）」改为「分局户政审批民警」",
            "flow › step “Decided” › post: from “approver (Branch approver)” to “Branch approver”",
        ),
        (
            with_state(title=Text(zh="核对", en="Checked")),
            "流程 › 环节「受理审查」 › 名称：由「受理审查」改为「核对」",
            "flow › step “Reviewed at the station” › title: from “Reviewed at the station” to “Checked”",
        ),
        (
            with_action("recommend", to="approved"),
            "流程 › 环节「受理审查」 › 操作「提出同意意见」 › 去向：由「审批决定」改为「准予」",
            "flow › step “Reviewed at the station” › action “Recommend approval” › leads to: "
            "from “Decided” to “Approved”",
        ),
        (
            with_action("recommend", not_by=["claim"]),
            "新增流程 › 环节「受理审查」 › 操作「提出同意意见」 › 须另一人办理：领办",
            "Added flow › step “Reviewed at the station” › action “Recommend approval” › "
            "another person than for: Claim",
        ),
        (
            with_action("recommend", needs=["note"]),
            "流程 › 环节「受理审查」 › 操作「提出同意意见」 › 前提：由「已领办、协办全部完成」改为「写明情况」",
            "flow › step “Reviewed at the station” › action “Recommend approval” › needs: "
            "from “the matter claimed, all tasks done” to “a note”",
        ),
        (
            world.body(checks=["record_check"]),
            "新增事项 › 协办核查：无犯罪记录核验",
            "Added service › parallel checks: Criminal-record check",
        ),
        (
            world.body(decides="bureau"),
            "事项 › 决定层级：由「分局」改为「市局」",
            "service › who decides: from “the branch” to “the bureau”",
        ),
        (
            world.body(auto={"has_children": False}),
            "新增事项 › 即时签发条件：有无子女随迁：否",
            "Added service › condition to issue at once: Children along?: no",
        ),
    ],
)
def test_everything_is_called_by_its_name(new, zh, en):
    told = said(world.BODY, new)
    assert (told[0].zh, told[0].en) == (zh, en)
    assert len(told) <= 2  # a check stands in the service and in the step that opens it


def test_a_condition_is_told_as_one():
    field = world.BODY.service.fields["children"].model_copy(update={"required": {"has_children": True}})
    page = world.BODY.service.form[0].model_copy(update={"fields": [*world.BODY.service.form[0].fields[:-1], field]})
    service = world.BODY.service.model_copy(update={"form": [page, *world.BODY.service.form[1:]]})
    (told,) = said(world.BODY, world.BODY.model_copy(update={"service": service}))
    assert told.zh == "事项 › 表单页「您的配偶」 › 项目「随迁子女」 › 必填：由「是」改为「有无子女随迁：是」"


def test_every_key_of_the_files_has_a_word():
    kinds = [kind for kind in vars(schema).values() if isinstance(kind, type) and issubclass(kind, schema.Strict)]
    keys = {key for kind in kinds for key in kind.model_fields}
    assert keys - comparing._read("words.yaml").keys() == set()
