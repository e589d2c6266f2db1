"""Step Functions and Lambda, played by AWS's own rules.

A Standard execution's name starts once, an Express one every time; an asynchronous invocation that dies is delivered
twice more; completion events come as often, as late and in whatever order the scenario says.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.world.wire import refused

if TYPE_CHECKING:
    from tests.world.stack import World


class States:
    """Step Functions: `express` counts runs by name, `standard` holds executions by ARN."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.express: Counter[str] = Counter()
        self.standard: dict[str, dict[str, Any]] = {}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:  # noqa: A002, N803
        self._world.must_be_written(name)
        arn = f"{stateMachineArn.replace(':stateMachine:', ':execution:')}:{name}"
        old = self.standard.get(arn)
        if old and (old["status"] != "RUNNING" or old["input"] != input):
            raise refused("ExecutionAlreadyExists")
        if not old:
            self.standard[arn] = {"status": "RUNNING", "startDate": self._now(), "input": input, "name": name}
            self._world.clock.later(self._world.run_seconds, lambda: self.end(arn, self._world.run_ends), awaited=False)
        return {"executionArn": arn, "startDate": self.standard[arn]["startDate"]}

    def start_sync_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:  # noqa: A002, N803
        self._world.must_be_written(name)
        self.express[name] += 1
        begun = self._now()
        self._world.clock.sleep(1)
        arn = f"{stateMachineArn.replace(':stateMachine:', ':express:')}:{name}:run-{self.express[name]}"
        answer = {
            "executionArn": arn,
            "status": self._world.run_ends,
            "startDate": begun,
            "stopDate": self._now(),
        }
        return answer | self._result(self._world.run_ends)

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        if executionArn not in self.standard:
            raise refused("ExecutionDoesNotExist")
        return self.standard[executionArn]

    def stop_execution(self, *, executionArn: str, error: str, cause: str) -> dict[str, Any]:  # noqa: N803
        if executionArn not in self.standard:
            raise refused("ExecutionDoesNotExist")
        self.end(executionArn, "ABORTED")
        return {}

    def end(self, arn: str, status: str) -> None:
        """End a Standard execution, once, and announce it."""
        execution = self.standard[arn]
        if execution["status"] != "RUNNING":
            return
        execution |= {"status": status, "stopDate": self._now()} | self._result(status)
        self._world.announce(arn, execution)

    def _result(self, status: str) -> dict[str, Any]:
        match status:
            case "SUCCEEDED":
                return {"output": self._world.output}
            case "FAILED":
                return {"error": "Orders.Empty", "cause": "There is nothing to order."}
        return {}

    def _now(self) -> datetime:
        return datetime.fromtimestamp(int(self._world.clock.at) / 1000, UTC)


class Functions:
    """Lambda: hands a payload to the function that is named."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        job_id = Payload.decode().split('"')[3]
        self._world.deliver(lambda: self._world.run_detached(job_id))
        return {"StatusCode": 202}
