"""One stack with one run that parks, its callers and its sweep: the real adapters, and every AWS call breakable.

Step Functions is played by AWS's own rules: each attempt of a state has a task token of its own, a token ends with its
attempt, and takes one answer. A park function that dies is retried, as the sample's Retry has it; what it refuses fails
the run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flowport.adapters.callbacks_table import DynamoCallbackStore
from flowport.adapters.jobs_table import DynamoJobStore
from flowport.adapters.lambda_detached import LambdaDetached, LambdaSender
from flowport.adapters.park_event import command_of
from flowport.adapters.step_functions import StepFunctions
from flowport.adapters.task_tokens import StepFunctionsTaskTokens
from flowport.domain.errors import CallbackRepeated, FlowportError, Unavailable, UnknownOutcome
from flowport.usecases.access import Access, Caller
from flowport.usecases.parked.park_run import ParkRun, Reserve
from flowport.usecases.parked.resume_run import Resume, ResumeRun
from flowport.usecases.parked.send_answer import SendAnswer
from flowport.usecases.parked.sweep_callbacks import SweepCallbacks
from flowport.usecases.stop_job import StopJob
from flowport.usecases.sweep_jobs import SweepJobs
from tests.fakes import ACCOUNT, FakeDirectory, FakeJobStore, FakePasswords, a_job
from tests.world.clock import OffClock, WorldClock
from tests.world.wire import Life, ProcessDied, Wire, refused

RUN = f"{ACCOUNT}:execution:durable:fp-0199b6f2-0000-8000-8000-000000000001"
JOB = a_job(execution_arn=RUN)
STRANGER = Caller(None, None, "default", "192.0.2.1", 0.0)


@dataclass
class Run:
    """A run with one parking state; `token` is the one of the attempt that waits."""

    token: str | None = None
    attempts: int = 0
    ends: list[tuple[str, str]] = field(default_factory=list)


class _Tokens:
    """SendTaskSuccess and SendTaskFailure."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def send_task_success(self, *, taskToken: str, output: str) -> dict[str, Any]:  # noqa: N803
        return self._end(taskToken, ("SUCCEEDED", output))

    def send_task_failure(self, *, taskToken: str, error: str, cause: str) -> dict[str, Any]:  # noqa: N803
        return self._end(taskToken, ("FAILED", error))

    def _end(self, token: str, end: tuple[str, str]) -> dict[str, Any]:
        if token != self._run.token:
            raise refused("TaskTimedOut")
        self._run.token = None
        self._run.ends.append(end)
        return {}


class _Lambda:
    def __init__(self, world: "ParkedWorld") -> None:
        self._world = world

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "resume-run"
        key = Payload.decode().split('"')[3]
        self._world.deliver(lambda: self._world.send_answer(key))
        return {"StatusCode": 202}


class _Process:
    """One invocation of a function; one that died is not used again."""

    def __init__(self, world: "ParkedWorld", ahead: float = 0) -> None:
        clock, life = OffClock(world.clock, ahead), Life()
        database = world.wire.client("dynamodb", world.dynamodb, life)
        states = world.wire.client("states", _Tokens(world.run), life)
        functions = world.wire.client("lambda", _Lambda(world), life)
        callbacks = DynamoCallbackStore(database, world.table, clock)
        sender = LambdaSender(lambda: functions, "resume-run", clock)
        access = Access(FakeDirectory(FakeJobStore()), FakePasswords(), clock)
        self.park = ParkRun(callbacks, sender, clock)
        self.resume = ResumeRun(access, callbacks, sender, clock)
        self.send_answer = SendAnswer(callbacks, StepFunctionsTaskTokens(lambda: states, clock))
        jobs = DynamoJobStore(database, world.table, clock)
        executions = StepFunctions(lambda: states, lambda: states, clock)
        detached = LambdaDetached(lambda: functions, "run-express", clock)
        stop = StopJob(jobs, executions, clock)
        self.sweep_jobs = SweepJobs(jobs, executions, detached, clock, stop, SweepCallbacks(callbacks, sender, clock))


