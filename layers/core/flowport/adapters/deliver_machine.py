"""Hand callbacks over to the state machine that delivers them."""

import json
from collections.abc import Callable
from typing import Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, error_code, repeat
from flowport.usecases.ports import Clock

WHAT: Final = "The machine that delivers callbacks (Step Functions)"
# Whoever ended a job holds an answer back for this; what then is not handed over, the sweep hands over.
START_WITHIN_SECONDS: Final = 4.0
ATTEMPT_SECONDS: Final = 3.0
_MINUTE: Final = 60_000


def execution_name(job_id: str, number: int, run: int, at: int) -> str:
    """Name the execution that delivers a callback; AWS starts a name once.

    What is sent again is named by its minute too, so that it can be where an execution broke before its first attempt.
    """
    name = f"deliver-{job_id}-{number}"
    return name if run == 0 else f"{name}-r{run}-{at // _MINUTE}"


class DeliverMachine:
    """Deliveries in a Standard machine. The client is made when it is first needed."""

    def __init__(self, client: Callable[[], AnyClient], machine_arn: str, clock: Clock) -> None:
        """Keep how to get the client (one attempt a call), and the machine's ARN."""
        self._client = client
        self._machine_arn = machine_arn
        self._clock = clock

    def start(self, job_id: str, number: int, *, run: int = 0, at: int = 0, deadline: float | None = None) -> None:
        """StartExecution, repeated under the one name: a name that is taken was started before."""
        name = execution_name(job_id, number, run, at)
        due = json.dumps({"job_id": job_id, "number": number, "run": run, "attempt": 1})
        client = self._client()
        until = self._clock.monotonic() + START_WITHIN_SECONDS
        try:
            repeat(
                lambda: client.start_execution(stateMachineArn=self._machine_arn, name=name, input=due),
                what=WHAT,
                clock=self._clock,
                deadline=until if deadline is None else min(until, deadline),
                attempt_seconds=ATTEMPT_SECONDS,
            )
        except ClientError as error:
            if error_code(error) != "ExecutionAlreadyExists":
                raise
