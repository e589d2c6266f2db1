"""The use cases put together over the fakes."""

from dataclasses import dataclass, field
from typing import Any

from flowport.domain.access import Presented
from flowport.domain.job import Job
from flowport.domain.preferences import Preference
from flowport.domain.tokens import Token, new_token
from flowport.usecases.access import Access, Caller
from flowport.usecases.deliveries import JobDeliveries
from flowport.usecases.documents.change import DocumentChanges
from flowport.usecases.documents.read import DocumentReader
from flowport.usecases.documents.sync import SyncDocument, Writer
from flowport.usecases.end_job import handing_over
from flowport.usecases.guard_logins import GuardLogins
from flowport.usecases.limit_calls import LimitCalls
from flowport.usecases.parked.sweep_callbacks import SweepCallbacks
from flowport.usecases.read_jobs import JobReader
from flowport.usecases.record_completion import RecordCompletion
from flowport.usecases.run_detached import RunDetached
from flowport.usecases.run_endpoint import Ran, Run, RunEndpoint
from flowport.usecases.stop_job import ChangeJobs, StopJob
from flowport.usecases.sweep_jobs import SweepJobs
from tests.fakes import (
    ACME,
    FakeCallbackStore,
    FakeClock,
    FakeDeliveries,
    FakeDeliveryLog,
    FakeDetached,
    FakeDirectory,
    FakeDocumentStore,
    FakeExecutions,
    FakeJobNumbers,
    FakeJobStore,
    FakeJwtKeys,
    FakeKeptSteps,
    FakeLimitStore,
    FakeLogs,
    FakePasswords,
    a_credential,
    a_user,
    an_endpoint,
)

RETENTION = 30 * 86_400_000


@dataclass
class Stack:
    """Everything that a use case touches, made of fakes."""

    clock: FakeClock = field(default_factory=FakeClock)
    jobs: FakeJobStore = field(default_factory=FakeJobStore)
    deliveries: FakeDeliveries = field(default_factory=FakeDeliveries)
    detached: FakeDetached = field(default_factory=FakeDetached)
    callbacks: FakeCallbackStore = field(default_factory=FakeCallbackStore)
    sender: FakeDetached = field(default_factory=FakeDetached)
    logs: FakeLogs = field(default_factory=FakeLogs)
    passwords: FakePasswords = field(default_factory=FakePasswords)
    token: Token = field(default_factory=lambda: new_token("acme"))

    def __post_init__(self) -> None:
        self.executions = FakeExecutions(self.clock)
        self.limit_store = FakeLimitStore()
        self.limits = LimitCalls(self.limit_store, self.jobs, self.clock)
        jobs = handing_over(self.jobs, self.deliveries, self.clock, self.limits)
        self.log = FakeDeliveryLog(self.jobs)
        self.jobs.callbacks = self.callbacks
        self.documents = FakeDocumentStore(self.jobs)
        self.directory = FakeDirectory(self.jobs)
        self.directory.add(ACME, an_endpoint(), a_credential(self.token), a_user())
        self.jwt_keys = FakeJwtKeys(self.clock)
        self.numbers = FakeJobNumbers(self.jobs)
        self.kept = FakeKeptSteps(self.jobs)
        guard = GuardLogins(self.directory.attempts, self.passwords, self.clock)
        self.access = Access(
            self.directory, self.passwords, self.clock, self.jwt_keys, numbers=self.numbers, guard=guard
        )
        self.stop = StopJob(jobs, self.executions, self.clock)
        self.run_endpoint = RunEndpoint(
            *(self.access, jobs, self.executions, self.detached, self.clock, RETENTION, self.stop, self.limits),
            numbers=self.numbers,
        )
        self.run_detached = RunDetached(jobs, self.executions, self.clock, self.stop)
        self.record_completion = RecordCompletion(jobs, self.executions)
        self.job_deliveries = JobDeliveries(self.access, self.log, self.deliveries, self.clock)
        callbacks = SweepCallbacks(self.callbacks, self.sender, self.clock)
        self.sweep = SweepJobs(jobs, self.executions, self.detached, self.clock, self.stop, callbacks)
        self.reader = JobReader(
            self.access,
            self.directory,
            jobs,
            self.executions,
            self.logs,
            self.clock,
            RETENTION,
            self.stop,
            self.kept,
        )

        writer = Writer(jobs, self.documents, self.callbacks, self.sender, self.stop, self.clock)
        self.sync = SyncDocument(self.access, self.run_endpoint, writer, self.clock)
        self.document_changes = DocumentChanges(
            self.access, writer, ChangeJobs(self.access, jobs, self.stop), self.clock
        )
        self.document_reader = DocumentReader(self.access, self.directory, jobs, self.documents, self.clock)

    def caller(self, **changes: Any) -> Caller:  # fields of a caller
        """Give a caller with the token."""
        given = {
            "presented": Presented.of_token(self.token),
            "workspace": None,
            "default_workspace": "acme",
            "source_ip": "192.0.2.1",
            "deadline": self.clock.monotonic() + 5,
        }
        return Caller(**{**given, **changes})

    def run(self, preference: Preference | None = None, caller: Caller | None = None, body: str = "{}") -> Ran:
        """Call the endpoint."""
        command = Run("billing/quote", "POST", lambda: body, preference or Preference())
        return self.run_endpoint(caller or self.caller(), command)

    def sweep_after(self, seconds: float) -> None:
        """Let time pass, and the sweep run."""
        self.clock.sleep(seconds)
        self.sweep()

    def row(self) -> Job:
        """Give the only job."""
        (job,) = self.jobs.rows.values()
        return job
