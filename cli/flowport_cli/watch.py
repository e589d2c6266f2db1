"""Following a job until it ends: the job by long polls, its steps in between.

    GET job ── ended? ── GET steps ── GET job?wait=1 ── ended? ── GET steps ── GET job?wait=2 ── … ── wait=25 ──

Steps come only between two polls, so while there are any the polls start short; without steps they are as long as the
API allows.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any, Final

from flowport_cli.client import Answer, Client
from flowport_cli.errors import About, ExitCode, ProblemAnswer, StillRunning, Unreachable
from flowport_cli.progress import Progress
from flowport_cli.session import Tools

MAX_WAIT: Final = 25
ENDED: Final = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"})

_WAITS_WITH_STEPS: Final = (1, 2, 3, 5, 8, 13, 20)
_READ_MARGIN: Final = 15
_FAILURES_IN_A_ROW: Final = 5
# An API that does not hold the answer must not be asked all the time.
_SHORTEST_ROUND: Final = 1.0


@dataclass(slots=True)
class Watch:
    """One job being followed."""

    client: Client
    tools: Tools
    progress: Progress
    timeout: float | None = None
    _started: float = field(default=0.0, init=False)
    _steps_wanted: bool = field(default=True, init=False)

    def until_end(self, job_id: str) -> Answer:
        """Follow the job; give the answer that showed its end.

        Raises:
            StillRunning: the timeout passed first.
            ProblemAnswer: the job cannot be read.
            Unreachable: the API has not been reachable for a while.
        """
        self._started = self.tools.monotonic()
        answer = self._read(job_id, wait=None)
        waits = self._waits()
        while True:
            job = answer.document()
            # The id that a gateway timeout gives finds the job; from here on its own id does.
            job_id = str(job.get("id") or job_id)
            self.progress.show(job, self._steps(job_id, job))
            if job.get("status") in ENDED:
                return answer
            answer = self._read(job_id, wait=self._within_timeout(next(waits), job_id))

    def _waits(self) -> Iterator[int]:
        for wait in chain(_WAITS_WITH_STEPS, repeat(MAX_WAIT)):
            yield wait if self._steps_wanted else MAX_WAIT

    def _within_timeout(self, wait: int, job_id: str) -> int:
        if self.timeout is None:
            return wait
        left = self.timeout - (self.tools.monotonic() - self._started)
        if left <= 0:
            raise StillRunning(
                f"The job {job_id} has not ended within {self.timeout:g} s; it goes on.",
                hint=f"flowport jobs watch {job_id}",
            )
        return min(wait, math.ceil(left))

    def _read(self, job_id: str, wait: int | None) -> Answer:
        """Read the job, holding the answer for `wait` seconds; passing failures are tried again."""
        failures = 0
        while True:
            began = self.tools.monotonic()
            try:
                answer = self.client.send(
                    "GET",
                    "v1",
                    "jobs",
                    job_id,
                    query=[("wait", str(wait))] if wait else [],
                    about=About(listing="flowport jobs list"),
                    read_timeout=(wait or MAX_WAIT) + _READ_MARGIN,
                )
            except (Unreachable, ProblemAnswer) as error:
                failures += 1
                if failures >= _FAILURES_IN_A_ROW or not _passing(error):
                    raise
                self.progress.note(f"{error.message} Trying again.")
                self.tools.sleep(_pause(error, failures))
                continue
            short = _SHORTEST_ROUND - (self.tools.monotonic() - began)
            if wait and short > 0 and answer.document().get("status") not in ENDED:
                self.tools.sleep(short)
            return answer

    def _steps(self, job_id: str, job: dict[str, Any]) -> Sequence[dict[str, Any]]:
        """Read the steps so far; none for a run that AWS keeps no history of."""
        if not self._steps_wanted or job.get("status") == "ACCEPTED":
            return []
        try:
            steps = self.client.send("GET", "v1", "jobs", job_id, "steps").document().get("steps")
        except (Unreachable, ProblemAnswer):
            return []  # they are an extra: the job itself says whether something is wrong
        self._steps_wanted = isinstance(steps, list)
        return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []


def exit_code_of(job: dict[str, Any]) -> ExitCode:
    """Give the exit code that says how a job stands."""
    status = job.get("status")
    if status not in ENDED:
        return ExitCode.STILL_RUNNING
    return ExitCode.OK if status == "SUCCEEDED" else ExitCode.WORKFLOW_FAILED


def _passing(error: Unreachable | ProblemAnswer) -> bool:
    return isinstance(error, Unreachable) or error.problem.status in {429, 500, 502, 503, 504}


def _pause(error: Unreachable | ProblemAnswer, failures: int) -> float:
    asked = error.problem.retry_after if isinstance(error, ProblemAnswer) else None
    return min(float(asked) if asked and asked.isdigit() else 2.0**failures, 30.0)
