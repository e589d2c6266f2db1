"""The machine that delivers callbacks, played state by state, and the receiver that it delivers to."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError

from flowport.adapters.delivery_log import DynamoDeliveryLog
from flowport.dialects.native.answers import job_document
from flowport.domain.webhooks import CallbackUrl
from flowport.usecases.deliver_callback import DeliverCallback, Due
from flowport.usecases.ports import Posted
from tests.fakes import FakeSecrets
from tests.world.wire import ProcessDied

if TYPE_CHECKING:
    from tests.world.stack import World

MACHINE_ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:flowport-deliver"
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
PAUSES = (5, 300)
# The machine's own Retry, in statemachines/deliver-callback.asl.json.
RETRIES = 12
RETRY_SECONDS = 5


@dataclass(frozen=True)
class Received:
    """One message as the receiver got it, and what it answered."""

    message: str
    status: str
    answered: int


class Receiver:
    """Answers with `answers` in order, the last one again and again."""

    def __init__(self, answers: tuple[int, ...]) -> None:
        self.answers = list(answers)
        self.received: list[Received] = []

    def post(self, *, headers: Mapping[str, str], body: bytes) -> int:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.received.append(Received(headers["webhook-id"], json.loads(body)["status"], answer))
        return answer


class _Outbound:
    """The way to the receiver, which breaks as any call does; what it cannot reach, it says."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def post(self, target: CallbackUrl, headers: Mapping[str, str], body: bytes) -> Posted:
        try:
            return Posted(status=self._client.post(headers=headers, body=body))
        except (ClientError, ReadTimeoutError):
            return Posted(error="timed-out")


class Machine:
    """Executions by name: started once each, and gone through as the definition says."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.executions: dict[str, str] = {}

    def start(self, name: str, text: str) -> None:
        if name not in self.executions:
            self.executions[name] = "RUNNING"
            states = self._states(name, json.loads(text))
            self._world.clock.later(0.05, lambda: self._go_on(states))

    def _go_on(self, states: Iterator[float]) -> None:
        if (pause := next(states, None)) is not None:
            self._world.clock.later(pause, lambda: self._go_on(states))

    def _states(self, name: str, event: dict[str, Any]) -> Iterator[float]:
        status = "pending"
        while status == "pending":
            for retry in range(RETRIES + 1):
                try:
                    then = self._invoke(Due(**event))
                    break
                except (ProcessDied, Exception):  # noqa: BLE001  # the function died or failed: Retry
                    if retry == RETRIES:
                        self.executions[name] = "FAILED"
                        return
                    yield RETRY_SECONDS
            status = then.status
            event = {**event, "attempt": event["attempt"] + 1}
            if status == "pending":
                yield then.wait_seconds
        self.executions[name] = "SUCCEEDED"

    def _invoke(self, due: Due) -> Any:
        process = self._world.process("deliver_callback")
        log = DynamoDeliveryLog(process.dynamodb, self._world.table, process.clock)
        outbound = _Outbound(process.receiver)
        secrets = FakeSecrets(acme=SECRET)
        return DeliverCallback(process.jobs, log, secrets, outbound, process.clock, PAUSES, job_document)(due)
