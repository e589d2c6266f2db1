"""Hand a job over to the function that runs it, by asynchronous invocation."""

import json
from collections.abc import Callable
from typing import Final

from flowport.adapters.aws import AnyClient, repeat
from flowport.usecases.ports import Clock

WHAT: Final = "The function for detached runs (Lambda)"
HAND_OVER_WITHIN_SECONDS: Final = 6.0


class LambdaDetached:
    """Detached Express runs in a Lambda function. The client is made when it is first needed."""

    def __init__(self, client: Callable[[], AnyClient], function: str, clock: Clock) -> None:
        """Keep how to get the client, and the function's name."""
        self._client = client
        self._function = function
        self._clock = clock

    def start(self, job_id: str) -> None:
        """Invoke with type Event; a repetition is harmless, as the claim lets one invocation through."""
        client = self._client()
        payload = json.dumps({"job_id": job_id}).encode()
        repeat(
            lambda: client.invoke(FunctionName=self._function, InvocationType="Event", Payload=payload),
            what=WHAT,
            clock=self._clock,
            deadline=self._clock.monotonic() + HAND_OVER_WITHIN_SECONDS,
            attempt_seconds=3.0,
        )
