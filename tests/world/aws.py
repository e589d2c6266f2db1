"""Step Functions and Lambda, played by AWS's own rules.

A Standard execution's name starts once, an Express one every time; an asynchronous invocation that dies is delivered
twice more; completion events come as often, as late and in whatever order the scenario says.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.world.deliveries import MACHINE_ARN
from tests.world.wire import refused

if TYPE_CHECKING:
    from tests.world.stack import World


# How long AWS remembers a redrive's token, in milliseconds.
TOKEN_LIFETIME = 15 * 60_000


class States:
    """Step Functions: `express` counts runs by name, `standard` holds executions by ARN."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.express: Counter[str] = Counter()
        self.standard: dict[str, dict[str, Any]] = {}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:  # noqa: A002, N803
        if stateMachineArn == MACHINE_ARN:
            self._world.machine.start(name, input)
            return {"executionArn": f"{stateMachineArn}:{name}", "startDate": self._now()}
        self._world.must_be_written(name)
        arn = f"{stateMachineArn.replace(':stateMachine:', ':execution:')}:{name}"
        old = self.standard.get(arn)
        if old and (old["status"] != "RUNNING" or old["input"] != input):
            raise refused("ExecutionAlreadyExists")
        if not old:
            self.standard[arn] = {"status": "RUNNING", "startDate": self._now(), "input": input, "name": name}
            self._world.clock.later(
                self._world.run_seconds, lambda: self.end(arn, self._world.run_ends, 0), awaited=False
            )
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

    def redrive_execution(self, *, executionArn: str, clientToken: str) -> dict[str, Any]:  # noqa: N803
        if executionArn not in self.standard:
            raise refused("ExecutionDoesNotExist")
        execution = self.standard[executionArn]
        tokens: dict[str, float] = execution.setdefault("tokens", {})
        now = self._world.clock.at
        if clientToken in tokens and now - tokens[clientToken] < TOKEN_LIFETIME:
            return {"redriveDate": execution["redriveDate"]}
        if execution["status"] in {"RUNNING", "SUCCEEDED"}:
            raise refused("ExecutionNotRedrivable")
        tokens[clientToken] = now
        count = execution.get("redriveCount", 0) + 1
        execution |= {"status": "RUNNING", "redriveCount": count, "redriveDate": self._now()}
        for name in ("stopDate", "error", "cause", "redriveStatus"):
            execution.pop(name, None)
        ends = self._world.redrives_end[min(count, len(self._world.redrives_end)) - 1]
        later = self._world.clock.later
        later(self._world.run_seconds, lambda: self.end(executionArn, ends, count), awaited=False)
        return {"redriveDate": execution["redriveDate"]}

    def list_tags_for_resource(self, *, resourceArn: str) -> dict[str, Any]:  # noqa: N803
        return {"tags": [{"key": "flowport:publish", "value": "@all"}]}

    def stop_execution(self, *, executionArn: str, error: str, cause: str) -> dict[str, Any]:  # noqa: N803
        if executionArn not in self.standard:
            raise refused("ExecutionDoesNotExist")
        self.end(executionArn, "ABORTED")
        return {}

    def end(self, arn: str, status: str, attempt: int | None = None) -> None:
        """End a Standard execution's attempt (None: whichever runs), once, and announce it."""
        execution = self.standard[arn]
        if execution["status"] != "RUNNING" or attempt not in {None, execution.get("redriveCount", 0)}:
            return
        execution |= {"status": status, "stopDate": self._now()} | self._result(status)
        execution.setdefault("ends", {})[execution.get("redriveCount", 0)] = (status, self._world.clock.at)
        execution["redriveStatus"] = "NOT_REDRIVABLE" if status == "SUCCEEDED" else "REDRIVABLE"
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
