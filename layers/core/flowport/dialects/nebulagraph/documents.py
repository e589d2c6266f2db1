"""Write jobs, their tasks and the rows of a task's result as NebulaGraph Explorer does.

[F] is the vendor's pages on its workflow API, [C] a choice of ours where they say nothing.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from flowport.domain.addresses import endpoint_parts
from flowport.domain.job import Job, Status
from flowport.domain.payload import compact, dumps, elements_of, members_of, quoted
from flowport.domain.steps import Step, StepStatus

# [F] 0 Preparing, 1 Running, 2 Success, 3 Failed, 4 Interrupted, 5 Stopping; [C] which of ours is which. 5 is known in
# filters and never given: who cancels a job ends it at once.
STATUS: Final[dict[Status, int]] = {
    "ACCEPTED": 0,
    "RUNNING": 1,
    "SUCCEEDED": 2,
    "FAILED": 3,
    "TIMED_OUT": 3,
    "ABORTED": 4,
}
STATUSES: Final = range(6)
TASK_STATUS: Final[dict[StepStatus, int]] = {
    "RUNNING": 1,
    "SUCCEEDED": 2,
    "FAILED": 3,
    "CAUGHT": 3,  # [C] the task failed, whatever the workflow made of it
    "ABORTED": 4,
}
NO_TIME: Final = 0  # [C] of a job that has not begun or not ended; its times are numbers


def job_name(endpoint: str, created_at: int) -> str:
    """Name a job [F] by its workflow and its time of creation; [C] in UTC."""
    return f"{workflow_name(endpoint)}_{datetime.fromtimestamp(created_at / 1000, UTC):%Y%m%d%H%M%S}"


def workflow_name(endpoint: str) -> str:
    """Name a workflow: [C] as its endpoint, without the module."""
    return (endpoint_parts(endpoint) or ("", endpoint))[1]


def item(job: Job) -> str:
    """Write a job as lists have it [F]."""
    return _document(job)


def detail(job: Job, steps: Iterable[Step] | None) -> str:
    """Write a job with its tasks [F]: the states that it went through, none where nothing tells [C]."""
    return _document(job, f'"tasks":[{",".join(map(_task, steps or ()))}],')


def _document(job: Job, tasks: str = "") -> str:
    begun, ended = job.started_at or NO_TIME, job.finished_at or NO_TIME
    return (
        f'{{"id":{job.number.value if job.number else 0},"name":{quoted(job_name(job.endpoint, job.created_at))},'
        f'"workflowId":{quoted((job.alias or "").partition(":")[2])},'
        f'"workflowName":{quoted(workflow_name(job.endpoint))},"status":{STATUS[job.status]},{tasks}'
        f'"runBeginTime":{begun},"runEndTime":{ended},"createTime":{job.created_at}}}'
    )


def _task(step: Step) -> str:
    return dumps(
        {
            "id": step.name,
            "name": step.name,
            "runBeginTime": _moment(step.started_at),
            "runEndTime": None if step.finished_at is None else _moment(step.finished_at),  # [C]
            "status": TASK_STATUS[step.status],
        }
    )


def _moment(at: int) -> str:
    """Write RFC 3339 with an offset, in whole seconds [F]; [C] in UTC."""
    return datetime.fromtimestamp(at // 1000, UTC).isoformat(timespec="seconds")


# -- results -----------------------------------------------------------------------------------------------------------


def rows(output: str, limit: int) -> list[str]:
    """Write the first rows of a task's output, each an array of strings [F].

    [C] An array of arrays is a table, and so is an array of objects that all have the same keys, each row the values in
    the order of the first one's; of any other array each element is a row, of an object each key with its value, and
    anything else is one row.
    """
    try:
        cells = _cells(output)
    except (RecursionError, ValueError):  # nested too deeply to be taken apart
        cells = [[output]]
    return [f"[{','.join(map(_cell, row))}]" for row in cells[:limit]]


def _cells(output: str) -> list[list[str]]:
    value: Any = json.loads(output)
    if isinstance(value, dict):
        return [[quoted(name), text] for name, text in members_of(output).items()]
    if not isinstance(value, list):
        return [[output]]
    elements = elements_of(output)
    if all(isinstance(element, list) for element in value):
        return [elements_of(text) for text in elements]
    if all(isinstance(element, dict) and element.keys() == value[0].keys() for element in value):
        columns = list(value[0])
        return [[members[name] for name in columns] for members in map(members_of, elements)]
    return [[text] for text in elements]


def _cell(text: str) -> str:
    """Write a value as a string: a string as it is, anything else as its JSON, numbers in their exact form."""
    text = text.strip()
    return text if text[:1] == '"' else quoted(compact(text))
