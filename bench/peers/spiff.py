"""SpiffWorkflow 3.2: read the state under a row lock, complete the next task, serialise, update, commit."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from itertools import pairwise

import psycopg
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState

from bench.bulk import FORM

CREATE = "CREATE TABLE IF NOT EXISTS spiff (id bigserial PRIMARY KEY, state text NOT NULL, done boolean NOT NULL)"
STEPS = 8


def prepare(_client: int) -> Callable[[], None]:
    """Return a step: begin an instance, or complete its open task."""
    serializer = BpmnWorkflowSerializer(registry=BpmnWorkflowSerializer.configure())
    parser = BpmnParser()
    parser.add_bpmn_io(io.BytesIO(diagram().encode()))
    spec = parser.get_spec("matter")
    connection = psycopg.connect(os.environ["DATABASE_URL"])
    connection.execute(CREATE)
    connection.commit()
    row, done = 0, 0

    def step() -> None:
        nonlocal row, done
        if not row:
            workflow = BpmnWorkflow(spec)
            workflow.data.update(FORM)
            workflow.do_engine_steps()
            text = serializer.serialize_json(workflow)
            row = connection.execute(
                "INSERT INTO spiff (state, done) VALUES (%s, false) RETURNING id", [text]
            ).fetchone()[0]
            connection.commit()
            return
        (text,) = connection.execute("SELECT state FROM spiff WHERE id = %s FOR UPDATE", [row]).fetchone()
        workflow = serializer.deserialize_json(text)
        workflow.get_tasks(state=TaskState.READY, manual=True)[0].run()
        workflow.do_engine_steps()
        finished = workflow.is_completed()
        text = serializer.serialize_json(workflow)
        connection.execute("UPDATE spiff SET state = %s, done = %s WHERE id = %s", [text, finished, row])
        connection.commit()
        done += 1
        if finished:
            assert done == STEPS
            row, done = 0, 0

    return step


def diagram() -> str:
    """Return a process of eight user tasks as BPMN 2.0."""
    names = ["start", *(f"step{n}" for n in range(1, STEPS + 1)), "end"]
    tasks = "".join(f'<userTask id="{name}" name="{name}"/>' for name in names[1:-1])
    flows = "".join(
        f'<sequenceFlow id="f{n}" sourceRef="{a}" targetRef="{b}"/>' for n, (a, b) in enumerate(pairwise(names))
    )
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="bench">'
        f'<process id="matter" isExecutable="true"><startEvent id="start"/>{tasks}<endEvent id="end"/>{flows}'
        "</process></definitions>"
    )
