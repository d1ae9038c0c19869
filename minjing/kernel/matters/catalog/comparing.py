"""Two versions of a service compared in words: one sentence a change, everything called by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from minjing.kernel.matters.schema import Body, Text

Names = Mapping[str, Mapping[str, Text]]
YES, NO = Text(zh="是", en="yes"), Text(zh="否", en="no")
IN, LIST = Text(zh=" › ", en=" › "), Text(zh="、", en=", ")


def diff(old: Body, new: Body, posts: Mapping[str, Text] | None = None) -> list[Text]:
    """Return the differences between two versions, a sentence each, in the order of the file.

    `posts` are the names of the city's posts by code; without them a post is called by its code.
    """
    return list(_Compared(old, new, posts or {}).said())


class _Compared:
    """Two versions side by side, with what both call their states, actions, tasks, fields and options."""

    def __init__(self, old: Body, new: Body, posts: Mapping[str, Text]) -> None:
        self._old, self._new = old, new
        self._names = _names(old, new, posts)

    def said(self) -> Iterator[Text]:
        yield from self._walk(self._old.model_dump(mode="json"), self._new.model_dump(mode="json"), "", [])

    def _walk(self, was: Any, now: Any, key: str, path: list[Text]) -> Iterator[Text]:
        was, now = _meant(was), _meant(now)
        if was == now:
            return
        if key in AS_ONE or (_is_leaf(was) and _is_leaf(now)):
            yield _changed(_joined(path, IN), self._value(key, was), self._value(key, now))
        elif key in WHOLE and (was is None or now is None):
            yield self._there_or_gone(key, was, now, path)
        else:
            before, after = _named_parts(was), _named_parts(now)
            for name in [*after, *(name for name in before if name not in after)]:
                part = self._called(key, name, before.get(name) or after.get(name))
                below = [*path[:-1], part] if key in NAMED else [*path, part]
                yield from self._walk(before.get(name), after.get(name), _key_of(key, name), below)

    def _called(self, key: str, name: str, item: Any) -> Text:
        """Return what a part of a file is called: 环节「受理审查」 under the states, 办理时限 under the service."""
        if key in WHOLE_PARENTS:
            return _quoted(_word(key, one=True), _title(item) or Text(zh=name, en=name))
        if name.isdigit():
            return Text(zh=f"第 {name} 项", en=f"no. {name}")
        if key == "notices":
            return _quoted(Text(zh="通知", en="notice"), self._value("tells", name) or NO)
        return _word(name)

    def _value(self, key: str, value: Any) -> Text | None:
        """Return a value in words; None where there is none."""
        if value is None:
            return None
        if isinstance(value, bool):
            return YES if value else NO
        if isinstance(value, list):
            return _joined([self._value(key, item) or NO for item in value], LIST)
        if isinstance(value, Mapping) and {"zh", "en"} <= value.keys():
            return Text(zh=value["zh"], en=value["en"])
        if isinstance(value, Mapping):
            fields = self._names["fields"]
            parts = {n: v for n, v in value.items() if v is not None}
            said = [_set(fields.get(n) or _word(n), self._value(n, v) or NO) for n, v in parts.items()]
            return _joined(said, LIST)
        known = self._names.get(key, {}).get(str(value)) or _values().get(key, {}).get(str(value))
        return known or Text(zh=str(value), en=str(value))

    def _there_or_gone(self, key: str, was: Any, now: Any, path: list[Text]) -> Text:
        """Say that a step, an action, a question … is there anew or no longer, with what it is."""
        item = now if was is None else was
        more = {"state": self._of_state, "action": self._of_action, "page": self._of_page}.get(key)
        about = more(item) if more else None
        place = _joined(path, IN)
        zh, en = (
            (f"新增{place.zh}", f"Added {place.en}") if was is None else (f"删除{place.zh}", f"Removed {place.en}")
        )
        return Text(zh=f"{zh}：{about.zh}", en=f"{en}: {about.en}") if about else Text(zh=zh, en=en)

    def _of_state(self, state: Mapping[str, Any]) -> Text:
        post, level = self._value("post", state["post"] or None), state["level"]
        if post:
            where = self._value("level", level) if level in _values()["level"] else None
            who = _with(post, where) if where else post
            zh, en = f"由{who.zh}办理", f"handled by {who.en}"
        elif state["final"]:
            zh, en = "办件在此结束", "the matter ends here"
        else:
            why = self._value("pauses", state["pauses"]) or Text(zh="—", en="—")
            zh, en = f"{why.zh}，计时暂停", f"{why.en}, the clock stands still"
        acts = _joined([Text(**spec["title"]) for spec in state["actions"].values()], LIST)
        return (
            Text(zh=f"{zh}；操作：{acts.zh}", en=f"{en}; actions: {acts.en}")
            if state["actions"]
            else Text(zh=zh, en=en)
        )

    def _of_page(self, page: Mapping[str, Any]) -> Text:
        return _joined([Text(**field["label"]) for field in page["fields"]], LIST)

    def _of_action(self, spec: Mapping[str, Any]) -> Text:
        who = self._value("post", spec["post"]) if spec["post"] else self._value("by", spec["by"])
        goal = self._value("to", spec["to"] or None)
        assert who is not None
        if goal is None:
            return Text(zh=f"由{who.zh}办理，环节不变", en=f"by {who.en}, the step stays")
        return Text(zh=f"由{who.zh}办理，之后为「{goal.zh}」", en=f"by {who.en}, leads to “{goal.en}”")


# What is told in one sentence where it is new or gone: the key of such a thing, by the key of the list it stands in.
WHOLE_PARENTS = {
    "states": "state",
    "actions": "action",
    "tasks": "task",
    "form": "page",
    "fields": "field",
    "materials": "material",
    "options": "option",
    "refusals": "refusal",
    "items": "item",
    "waivers": "waiver",
    "instead": "paper",
}
WHOLE = frozenset(WHOLE_PARENTS.values())
NAMED = frozenset({*WHOLE_PARENTS, "notices"})  # whose parts bear the word for one of them: 环节「受理审查」
# Conditions and the like: told as one, for a part of them says nothing.
AS_ONE = frozenset({"when", "show", "required", "auto", "rule", "prefill", "identity"})


def _key_of(key: str, name: str) -> str:
    return WHOLE_PARENTS.get(key, name)


def _names(old: Body, new: Body, posts: Mapping[str, Text]) -> Names:
    """Return what both versions call the things that they refer to by a key; the newer name where both have one."""
    states: dict[str, Text] = {}
    actions: dict[str, Text] = {}
    tasks: dict[str, Text] = {}
    fields: dict[str, Text] = {}
    told = {"submitted": Text(zh="提交", en="Submitted")}
    options: dict[str, dict[str, Text]] = {}
    for body in (old, new):
        states |= {name: state.title for name, state in body.flow.states.items()}
        actions |= {name: spec.title for state in body.flow.states.values() for name, spec in state.actions.items()}
        told |= {s.tells: s.title for state in body.flow.states.values() for s in state.actions.values() if s.tells}
        tasks |= {name: task.title for name, task in body.flow.tasks.items()}
        for field in body.service.fields.values():
            fields[field.name] = field.label
            options.setdefault(field.name, {}).update({o.value: Text(zh=o.zh, en=o.en) for o in field.options})
    deciding = posts.get(f"{new.service.decides}_approver", _values()["decides"][new.service.decides])
    return {
        **options,
        "fields": fields,
        "to": states,
        "lapses_to": states,
        "start": states,
        "not_by": actions,
        "tasks": tasks,
        "checks": tasks,
        "post": {**posts, "decides_approver": _with(Text(zh="审批岗位", en="approver"), deciding)},
        "level": {"decides": Text(zh="决定层级", en="the level that decides")},
        "seen_by": posts,
        "tells": told,
        "flow": {body.flow.flow: body.flow.title for body in (old, new)},
    }


def _meant(value: Any) -> Any:
    """Return None for what says nothing: a key that is left out and one that is empty are the same."""
    return None if value in (None, "", False, [], {}) else value


def _is_leaf(value: Any) -> bool:
    """Say whether a value is told as a whole: words, a number, a list of such."""
    if isinstance(value, Mapping):
        return value.keys() == {"zh", "en"}
    return not isinstance(value, list) or all(_is_leaf(item) for item in value)


def _named_parts(value: Any) -> dict[str, Any]:
    """Return what stands in a mapping or a list by name; things of a list without a name by their place."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return {_name_of(item, place): item for place, item in enumerate(listed, 1)}