class ParkedWorld:
    """The stack. `sweep_ahead` is how many seconds the sweep's clock is ahead of the true time."""

    def __init__(self, dynamodb: Any, table: str, sweep_ahead: float = 0) -> None:
        self.clock = WorldClock()
        self.wire = Wire(self.clock)
        self.run = Run()
        self.dynamodb, self.table = dynamodb, table
        self._sweep_ahead = sweep_ahead
        self.kept: list[str] = []
        self.given_out: list[str] = []

    # -- what happens ------------------------------------------------------------------------------------------------

    def reserve(self) -> str:
        """Reserve an id, as a state with Retry does."""
        for _ in range(6):
            try:
                self.given_out.append(_Process(self).park.reserve(Reserve(3600)))
                return self.given_out[-1]
            except (ProcessDied, Unavailable):
                self.clock.sleep(1)
        raise AssertionError("nothing could be reserved")

    def park(self, **by: Any) -> None:
        """Enter the parking state: each attempt has a token of its own, which ends with it."""
        for _ in range(6):
            self.run.attempts += 1
            self.run.token = token = f"token-{self.run.attempts}"
            command = command_of({"park": {"task_token": token, "execution": RUN, **by}})
            assert not isinstance(command, Reserve)
            try:
                _Process(self).park.park(command)
            except (ProcessDied, Unavailable):
                if self.run.token != token:
                    return  # it was answered while its function was dying
                self.run.token = None
                self.clock.sleep(1)
            except FlowportError as error:
                self.run.token = None
                self.run.ends.append(("FAILED", type(error).__name__))
                return
            else:
                return
        self.run.ends.append(("FAILED", "no attempt is left"))

    def answer(self, callback_id: str, body: str) -> str:
        """Let a caller answer, again and again until it knows; give `resumed`, or the problem's kind."""
        self.given_out.append(callback_id)
        return self._until_known(body, lambda: _Process(self).resume.by_id(STRANGER, Resume(callback_id, lambda: body)))

    def answer_name(self, name: str, body: str) -> str:
        """Let code answer a name under the job."""
        return self._until_known(body, lambda: _Process(self).resume.of_job(JOB, name, body))

    def _until_known(self, body: str, resume: Callable[[], object]) -> str:
        in_doubt = False
        for _ in range(60):
            try:
                resume()
            except (ProcessDied, UnknownOutcome):
                in_doubt = True
            except CallbackRepeated as repeated:
                if not (in_doubt and repeated.members["same_body"]):
                    return "callback-repeated"
                self.kept.append(body)
                return "resumed"
            except Unavailable:
                pass
            except FlowportError as error:
                return error.kind
            else:
                self.kept.append(body)
                return "resumed"
            self.clock.sleep(2)
        raise AssertionError("a caller never learnt whether its answer was taken")

    def sweep(self) -> None:
        try:
            _Process(self, self._sweep_ahead).sweep_jobs()
        except (ProcessDied, Exception):  # noqa: BLE001  # whatever it died of, the next minute's comes
            return

    def send_answer(self, key: str) -> None:
        """Run the function that tells Step Functions."""
        _Process(self).send_answer(key)

    def deliver(self, function: Callable[[], object], tries: int = 3) -> None:
        """Invoke asynchronously as Lambda does: a failed delivery is repeated a minute later, twice."""

        def attempt() -> None:
            try:
                function()
            except (ProcessDied, Exception):  # noqa: BLE001  # whatever it died of
                if tries > 1:
                    self.clock.later(60, lambda: self.deliver(function, tries - 1))

        self.clock.later(0.1, attempt)

    def settle(self) -> None:
        """Let the sweep run every minute until nothing is pending; half an hour is long enough."""
        for _ in range(30):
            self.clock.sleep(60)
            self.sweep()
            if self.clock.idle and not self.open_items():
                return

    # -- what must be true -------------------------------------------------------------------------------------------

    def open_items(self) -> list[dict[str, Any]]:
        """Read the index of what is pending."""
        answer = self.dynamodb.query(
            TableName=self.table,
            IndexName="open",
            KeyConditionExpression="open_shard = :shard",
            ExpressionAttributeValues={":shard": {"S": "open#0"}},
        )
        return list(answer["Items"])

    def check(self) -> None:
        """Hold the world to what the product promises, whatever broke."""
        assert self.run.token is None, "the run waits for ever"
        assert len(self.run.ends) == 1, f"the run ended {len(self.run.ends)} times: {self.run.ends}"
        assert self.open_items() == [], "a callback that is over is still on the sweep's list"
        assert len(self.kept) <= 1, f"more than one caller was told that its answer counts: {self.kept}"
        (end,) = self.run.ends
        if self.kept:
            assert end == ("SUCCEEDED", self.kept[0]), f"an answer that was taken is not the output: {end}"
        else:
            assert end == ("FAILED", "Flowport.CallbackExpired"), f"nobody answered, and the run ended as {end}"
