"""Read what one state of a run gave out, from the execution's own history: kept steps hold no outputs."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from flowport.domain.errors import NotFound, PayloadNotKept
from flowport.domain.job import Job
from flowport.domain.numbers import JobNumber
from flowport.usecases.access import Access, Caller
from flowport.usecases.read_jobs import NO_EXPRESS_HISTORY, JobReader

_EXITED: Final = "StateExited"


@dataclass(frozen=True, slots=True)
class ReadTaskOutput:
    """A request for the output of the state that is called `task`."""

    reference: str | JobNumber
    task: str


@dataclass(frozen=True, slots=True)
class TaskOutput:
    """The output as JSON text: of a state that was gone through several times, the latest one's."""

    job: Job
    output: str


@dataclass(frozen=True, slots=True)
class TaskOutputReader:
    """The use case. It reads only."""

    access: Access
    reader: JobReader

    def __call__(self, caller: Caller, command: ReadTaskOutput) -> TaskOutput:
        """Give the output, or say why there is none.

        Raises:
            NotFound: the run has not finished that state, or nothing tells what the state gave out.
            PayloadNotKept: the endpoint keeps no payloads, or not any more; what AWS still has is not shown either.
        """
        _, job = self.access.to_read_job(caller, command.reference)
        if job.payloads != "kept":
            message = "The outputs of this job are not kept" + (" any more." if job.payloads == "expired" else ".")
            raise PayloadNotKept(message)
        history = self.reader.history(job, caller.answer_by)
        if history is None:
            raise NotFound(NO_EXPRESS_HISTORY)
        left = (
            event for event in history if event.type.endswith(_EXITED) and event.details.get("name") == command.task
        )
        latest = deque(left, maxlen=1)
        if not latest:
            message = (
                f"The run has not finished a task {command.task!r}, or its history is over: AWS keeps it for 90 days."
            )
            raise NotFound(message)
        details = latest[0].details
        output, told = details.get("output"), details.get("outputDetails") or {}
        if not isinstance(output, str) or told.get("truncated"):
            message = (
                f"The history does not hold the output of {command.task!r}: the machine's log leaves the data of its "
                "executions out, or cuts it."
            )
            raise NotFound(message)
        return TaskOutput(job, output)