def _name_of(item: Any, place: int) -> str:
    if isinstance(item, Mapping):
        for key in ("name", "page", "key", "value", "certificate"):
            if isinstance(item.get(key), str):
                return str(item[key])
    return str(place)


def _title(item: Any) -> Text | None:
    """Return what a thing calls itself."""
    if not isinstance(item, Mapping):
        return None
    said = item.get("title") or item.get("label") or item.get("text") or item
    return Text(zh=said["zh"], en=said["en"]) if isinstance(said, Mapping) and {"zh", "en"} <= said.keys() else None


def _changed(place: Text, was: Text | None, now: Text | None) -> Text:
    """Say one difference: what was added, taken away or changed, and where."""
    if was is None and now is not None:
        return Text(zh=f"新增{place.zh}：{now.zh}", en=f"Added {place.en}: {now.en}")
    if now is None and was is not None:
        return Text(zh=f"删除{place.zh}（原为：{was.zh}）", en=f"Removed {place.en} (it was: {was.en})")
    assert was is not None
    assert now is not None
    return Text(zh=f"{place.zh}：由「{was.zh}」改为「{now.zh}」", en=f"{place.en}: from “{was.en}” to “{now.en}”")


def _set(part: Text, value: Text) -> Text:
    return Text(zh=f"{part.zh}：{value.zh}", en=f"{part.en}: {value.en}")


def _joined(words: list[Text], between: Text) -> Text:
    return Text(zh=between.zh.join(w.zh for w in words) or "—", en=between.en.join(w.en for w in words) or "—")


def _with(word: Text, more: Text) -> Text:
    return Text(zh=f"{word.zh}（{more.zh}）", en=f"{word.en} ({more.en})")


def _quoted(word: Text, name: Text) -> Text:
    return Text(zh=f"{word.zh}「{name.zh}」", en=f"{word.en} “{name.en}”")


@cache
def _read(name: str) -> Any:
    return yaml.load((Path(__file__).parent / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@cache
def _values() -> Names:
    read = _read("values.yaml")
    return {key: {value: Text(**said) for value, said in values.items()} for key, values in read.items()}


def _word(key: str, *, one: bool = False) -> Text:
    """Return what a key of the files is called; names made by the file itself stay as they are."""
    said: Mapping[str, str] = _read("words.yaml").get(key, {"zh": key, "en": key})
    return Text(zh=said["zh"], en=said.get("one", said["en"]) if one else said["en"])
