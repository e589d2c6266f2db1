"""Hand work over to a function of Flowport's own, by asynchronous invocation."""

import json
from collections.abc import Callable
from typing import ClassVar, Final

from flowport.adapters.aws import AnyClient, repeat
from flowport.usecases.ports import Clock

HAND_OVER_WITHIN_SECONDS: Final = 6.0


class _Handover:
    """One function, invoked with the one text that it needs. The client is made when it is first needed."""

    what: ClassVar[str]
    member: ClassVar[str]

    def __init__(self, client: Callable[[], AnyClient], function: str, clock: Clock) -> None:
        """Keep how to get the client, and the function's name."""
        self._client = client
        self._function = function
        self._clock = clock

    def start(self, text: str) -> None:
        """Invoke with type Event; a repetition must be harmless to what is invoked."""
        client = self._client()
        payload = json.dumps({self.member: text}).encode()
        repeat(
            lambda: client.invoke(FunctionName=self._function, InvocationType="Event", Payload=payload),
            what=self.what,
            clock=self._clock,
            deadline=self._clock.monotonic() + HAND_OVER_WITHIN_SECONDS,
            attempt_seconds=3.0,
        )


class LambdaDetached(_Handover):
    """The function for detached Express runs, by job id; the claim lets one invocation through."""

    what = "The function for detached runs (Lambda)"
    member = "job_id"


class LambdaSender(_Handover):
    """The function that answers parked runs, by callback key; Step Functions takes one answer a token."""

    what = "The function that resumes runs (Lambda)"
    member = "key"
