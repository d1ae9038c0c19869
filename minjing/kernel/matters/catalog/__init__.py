"""The catalogue: service and flow files read, proved, published; versions compared in words."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from pydantic import ValidationError

from minjing.base import conditions
from minjing.base.canonical import canonical
from minjing.kernel.matters import plugs
from minjing.kernel.matters.catalog.comparing import diff as diff
from minjing.kernel.matters.catalog.fees import lint_fee, with_fee
from minjing.kernel.matters.catalog.names import faults
from minjing.kernel.matters.rules import PAYING, main_line
from minjing.kernel.matters.schema import Body, Flow, FormField, Page, Service, State, Text

FLOWS = Path(__file__).parent / "flows"
ORIGINALS = "originals_check"  # the switch of a city, and the mark of the state that it switches on
ABOUT_ORIGINALS = ("originals_asked", "originals_lapsed")  # the notices of that state
RECOMMEND = Text(zh="提出同意意见", en="Recommend approval")


class WrongFile(Exception):
    """A file of the catalogue that cannot be used: path, line and reason."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")
        self.path, self.line, self.reason = path, line, reason


def load(
    folders: Iterable[Path] | None = None,
    city: Mapping[str, Any] | None = None,
    posts: Collection[str] | None = None,
) -> list[Body]:
    """Return every service of the folders with its flow, as this city has it; raise WrongFile.

    `posts` are the codes of the city's posts, for the names of posts in the files to be proved.
    """
    folders = list(folders if folders is not None else plugs.CATALOGUES)
    shared = [FLOWS, *(folder / "flows" for folder in folders)]  # a module may bring flows of its own
    flows = {flow.flow: flow for flow in (_read(path, Flow) for place in shared for path in _yaml_files(place))}
    bodies: dict[str, Body] = {}
    for folder in folders:
        for path in _yaml_files(folder):
            service = _read(path, Service)
            if service.flow not in flows:
                raise WrongFile(path, _line_of(path, ("flow",)), f"no flow is called {service.flow!r}")
            if service.code in bodies:
                raise WrongFile(path, 1, f"{service.code} stands in another file already")
            for place, reason in faults(service, posts):
                raise WrongFile(path, _line_of(path, place), f"{'.'.join(map(str, place))}: {reason}")
            bodies[service.code] = compose(service, flows[service.flow], city or {})
    _look_at_switches(city or {}, bodies)
    return [bodies[code] for code in sorted(bodies)]


def _look_at_switches(city: Mapping[str, Any], bodies: Mapping[str, Body]) -> None:
    """Raise WrongFile for a service in the city's file that is none, or that cannot check originals."""
    for n, code in enumerate(city.get(ORIGINALS) or []):
        flow = bodies[code].flow if code in bodies else None
        if flow is None or not any(state.optional == ORIGINALS for state in flow.states.values()):
            path = settings.CITY_DIR / "city.yaml"
            reason = f"{code} has no station that checks originals" if flow else f"no service is called {code!r}"
            raise WrongFile(path, _line_of(path, (ORIGINALS, n)), f"{ORIGINALS}: {reason}")


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.yaml") if "flows" not in path.parts or folder.name == "flows")


def _read(path: Path, shape: Any) -> Any:
    text = path.read_text(encoding="utf-8")
    try:
        data = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise WrongFile(path, line, str(error.problem)) from None
    if not isinstance(data, dict):
        raise WrongFile(path, 1, "the file must be a mapping")
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise WrongFile(path, _line_of(path, first["loc"]), f"{where}: {first['msg']}") from None


