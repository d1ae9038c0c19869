"""SpiffWorkflow 3.2 on the same procedure: read the state under a row lock, complete a task, write back, commit.

The process is the flow `reviewed` of the catalogue written out as executable BPMN: a user task for each state, a
gateway behind it that follows the action taken. Its data are the answers of the same form as ours.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import psycopg
import yaml
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState

from bench.bulk import FORM

FLOW = Path("minjing/kernel/matters/catalog/flows/reviewed.yaml")
CREATE = "CREATE TABLE IF NOT EXISTS spiff (id bigserial PRIMARY KEY, state text NOT NULL, done boolean NOT NULL)"
LIFE = ("claim", "recommend", "claim", "return", "claim", "recommend", "claim", "approve")


def prepare(_client: int) -> Callable[[], None]:
    """Return a step: begin an instance, or take the next action in it."""
    serializer, spec, connection = opened()
    row = 0
    actions = cycle((None, *LIFE))

    def step() -> None:
        nonlocal row
        action = next(actions)
        if action is None:
            text = begun(serializer, spec)
            row = connection.execute(
                "INSERT INTO spiff (state, done) VALUES (%s, false) RETURNING id", [text]
            ).fetchone()[0]
            connection.commit()
            return
        (text,) = connection.execute("SELECT state FROM spiff WHERE id = %s FOR UPDATE", [row]).fetchone()
        text, finished = moved(serializer, text, action)
        connection.execute("UPDATE spiff SET state = %s, done = %s WHERE id = %s", [text, finished, row])
        connection.commit()
        assert finished == (action == "approve")

    return step


def opened() -> tuple[BpmnWorkflowSerializer, Any, psycopg.Connection[Any]]:
    """Return the serializer, the process and a connection to the database that keeps its instances."""
    serializer = BpmnWorkflowSerializer(registry=BpmnWorkflowSerializer.configure())
    parser = BpmnParser()
    parser.add_bpmn_io(io.BytesIO(diagram(yaml.safe_load(FLOW.read_text(encoding="utf-8"))).encode()))
    connection = psycopg.connect(os.environ["DATABASE_URL"])
    connection.execute(CREATE)
    connection.commit()
    return serializer, parser.get_spec("reviewed"), connection


def begun(serializer: BpmnWorkflowSerializer, spec: Any) -> str:
    """Return the state of a new instance."""
    workflow = BpmnWorkflow(spec)
    workflow.data.update(FORM)
    workflow.do_engine_steps()
    return str(serializer.serialize_json(workflow))


def moved(serializer: BpmnWorkflowSerializer, text: str, action: str) -> tuple[str, bool]:
    """Return the state of an instance after the next action in it, and whether that was the last."""
    workflow = serializer.deserialize_json(text)
    task = workflow.get_tasks(state=TaskState.READY, manual=True)[0]
    task.data["action"] = action
    task.run()
    workflow.do_engine_steps()
    return serializer.serialize_json(workflow), workflow.is_completed()


def diagram(flow: dict[str, Any]) -> str:
    """Return a flow of the catalogue as executable BPMN 2.0."""
    parts, lines = ['<startEvent id="start"/>'], [("start", flow["start"], "")]
    for name, state in flow["states"].items():
        if state.get("final"):
            parts.append(f'<endEvent id="{name}"/>')
            continue
        way = f"{name}_way"
        stays = f"{name}-stays"
        parts.append(f'<userTask id="{name}"/><exclusiveGateway id="{way}" default="{stays}"/>')
        lines.append((name, way, ""))
        for action, spec in state["actions"].items():
            goal = flow["start"] if spec.get("to") == "back" else spec.get("to")
            if goal and goal != name:
                lines.append((way, goal, action))
        parts.append(f'<sequenceFlow id="{stays}" sourceRef="{way}" targetRef="{name}"/>')  # claim, put back, …
    for number, (start, goal, action) in enumerate(lines):
        condition = f"<conditionExpression>action == '{action}'</conditionExpression>" if action else ""
        parts.append(
            f'<sequenceFlow id="f{number}" sourceRef="{start}" targetRef="{goal}">{condition}</sequenceFlow>'
        )
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="bench">'
        f'<process id="reviewed" isExecutable="true">{"".join(parts)}</process></definitions>'
    )
