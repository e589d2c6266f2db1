"""One stack: its processes, what callers ask of them and were told, deliveries, and the sweep."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from flowport.adapters.callbacks_table import DynamoCallbackStore
from flowport.adapters.deliver_machine import DeliverMachine
from flowport.adapters.delivery_log import DynamoDeliveryLog
from flowport.adapters.documents_table import DynamoDocumentStore
from flowport.adapters.job_numbers import DynamoJobNumbers
from flowport.adapters.jobs_table import DynamoJobStore
from flowport.adapters.lambda_detached import LambdaDetached, LambdaSender
from flowport.adapters.limits_table import DynamoLimitStore
from flowport.adapters.status_event import completion_of
from flowport.adapters.step_functions import StepFunctions
from flowport.dialects.workfloplus.documents import document_of, read_document
from flowport.domain.access import Presented
from flowport.domain.ids import job_id_of_request
from flowport.domain.job import Job
from flowport.domain.preferences import Preference
from flowport.domain.records import Endpoint
from flowport.domain.tokens import new_token
from flowport.usecases.access import Access, Caller
from flowport.usecases.deliveries import JobDeliveries, Resend
from flowport.usecases.documents.ports import Told
from flowport.usecases.documents.sync import Sync, SyncDocument, Writer
from flowport.usecases.end_job import handing_over
from flowport.usecases.limit_calls import LimitCalls
from flowport.usecases.parked.sweep_callbacks import SweepCallbacks
from flowport.usecases.ports import Found, Wanted
from flowport.usecases.record_completion import RecordCompletion
from flowport.usecases.redrive_job import Redrive, RedriveJob, Redriven
from flowport.usecases.run_batch import BatchRan, RunBatch, RunEndpointBatch
from flowport.usecases.run_detached import RunDetached
from flowport.usecases.run_endpoint import Ran, Run, RunEndpoint
from flowport.usecases.stop_job import Cancel, ChangeJobs, Delete, StopJob
from flowport.usecases.sweep_jobs import SweepJobs, Swept
from tests.fakes import ACME, FakeDirectory, FakeJobStore, FakePasswords, a_credential
from tests.world import promises
from tests.world.aws import Functions, States
from tests.world.clock import OffClock, WorldClock
from tests.world.deliveries import MACHINE_ARN, Machine, Receiver
from tests.world.wire import Life, ProcessDied, Wire

TOKEN = new_token("acme")
RETENTION_MS = 30 * 86_400_000
KINDS = ("gateway", "run_express", "record_completion", "sweep_jobs", "deliver_callback")


@dataclass(frozen=True)
class Asked:
    """A call that was to make the job `job_id`, and what its caller was told (None: its process died)."""

    job_id: str
    key: str | None
    answer: Ran | Redriven | Exception | None
    client_job_id: str | None = None


@dataclass(frozen=True)
class Changed:
    """A call that was to cancel or delete a job, and what its caller was told: its result, an error, or nothing."""

    what: str
    job_id: str
    answer: object


class Process:
    """One invocation of a function: the real adapters over the wire, and a clock that may be off."""

    def __init__(self, world: "World", kind: str) -> None:
        self.clock = OffClock(world.clock, world.ahead.get(kind, 0))
        life = Life()
        states = world.wire.client("states", world.states, life)
        functions = world.wire.client("lambda", world.functions, life)
        self.dynamodb = world.wire.client("dynamodb", world.dynamodb, life)
        self.receiver = world.wire.client("receiver", world.receiver, life)
        self.deliveries = DeliverMachine(lambda: states, MACHINE_ARN, self.clock)
        self.rows = DynamoJobStore(self.dynamodb, world.table, self.clock)
        self.limits = LimitCalls(DynamoLimitStore(self.dynamodb, world.table, self.clock), self.rows, self.clock)
        self.jobs = handing_over(self.rows, self.deliveries, self.clock, self.limits)
        callbacks = DynamoCallbackStore(self.dynamodb, world.table, self.clock)
        sender = LambdaSender(lambda: functions, "resume-run", self.clock)
        self.sweep_callbacks = SweepCallbacks(callbacks, sender, self.clock)
        self.executions = StepFunctions(lambda: states, lambda: states, self.clock)
        self.detached = LambdaDetached(lambda: functions, "run-express", self.clock)
        self.stop = StopJob(self.jobs, self.executions, self.clock)
        self.numbers = DynamoJobNumbers(world.wire.client("dynamodb", world.dynamodb, life), world.table, self.clock)
        self.access = Access(world.directory, FakePasswords(), self.clock, numbers=self.numbers)
        self.run_endpoint = RunEndpoint(
            *(self.access, self.jobs, self.executions, self.detached, self.clock, RETENTION_MS, self.stop, self.limits),
            numbers=self.numbers,
        )
        documents = DynamoDocumentStore(self.dynamodb, world.table, self.clock)
        writer = Writer(self.jobs, documents, callbacks, sender, self.stop, self.clock)
        self.sync = SyncDocument(self.access, self.run_endpoint, writer, self.clock)


class _Directory(FakeDirectory):
    """The directory beside the wire: it holds what never breaks here, and reads jobs from the real table."""

    def __init__(self, world: "World") -> None:
        super().__init__(FakeJobStore())
        self._jobs = DynamoJobStore(world.dynamodb, world.table, world.clock)

    def look_up(self, wanted: Wanted, *, deadline: float | None = None) -> Found:
        found = super().look_up(replace(wanted, job_id=None))
        return replace(found, job=self._jobs.get(wanted.job_id)) if wanted.job_id else found


class World:
    """One stack, its callers and its sweep.

    `events` are the seconds after which each completion event is delivered, () for never; `ahead` says by kind of
    process how many seconds its clock is ahead of the true time. A run ends as `run_ends`, its redrives in turn as
    `redrives_end`, the last of it again and again. `slack` is how many seconds more than usual the sweep may take to
    stop what is to be stopped, where a scenario keeps it from its work.
    `answers` are the statuses that callbacks get.
    """

    def __init__(  # noqa: PLR0913  # each a property of the world, by its name
        self,
        dynamodb: Any,
        table: str,
        *,
        events: Sequence[float] = (0.1,),
        run_seconds: float = 2.0,
        run_ends: str = "SUCCEEDED",
        output: str = '{"total":42}',
        ahead: Mapping[str, float] | None = None,
        answers: tuple[int, ...] = (200,),
    ) -> None:
        self.events, self.run_seconds, self.run_ends, self.output = events, run_seconds, run_ends, output
        self.redrives_end: Sequence[str] = ("SUCCEEDED",)
        self.ahead = dict(ahead or {})
        self.slack = 0.0
        self.dynamodb, self.table = dynamodb, table
        self.clock = WorldClock()
        self.wire = Wire(self.clock)
        self.states, self.functions = States(self), Functions(self)
        self.machine, self.receiver = Machine(self), Receiver(answers)
        self.directory = _Directory(self)
        self.directory.add(ACME, a_credential(TOKEN))
        self.asked: list[Asked] = []
        self.changed: list[Changed] = []
        self.synced: list[tuple[str, Told | Exception | None]] = []
        self._requests = count()

    # -- what happens ------------------------------------------------------------------------------------------------

    def process(self, kind: str) -> Process:
        """Start a process of a kind; one that died is not used again."""
        return Process(self, kind)

    def caller(self, process: Process, request_id: str | None = None) -> Caller:
        """Give a caller with the token, whose request arrives at a process now."""
        deadline = process.clock.monotonic() + 5
        return Caller(Presented.of_token(TOKEN), None, "default", "192.0.2.1", deadline, request_id)

    def call(
        self,
        endpoint: Endpoint,
        preference: Preference,
        body: str = "{}",
        *,
        request_id: str | None = None,
        **options: Any,  # fields of Run
    ) -> Ran | Exception | None:
        """Let a caller run an endpoint; None when the process died, else what it was told."""
        self.directory.add(endpoint)
        gateway = self.process("gateway")
        request_id = request_id or f"request-{next(self._requests)}="
        command = Run(endpoint.path, "POST", lambda: body, preference, **options)
        answer = _told(lambda: gateway.run_endpoint(self.caller(gateway, request_id), command))
        job_id = job_id_of_request(request_id)
        self.asked.append(Asked(job_id, command.idempotency_key, answer, command.client_job_id))
        return answer

    def batch(
        self,
        endpoint: Endpoint,
        preference: Preference,
        bodies: Sequence[str],
        **options: Any,  # fields of Run
    ) -> BatchRan | Exception | None:
        """Let a caller run an endpoint for many inputs at once."""
        self.directory.add(endpoint)
        gateway = self.process("gateway")
        request_id = f"request-{next(self._requests)}="
        run = Run(endpoint.path, "POST", lambda: "{}", preference, **options)
        command = RunBatch(run, lambda: [lambda body=body: body for body in bodies])  # type: ignore[misc]
        use = RunEndpointBatch(gateway.run_endpoint, gateway.jobs, gateway.clock)
        answer = _told(lambda: use(self.caller(gateway, request_id), command))
        for index in range(len(bodies)):
            key = f"{run.idempotency_key}#{index}" if run.idempotency_key else None
            outcome = answer.outcomes[index] if isinstance(answer, BatchRan) else None
            told = Ran(outcome, endpoint, endpoint.view) if isinstance(outcome, Job) else outcome
            self.asked.append(Asked(job_id_of_request(f"{request_id}#{index}"), key, told))
        return answer

    def cancel(self, job_id: str) -> Job | Exception | None:
        """Let the caller cancel a job."""
        gateway = self.process("gateway")
        changes = ChangeJobs(gateway.access, gateway.jobs, gateway.stop)
        answer = _told(lambda: changes.cancel(self.caller(gateway), Cancel(job_id)))
        self.changed.append(Changed("cancel", job_id, answer))
        return answer

    def redrive(self, job_id: str, key: str | None = None) -> Redriven | Exception | None:
        """Let the caller redrive a job."""
        gateway = self.process("gateway")
        use = RedriveJob(gateway.access, gateway.jobs, gateway.executions, gateway.clock, gateway.run_endpoint)
        request_id = f"request-{next(self._requests)}="
        answer = _told(lambda: use(self.caller(gateway, request_id), Redrive(job_id, key)))
        self.asked.append(Asked(job_id_of_request(request_id), None, answer))
        return answer

    def sync(self, text: str) -> Told | Exception | None:
        """Let a client sync a document, and remember what it was told."""
        gateway = self.process("gateway")
        caller = replace(self.caller(gateway, f"request-{next(self._requests)}="), any_of=frozenset({"run"}))
        answer = _told(lambda: gateway.sync(caller, Sync(lambda: document_of(text), read_document)))
        self.synced.append((text, answer))
        return answer

    def delete(self, job_id: str) -> bool | Exception | None:
        """Let the caller delete a job; True when it was told that it is done."""
        gateway = self.process("gateway")
        changes = ChangeJobs(gateway.access, gateway.jobs, gateway.stop)

        def delete() -> bool:
            changes.delete(self.caller(gateway), Delete(job_id))
            return True

        answer = _told(delete)
        self.changed.append(Changed("delete", job_id, answer))
        return answer

    def resend(self, job_id: str, number: int = 1) -> object:
        """Let the caller have a callback sent again."""
        gateway = self.process("gateway")
        log = DynamoDeliveryLog(gateway.dynamodb, self.table, gateway.clock)
        use = JobDeliveries(gateway.access, log, gateway.deliveries, gateway.clock)
        return _told(lambda: use.resend(self.caller(gateway), Resend(job_id, number)))

    def run_detached(self, job_id: str) -> str:
        """Run the function for detached Express runs."""
        process = self.process("run_express")
        return RunDetached(process.jobs, process.executions, process.clock, process.stop)(job_id)

    def sweep_jobs(self) -> Swept:
        """Run the sweep, whatever comes of it."""
        process = self.process("sweep_jobs")
        parts = (process.jobs, process.executions, process.detached, process.clock, process.stop)
        return SweepJobs(*parts, process.sweep_callbacks)()

    def sweep(self) -> None:
        """Run the sweep as a schedule does: whatever it died of, the next minute's comes."""
        _told(self.sweep_jobs)

    def deliver(self, function: Callable[[], object], after: float = 0.1, tries: int = 3) -> None:
        """Invoke a function asynchronously as Lambda does: a failed delivery is repeated a minute later, twice."""

        def attempt() -> None:
            try:
                function()
            except (ProcessDied, Exception):  # noqa: BLE001  # whatever it died of
                if tries > 1:
                    self.deliver(function, 60, tries - 1)

        self.clock.later(after, attempt)

    def announce(self, arn: str, execution: dict[str, Any]) -> None:
        """Let EventBridge deliver the completion event, as often and as late as it pleases."""
        detail = {
            "executionArn": arn,
            "name": execution["name"],
            "status": execution["status"],
            "redriveCount": execution.get("redriveCount", 0),
            "redriveDate": round(execution["redriveDate"].timestamp() * 1000) if "redriveDate" in execution else None,
            "startDate": round(execution["startDate"].timestamp() * 1000),
            "stopDate": round(execution["stopDate"].timestamp() * 1000),
        } | {name: execution.get(name) for name in ("output", "error", "cause")}
        completion = completion_of({"detail": detail})

        def record() -> None:
            process = self.process("record_completion")
            RecordCompletion(process.jobs, process.executions)(completion)

        for after in self.events:
            self.deliver(record, after)

    def settle(self, sweeps: int = 30) -> None:
        """Let the sweep run every minute until everything has ended; half an hour of it is long enough.

        Where nothing is due for longer, the time until then passes at once.
        """
        for _ in range(sweeps):
            self.clock.sleep(max(60, self._seconds_until_due()))
            self.sweep()
            if self.clock.idle and not promises.open_rows(self) and not promises.running(self):
                return

    def _seconds_until_due(self) -> float:
        rows = promises.open_rows(self)
        if not self.clock.idle or not rows:
            return 0
        now = self.clock.now() + self.ahead.get("sweep_jobs", 0) * 1000
        return (min(int(row["check_at"]["N"]) for row in rows) - now) / 1000

    # -- what must be true -------------------------------------------------------------------------------------------

    def must_be_written(self, name: str) -> None:
        """Refuse to start what has no row yet."""
        assert name.removeprefix("fp-") in self.wire.written, "a run was started before its job's row was written"

    def rows(self) -> list[dict[str, Any]]:
        """Read every job that this world wrote."""
        return promises.rows(self)

    def check(self) -> None:
        """Hold the world to what the product promises, whatever broke."""
        promises.check(self)


def _told[T](ask: Callable[[], T]) -> T | Exception | None:
    """Give what a caller is told; None when the process died."""
    try:
        return ask()
    except ProcessDied:
        return None
    except AssertionError:
        raise
    except Exception as error:  # noqa: BLE001  # the surface turns any other into a 500 that says nothing
        return error