def _line_of(path: Path, loc: tuple[Any, ...]) -> int:
    """Return the line on which the value at `loc` begins, or its nearest parent."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    line = 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if k.value == str(part)]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


# ---- composing ------------------------------------------------------------------------------------------

OFFICE = Page(
    page="office",
    title=Text(zh="由哪个派出所办理", en="Which police station handles it"),
    help=Text(
        zh="一般是户口所在地（迁入的为拟落户地）的派出所。",
        en="As a rule the station of the household’s address; for a move in, of the new address.",
    ),
    fields=[
        FormField(
            name="office",
            type="place",
            label=Text(zh="办理派出所", en="Police station"),
            prefill="register.office",
        )
    ],
)


def compose(service: Service, flow: Flow, city: Mapping[str, Any]) -> Body:
    """Return the procedure as this city has it: its switches applied, the office asked for."""
    switched_on = service.code in (city.get(ORIGINALS) or [])
    states = _with_originals(flow) if switched_on else _without_optional(flow)
    if not switched_on:
        flow = flow.model_copy(
            update={"notices": {k: text for k, text in flow.notices.items() if k not in ABOUT_ORIGINALS}}
        )
    if service.form and service.received_by == "station" and "office" not in service.fields:
        service = service.model_copy(update={"form": [*service.form[:-1], OFFICE, *service.form[-1:]]})
    if switched_on:
        service = service.model_copy(update={"auto": None})
    if service.checks:
        start = states[flow.start]
        states = {**states, flow.start: start.model_copy(update={"tasks": [*start.tasks, *service.checks]})}
    kept = {"name": city.get("name", {}), ORIGINALS: switched_on}
    return Body(service=service, flow=with_fee(service, flow, states), city=kept)


def _without_optional(flow: Flow) -> dict[str, State]:
    return {name: state for name, state in flow.states.items() if not state.optional}


def _with_originals(flow: Flow) -> dict[str, State]:
    """Return the states with the strong action of the first leading to the station "check originals".

    Where that action is the decision itself it becomes a recommendation: the originals come before the decision.
    """
    name = next((key for key, state in flow.states.items() if state.optional == ORIGINALS), None)
    if name is None:
        return flow.states
    start = flow.states[flow.start]
    instead = {"to": name, "effect": False, "tells": ABOUT_ORIGINALS[0], "title": RECOMMEND}
    actions = dict(
        ("recommend", spec.model_copy(update=instead)) if spec.strong else (key, spec)
        for key, spec in start.actions.items()
        if spec.by != "system"
    )
    return {**flow.states, flow.start: start.model_copy(update={"actions": actions})}


def fingerprint(body: Body) -> str:
    """Return the SHA-256 of the canonical body: the same texts and rules, the same fingerprint."""
    return hashlib.sha256(canonical(body.model_dump(mode="json"))).hexdigest()


# ---- proving --------------------------------------------------------------------------------------------


def lint(bodies: Iterable[Body], posts: set[str] | None = None) -> list[str]:
    """Return what is wrong with the procedures, a sentence each; empty when they may be published."""
    found: list[str] = []
    for body in bodies:
        name = body.service.code
        found += [f"{name}: {problem}" for problem in _lint_flow(body, posts)]
        found += [f"{name}: {problem}" for problem in _lint_form(body.service)]
        found += [f"{name}: {problem}" for problem in _lint_end(body)]
        found += [f"{name}: {problem}" for problem in _lint_levels(body)]
        found += [f"{name}: {problem}" for problem in lint_fee(body)]
    return found


# Steps of an applicant that are no action of a flow: beginning and sending the form, paying, choosing a visit.
STEPS = frozenset({"draft", "submit", "pay", "book"})


def _lint_levels(body: Body) -> Iterable[str]:
    if isinstance(body.service.identity, int):
        return
    states = body.flow.states.values()
    known = STEPS | {name for s in states for name, spec in s.actions.items() if spec.by == "applicant"}
    for step in sorted(body.service.identity.keys() - known):
        yield f"identity: the applicant has no step {step!r}"


def _lint_flow(body: Body, posts: set[str] | None) -> Iterable[str]:
    flow, states = body.flow, body.flow.states
    if flow.start not in states:
        yield f"the flow starts at {flow.start!r}, which is no state"
        return
    reached, ahead = set(), [flow.start, *({PAYING} & states.keys())]
    while ahead:
        name = ahead.pop()
        if name in reached:
            continue
        reached.add(name)
        for action, spec in states[name].actions.items():
            if spec.to not in ("", "back") and spec.to not in states:
                yield f"{name}.{action} leads to {spec.to!r}, which is no state"
            elif spec.to not in ("", "back"):
                ahead.append(spec.to)
            if spec.tells and spec.tells not in flow.notices:
                yield f"{name}.{action} tells {spec.tells!r}, which has no text"
    for name in sorted(states.keys() - reached):
        yield f"state {name} cannot be reached"
    for name, state in states.items():
        yield from _lint_state(body, name, state, posts)
    shares = sum(state.share for state in states.values() if isinstance(state.share, int))
    if shares > 100:
        yield f"the steps take {shares} % of the legal limit"


def _lint_state(body: Body, name: str, state: State, posts: set[str] | None) -> Iterable[str]:
    if not state.final and not any(spec.to for spec in state.actions.values()):
        yield f"state {name} is a dead end"
    if state.final and not state.outcome:
        yield f"the final state {name} has no outcome"
    if state.lapses_after and state.lapses_to not in body.flow.states:
        yield f"state {name} lapses to {state.lapses_to!r}, which is no state"
    if body.service.received_by == "bureau" and state.level in ("station", "branch"):
        yield f"state {name} is at a {state.level}, but the bureau itself receives the matter"
    if any(spec.to == "back" for spec in state.actions.values()) and not _knows_the_way_back(body.flow, name):
        yield f"state {name} leads back, but neither pauses nor takes up decisions alone"
    acting = {state.post, *(spec.post for spec in state.actions.values())} - {""}
    if not state.final and not state.pauses and not state.post:
        yield f"state {name} has no post that acts"
    if posts is not None:
        for post in acting:
            real = f"{body.service.decides}_approver" if post == "decides_approver" else post
            if real not in posts:
                yield f"no city post is called {real!r} (state {name})"
    for task in state.tasks:
        if task not in body.flow.tasks:
            yield f"state {name} opens the task {task!r}, which is not described"


def _knows_the_way_back(flow: Flow, name: str) -> bool:
    """Say whether a matter in this state knows where it came from: it rests there, or a decision was taken up."""
    before = [s.final for s in flow.states.values() if any(spec.to == name for spec in s.actions.values())]
    return bool(flow.states[name].pauses) or (bool(before) and all(before) and name != flow.start)


def _lint_form(service: Service) -> Iterable[str]:
    fields = service.fields
    if len(fields) != sum(len(page.fields) for page in service.form):
        yield "two fields have the same name"
    shown = [(f"page {page.page}", page.show) for page in service.form]
    shown += [(f"field {f.name}", f.show) for f in fields.values()]
    shown += [(f"field {f.name}", f.required) for f in fields.values() if isinstance(f.required, dict)]
    shown += [(f"material {m.name}", m.when) for m in service.materials]
    shown += [(f"prefill of {f.name}", source.when) for f in fields.values() for source in f.sources]
    shown += [(f"paper {p.certificate}", p.when) for p in (service.grants.instead if service.grants else ())]
    shown.append(("auto", service.auto))
    for where, condition in shown:
        for unknown in sorted(conditions.fields_of(condition) - fields.keys()):
            yield f"{where}: there is no field {unknown!r}"
        for name, value in conditions.values_of(condition):
            options = {o.value for o in fields[name].options} if name in fields else set()
            if options and str(value) not in options:
                yield f"{where}: {name} has no option {value!r}"
    if service.about and service.about not in fields:
        yield f"about: there is no field {service.about!r}"
    names = [material.name for material in service.materials]
    if len(names) != len(set(names)):
        yield "two materials have the same name"


def _lint_end(body: Body) -> Iterable[str]:
    service = body.service
    if not service.form:
        return
    runs = any(spec.effect for state in body.flow.states.values() for spec in state.actions.values())
    if runs and service.effect not in plugs.EFFECTS:
        yield f"no module offers the effect {service.effect!r}"
    if runs and service.grants is None:
        yield "the matter ends in no paper"
    for named, offered in ((service.accepts, plugs.ACCEPTS), (service.excludes, plugs.EXCLUDES)):
        if named and named not in offered:
            yield f"no module offers {named!r}"
    for material in service.materials:
        if material.check and material.check not in plugs.PAPER_CHECKS:
            yield f"material {material.name}: no module offers the check {material.check!r}"
    steps = [spec.does for state in body.flow.states.values() for spec in state.actions.values()]
    for act in sorted({service.on_submit, *steps} - {"", *plugs.STEP_ACTS}):
        yield f"no module offers the act {act!r}"
    end = body.flow.states[main_line(body)[-1]]
    if not end.final:
        yield "the line of stations does not end"
