"""A small AWS to crash in: the real adapters, DynamoDB in process, and every call numbered and breakable.

Step Functions and Lambda are played by a few lines each, by AWS's own rules: a Standard execution's name starts once,
an Express one every time; an asynchronous invocation that dies is delivered twice more; completion events come as often
as the scenario says. Time passes only when somebody sleeps or a call takes it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count
from typing import Any, Literal

from botocore.exceptions import ClientError, ReadTimeoutError

from flowport.adapters.items import decode_item
from flowport.adapters.jobs_table import DynamoJobStore, job_key
from flowport.adapters.lambda_detached import LambdaDetached
from flowport.adapters.status_event import completion_of
from flowport.adapters.step_functions import StepFunctions
from flowport.domain.access import Presented
from flowport.domain.errors import FlowportError
from flowport.domain.job import ENDED
from flowport.domain.preferences import Preference
from flowport.domain.records import Endpoint
from flowport.domain.tokens import new_token
from flowport.usecases.access import Access, Caller
from flowport.usecases.record_completion import RecordCompletion
from flowport.usecases.run_detached import RunDetached
from flowport.usecases.run_endpoint import Ran, Run, RunEndpoint
from flowport.usecases.stop_job import StopJob
from flowport.usecases.sweep_jobs import SweepJobs
from tests.fakes import ACME, FakeClock, FakeDirectory, FakeJobStore, FakePasswords, a_credential

Fault = Literal[
    "dies before it", "dies after it", "is throttled", "gets no answer", "gets no answer to what was done", "is denied"
]
FAULTS: tuple[Fault, ...] = (
    "dies before it",
    "dies after it",
    "is throttled",
    "gets no answer",
    "gets no answer to what was done",
)
RANK = {"ACCEPTED": 0, "RUNNING": 1} | dict.fromkeys(ENDED, 2)
TOKEN = new_token("acme")


class ProcessDied(BaseException):
    """The process is gone: no handler runs, nothing is tidied up."""


class WorldClock(FakeClock):
    """A clock that lets what was planned happen while somebody waits."""

    def __init__(self) -> None:
        super().__init__()
        self._plan: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        heappush(self._plan, (self.at + seconds * 1000, next(self._number), action))

    def sleep(self, seconds: float) -> None:
        until = self.at + seconds * 1000
        while self._plan and self._plan[0][0] <= until:
            at, _, action = heappop(self._plan)
            self.at = max(self.at, at)
            action()
        self.at = max(self.at, until)

    @property
    def idle(self) -> bool:
        return not self._plan


def refused(code: str, status: int = 400) -> ClientError:
    """Make what botocore raises for an error that AWS answered."""
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Operation")  # type: ignore[typeddict-item]


@dataclass
class Wire:
    """What every process calls AWS through. `faults` and `meanwhile` are by the number of the call."""

    clock: WorldClock
    calls: list[str] = field(default_factory=list)
    faults: dict[int, Fault] = field(default_factory=dict)
    meanwhile: dict[int, Callable[[], None]] = field(default_factory=dict)
    outage: tuple[str, float, float] | None = None
    written: dict[str, list[str]] = field(default_factory=dict)

    def client(self, service: str, real: object) -> Any:
        return _Client(self, service, real)

    def send(self, operation: str, method: Callable[..., Any], request: dict[str, Any]) -> Any:
        number = len(self.calls)
        self.calls.append(operation)
        self.clock.sleep(0.005)
        if (interlude := self.meanwhile.get(number)) is not None:
            interlude()
        match self._fault(number, operation):
            case "dies before it":
                raise ProcessDied
            case "is throttled":
                raise refused("ThrottlingException")
            case "is denied":
                raise refused("AccessDeniedException")
            case "gets no answer":
                self.clock.sleep(1)
                raise ReadTimeoutError(endpoint_url=operation)
            case "dies after it":
                self._do(method, request, then=ProcessDied())
            case "gets no answer to what was done":
                self._do(method, request, then=ReadTimeoutError(endpoint_url=operation))
        answer = method(**request)
        self._note(request)
        return answer

    def _fault(self, number: int, operation: str) -> Fault | None:
        if self.outage is not None:
            service, begins, ends = self.outage
            if operation.startswith(service) and begins <= self.clock.monotonic() < ends:
                return "gets no answer"
        return self.faults.get(number)

    def _do(self, method: Callable[..., Any], request: dict[str, Any], then: BaseException) -> None:
        try:
            method(**request)
        except ClientError as error:
            raise then from error
        self._note(request)
        raise then

    def _note(self, request: dict[str, Any]) -> None:
        """Remember each status that was written, job by job."""
        for one in [request, *(next(iter(item.values())) for item in request.get("TransactItems", []))]:
            item, values = one.get("Item", {}), one.get("ExpressionAttributeValues", {})
            status = values.get(":set_status") or (item.get("status") if item.get("item") == {"S": "job"} else None)
            if status:
                job_id = (one.get("Key") or item)["job_id"]["S"]
                self.written.setdefault(job_id, []).append(status["S"])


class _Client:
    def __init__(self, wire: Wire, service: str, real: object) -> None:
        self._wire, self._service, self._real = wire, service, real

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._real, name)
        return lambda **request: self._wire.send(f"{self._service}.{name}", method, request)


class _States:
    """Step Functions. `on_end` gets the ARN of each Standard execution that ends."""

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
            self._world.clock.later(self._world.run_seconds, lambda: self.end(arn, "SUCCEEDED"))
        return {"executionArn": arn, "startDate": self.standard[arn]["startDate"]}

    def start_sync_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:  # noqa: A002, N803
        self._world.must_be_written(name)
        self.express[name] += 1
        begun = self._now()
        self._world.clock.sleep(1)
        arn = f"{stateMachineArn.replace(':stateMachine:', ':express:')}:{name}:run-{self.express[name]}"
        output = self._world.output
        return {
            "executionArn": arn,
            "status": "SUCCEEDED",
            "output": output,
            "startDate": begun,
            "stopDate": self._now(),
        }

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        if executionArn not in self.standard:
            raise refused("ExecutionDoesNotExist")
        return self.standard[executionArn]

    def stop_execution(self, *, executionArn: str, error: str, cause: str) -> dict[str, Any]:  # noqa: N803
        self.end(executionArn, "ABORTED")
        return {}

    def end(self, arn: str, status: str) -> None:
        execution = self.standard[arn]
        if execution["status"] != "RUNNING":
            return
        execution |= {"status": status, "stopDate": self._now()}
        if status == "SUCCEEDED":
            execution["output"] = self._world.output
        self._world.announce(arn, execution)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(int(self._world.clock.at) / 1000, UTC)


class _Lambda:
    def __init__(self, world: "World") -> None:
        self._world = world

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        job_id = Payload.decode().split('"')[3]
        self._world.deliver(lambda: self._world.run_detached(job_id))
        return {"StatusCode": 202}


class World:
    """One stack, its callers and its sweep. `events` says how often each completion event is delivered."""

    def __init__(
        self,
        dynamodb: Any,
        table: str,
        *,
        events: int = 1,
        run_seconds: float = 2.0,
        output: str = '{"total":42}',
    ) -> None:
        self.events, self.run_seconds, self.output = events, run_seconds, output
        self.clock = WorldClock()
        self.wire = Wire(self.clock)
        self.states = _States(self)
        self._dynamodb, self._table = dynamodb, table
        jobs = DynamoJobStore(self.wire.client("dynamodb", dynamodb), table, self.clock)
        states = self.wire.client("states", self.states)
        executions = StepFunctions(lambda: states, lambda: states, self.clock)
        functions = self.wire.client("lambda", _Lambda(self))
        detached = LambdaDetached(lambda: functions, "run-express", self.clock)
        self._directory = FakeDirectory(FakeJobStore())
        self._directory.add(ACME, a_credential(TOKEN))
        access = Access(self._directory, FakePasswords(), self.clock)
        stop = StopJob(jobs, executions, self.clock)
        self.run_endpoint = RunEndpoint(access, jobs, executions, detached, self.clock, 30 * 86_400_000, stop)
        self.run_detached = RunDetached(jobs, executions, self.clock, stop)
        self.record_completion = RecordCompletion(jobs, executions)
        self.sweep_jobs = SweepJobs(jobs, executions, detached, self.clock, stop)

    # -- what happens ------------------------------------------------------------------------------------------------

    def call(self, endpoint: Endpoint, preference: Preference, body: str = "{}") -> Ran | Exception | None:
        """Let a caller run an endpoint; None when the process died, else what it was told."""
        self._directory.add(endpoint)
        caller = Caller(Presented.of_token(TOKEN), None, "default", "192.0.2.1", self.clock.monotonic() + 5)
        try:
            return self.run_endpoint(caller, Run(endpoint.path, "POST", lambda: body, preference))
        except ProcessDied:
            return None
        except Exception as error:  # noqa: BLE001  # the surface turns any other into a 500 that says nothing
            return error

    def sweep(self) -> None:
        try:
            self.sweep_jobs()
        except (ProcessDied, Exception):  # noqa: BLE001  # whatever it died of, the next minute's comes
            return

    def deliver(self, function: Callable[[], object], tries: int = 3) -> None:
        """Invoke a function asynchronously as Lambda does: a failed delivery is repeated a minute later, twice."""

        def attempt() -> None:
            try:
                function()
            except (ProcessDied, Exception):  # noqa: BLE001  # whatever it died of
                if tries > 1:
                    self.clock.later(60, lambda: self.deliver(function, tries - 1))

        self.clock.later(0.1, attempt)

    def announce(self, arn: str, execution: dict[str, Any]) -> None:
        """Let EventBridge deliver the completion event, as often as it pleases."""
        detail = {
            "executionArn": arn,
            "name": execution["name"],
            "status": execution["status"],
            "startDate": round(execution["startDate"].timestamp() * 1000),
            "stopDate": round(execution["stopDate"].timestamp() * 1000),
            "output": execution.get("output"),
        }
        completion = completion_of({"detail": detail})
        for _ in range(self.events):
            self.deliver(lambda: self.record_completion(completion))

    def settle(self) -> None:
        """Let the sweep run every minute until everything has ended; half an hour is long enough."""
        for _ in range(30):
            self.clock.sleep(60)
            self.sweep()
            if self.clock.idle and not self.open_rows():
                return

    # -- what must be true -------------------------------------------------------------------------------------------

    def rows(self) -> list[dict[str, Any]]:
        """Read every job that this world wrote."""
        keys = [job_key(job_id) for job_id in self.wire.written]
        answer = self._dynamodb.batch_get_item(RequestItems={self._table: {"Keys": keys}}) if keys else None
        return [decode_item(item) for item in answer["Responses"][self._table]] if answer else []

    def open_rows(self) -> list[dict[str, Any]]:
        """Read the index of jobs that have not ended."""
        answer = self._dynamodb.query(
            TableName=self._table,
            IndexName="open",
            KeyConditionExpression="open_shard = :shard",
            ExpressionAttributeValues={":shard": {"S": "open#0"}},
        )
        return list(answer["Items"])

    def must_be_written(self, name: str) -> None:
        """Refuse to start what has no row yet."""
        assert name.removeprefix("fp-") in self.wire.written, "a run was started before its job's row was written"

    def runs_of(self, row: dict[str, Any]) -> int:
        """Count the runs of a job that were started and not stopped at once."""
        name = "fp-" + row["job_id"]
        standard = [one for one in self.states.standard.values() if one["name"] == name and one["status"] != "ABORTED"]
        return self.states.express[name] + len(standard)

    def check(self, answer: Ran | Exception | None) -> None:
        """Hold the world to what the product promises, whatever broke."""
        rows = self.rows()
        assert [row["status"] for row in rows if row["status"] not in ENDED] == [], "a job never ended"
        assert self.open_rows() == [], "an ended job is still in the index of open ones"
        for statuses in self.wire.written.values():
            ranks = [RANK[status] for status in statuses]
            assert ranks == sorted(set(ranks)), f"a job went backwards or ended twice: {statuses}"
        for row in rows:
            self._check_row(row)
        self._check_answer(answer, rows)

    def _check_row(self, row: dict[str, Any]) -> None:
        runs = self.runs_of(row)
        assert runs <= 1, "a job ran twice"
        if row.get("error") == "Flowport.NotStarted":
            assert runs == 0, "a job that ran is recorded as not started"
        if row["status"] == "SUCCEEDED":
            assert runs == 1, "a job succeeded without a run"
        if row["machine_type"] == "STANDARD" and runs:
            assert row["status"] == "SUCCEEDED", f"a Standard run's end is not recorded: {row.get('error')}"

    def _check_answer(self, answer: Ran | Exception | None, rows: list[dict[str, Any]]) -> None:
        if isinstance(answer, FlowportError) and answer.source == "gateway":
            assert sum(map(self.runs_of, rows)) == 0, (
                f"the caller was told that nothing ran ({answer.kind}), but it did"
            )
        if isinstance(answer, Ran):
            (row,) = [row for row in rows if row["job_id"] == answer.job.id]
            if answer.job.ended:
                told, recorded = answer.job, (row["status"], row.get("error"))
                # Where the result could not be written for half a minute, its caller knows more than the row.
                known = (told.status, told.error) == recorded or row.get("error") == "Flowport.OutcomeUnknown"
                assert known, "the caller was told another end than is recorded"
            elif row["mode"] == "async":
                assert row.get("error") != "Flowport.NotStarted", "an acknowledged job was dropped"
