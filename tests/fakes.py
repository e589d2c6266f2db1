"""In-memory stand-ins for the ports of usecases/ports.py. tests/contract holds them to what the real adapters do."""

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flowport.domain.access import Presented, refuse_credential, refuse_expired
from flowport.domain.audit import Act
from flowport.domain.callbacks import Callback, Sent
from flowport.domain.documents import Change, Snapshot, Stored, digest
from flowport.domain.errors import FlowportError, KeyMissing, NotRedrivable
from flowport.domain.guard import NOTHING, Attempts, GuardKey, Policy, failed
from flowport.domain.ids import unqualified_machine_arn
from flowport.domain.job import Job, Outcome, RedriveOf
from flowport.domain.jwt import Claims, unverified
from flowport.domain.keys import JobKey, Taken
from flowport.domain.limits import Rate
from flowport.domain.numbers import JobNumber, NumberEntry, Series
from flowport.domain.records import Credential, Endpoint, Workspace
from flowport.domain.steps import HistoryEvent, Step
from flowport.domain.tokens import Token, secret_hash
from flowport.domain.webhooks import CallbackUrl, Delivery
from flowport.usecases.admin.audit import Audit
from flowport.usecases.admin.audit import Wanted as Acts
from flowport.usecases.admin.ports import Page
from flowport.usecases.ports import (
    Counted,
    Definition,
    ExecutionState,
    Found,
    ListingPage,
    ListingQuery,
    Posted,
    SecretVersion,
    Wanted,
)

NOW = 1_795_310_400_000  # 2026-11-22T01:20:00Z
ACCOUNT = "arn:aws:states:eu-central-1:123456789012"
EXPRESS_ARN = f"{ACCOUNT}:stateMachine:quick"
STANDARD_ARN = f"{ACCOUNT}:stateMachine:durable"
JOB_ID = "0199b6f2-0000-8000-8000-000000000001"
ASIDE = 4096  # bytes; a larger payload lies beside the row


class FakeClock:
    """Time that passes when somebody sleeps."""

    def __init__(self, now: float = NOW) -> None:
        self.at = float(now)

    def now(self) -> int:
        return int(self.at)

    def monotonic(self) -> float:
        return (self.at - NOW) / 1000

    def sleep(self, seconds: float) -> None:
        self.at += seconds * 1000


class FakeDirectory:
    """Records by their addresses; `asked` holds what was looked up, one entry a call."""

    def __init__(self, jobs: "FakeJobStore") -> None:
        self.jobs = jobs
        self.asked: list[Wanted] = []
        self.workspaces: dict[str, Workspace] = {}
        self.credentials: dict[str, Credential] = {}
        self.endpoints: dict[tuple[str, str], Endpoint] = {}
        self.attempts = FakeAttemptStore()

    def look_up(self, wanted: Wanted, *, deadline: float | None = None) -> Found:
        self.asked.append(wanted)
        return Found(
            workspace=self.workspaces.get(wanted.workspace),
            credential=self.credentials.get(wanted.credential_key or ""),
            endpoint=self._by_alias(wanted) or self.endpoints.get((wanted.workspace, wanted.endpoint or "")),
            job=self.jobs.get(wanted.job_id) if wanted.job_id else None,
            guards={key: self.attempts.items[key] for key in wanted.guards if key in self.attempts.items},
        )

    def _by_alias(self, wanted: Wanted) -> Endpoint | None:
        mine = (one for one in self.endpoints.values() if one.workspace == wanted.workspace)
        return next((one for one in mine if wanted.alias in one.aliases), None)

    def add(self, *records: Workspace | Credential | Endpoint) -> None:
        for record in records:
            match record:
                case Workspace():
                    self.workspaces[record.name] = record
                case Credential():
                    self.credentials[record.key] = record
                case Endpoint():
                    self.endpoints[record.workspace, record.path] = record


class FakeJobStore:
    """Rows in a dict, each write under its condition."""

    def __init__(self) -> None:
        self.rows: dict[str, Job] = {}
        self.keys: dict[str, tuple[str, str | None, int]] = {}
        self.numbers: dict[tuple[str, JobNumber], NumberEntry] = {}
        self.documents: dict[str, tuple[Stored, str]] = {}
        self.snapshots: dict[tuple[str, str], Snapshot] = {}
        self.callbacks = FakeCallbackStore()
        self.since = 0

    def create(
        self,
        job: Job,
        keys: Sequence[JobKey] = (),
        *,
        now: int = 0,
        answer: Callback | None = None,
        deadline: float | None = None,
    ) -> Job | Taken | JobNumber | None:
        if (old := self.rows.get(job.id)) is not None:
            return None if old.attempt == job.attempt else _light(old)
        for key in keys:
            leads_to, fingerprint, expires_at = self.keys.get(key.id, (job.id, None, 0))
            expired = expires_at <= now
            if leads_to not in {job.id, key.replaces} and (key.kind == "client" or not expired):
                return Taken(key, leads_to, fingerprint, expired=expired)
        if job.number is not None:
            if (job.workspace, job.number) in self.numbers:
                return job.number
            entry = NumberEntry(job.number, job.id, job.endpoint, job.principal, job.created_at)
            self.numbers[job.workspace, job.number] = entry
        self.rows[job.id] = job if job.keep_payloads_ms != 0 or job.input_until_start else replace(job, input=None)
        self.keys |= {key.id: (job.id, key.fingerprint, key.expires_at) for key in keys}
        if answer is not None:
            self.callbacks.save(answer)
        return None

    def create_redrive(
        self,
        job: Job,
        redrive_of: RedriveOf,
        keys: Sequence[JobKey] = (),
        *,
        now: int = 0,
        deadline: float | None = None,
    ) -> Job | bool:
        origin = self.rows.get(redrive_of.origin)
        free = origin is not None and origin.ended and origin.redriven_as in {None, redrive_of.replaces}
        refused = origin is None or not free or (redrive_of.settled and origin.check_at is not None)
        if job.id not in self.rows and refused:
            return False
        found = self.create(job, keys, now=now)
        if found is None and origin is not None:
            self.rows[origin.id] = replace(origin, redriven_as=job.id)
        return found if isinstance(found, Job) else found is None

    def find_key(self, key_id: str, now: int, *, deadline: float | None = None) -> str | None:
        leads_to, _, expires_at = self.keys.get(key_id, ("", None, 0))
        return leads_to if expires_at > now else None

    def taken(self, keys: Sequence[JobKey], *, now: int, deadline: float | None = None) -> Taken | None:
        for key in keys:
            leads_to, fingerprint, expires_at = self.keys.get(key.id, ("", None, 0))
            if leads_to and (key.kind == "client" or expires_at > now):
                return Taken(key, leads_to, fingerprint, expired=expires_at <= now)
        return None

    def claim(self, job_id: str, *, attempt: str, at: int, check_at: int, drop_input: bool = False) -> bool:
        dropped = {"input": None} if drop_input else {}
        return self._run(job_id, attempt=attempt, started_at=at, check_at=check_at, **dropped)

    def mark_running(
        self,
        job_id: str,
        *,
        execution_arn: str,
        at: int,
        check_at: int,
        drop_input: bool = False,
        deadline: float | None = None,
    ) -> bool:
        dropped = {"input": None} if drop_input else {}
        return self._run(job_id, execution_arn=execution_arn, started_at=at, check_at=check_at, **dropped)

    def _run(self, job_id: str, **marks: Any) -> bool:  # fields of a job
        job = self.rows.get(job_id)
        if job is not None and job.status == "ACCEPTED":
            self.rows[job_id] = replace(job, status="RUNNING", **marks)
            return True
        mark = "attempt" if "attempt" in marks else "execution_arn"
        return job is not None and job.status == "RUNNING" and getattr(job, mark) == marks[mark]

    def end(  # noqa: PLR0913  # each says how, by its name
        self,
        job: Job,
        outcome: Outcome,
        *,
        attempt: str | None = None,
        execution_arn: str | None = None,
        only_from: Sequence[str] = ("ACCEPTED", "RUNNING"),
        look_again: int | None = None,
        document: Change | None = None,
        deadline: float | None = None,
    ) -> bool:
        row = self.rows.get(job.id)
        if document is not None and self.documents.get(job.id, (None, ""))[1] == document.written_by:
            return True
        if row is None or attempt not in {None, row.attempt} or (document and not self.is_seen(document)):
            return False
        if row.status not in only_from:
            return document is None and (row.status, row.finished_at) == (outcome.status, outcome.finished_at)
        if document is not None:
            self.change_document(document)
        if row.number is not None and (entry := self.numbers.get((row.workspace, row.number))) is not None:
            told = replace(entry, status=outcome.status, expires_at=row.expires_after(outcome.finished_at))
            self.numbers[row.workspace, row.number] = told
        ended = row.ended_with(outcome)
        if row.keep_payloads_ms == 0:
            ended = replace(ended, input=None, output=None)
        self.rows[job.id] = replace(ended, execution_arn=execution_arn or row.execution_arn, check_at=look_again)
        return True

    def is_seen(self, change: Change) -> bool:
        """Whether a document is still the one that was seen."""
        current = self.documents.get(change.job_id)
        return (current[0].revision if current else 0) == change.seen.revision

    def change_document(self, change: Change) -> None:
        """Write a document; the one that was seen becomes a snapshot unless it is the job's input."""
        if change.seen.revision:
            snapshot = Snapshot(change.seen.text, change.seen.synced_at)
            self.snapshots[change.job_id, digest(snapshot.text)] = snapshot
        self.documents[change.job_id] = change.new, change.written_by

    def settle(self, job: Job, *, seen: int, deadline: float | None = None) -> None:
        if (row := self.rows.get(job.id)) is not None and row.check_at == seen:
            self.rows[job.id] = replace(row, check_at=None)

    def delete(self, job_id: str, *, numbered: Job | None = None, deadline: float | None = None) -> bool:
        if (job := self.rows.get(job_id)) is not None and (not job.ended or job.check_at is not None):
            return False
        self.rows.pop(job_id, None)
        self.documents.pop(job_id, None)
        self.snapshots = {key: one for key, one in self.snapshots.items() if key[0] != job_id}
        if numbered is not None and numbered.number is not None:
            self.numbers.pop((numbered.workspace, numbered.number), None)
        return True

    def postpone(self, job_id: str, *, seen: int, check_at: int) -> bool:
        job = self.rows.get(job_id)
        if job is None or job.check_at not in {seen, check_at}:
            return False
        self.rows[job_id] = replace(job, check_at=check_at)
        return True

    def get(self, job_id: str, *, deadline: float | None = None) -> Job | None:
        job = self.rows.get(job_id)
        return _light(job) if job else None

    def get_many(self, job_ids: Sequence[str], *, deadline: float | None = None) -> dict[str, Job]:
        return {job_id: _light(self.rows[job_id]) for job_id in job_ids if job_id in self.rows}

    def with_output(self, job: Job, *, deadline: float | None = None) -> Job:
        row = self.rows.get(job.id)
        wanted = job.status == "SUCCEEDED" and job.output is None and job.payloads == "kept"
        return replace(job, output=row.output) if row and wanted else job

    def with_input(self, job: Job, *, deadline: float | None = None) -> Job:
        row = self.rows.get(job.id)
        return replace(job, input=row.input) if row and job.input is None and not job.payloads_expired else job

    def written_since(self) -> int:
        return self.since

    def due(self, now: int, limit: int) -> list[tuple[str, int]]:
        found = [(job.id, job.check_at) for job in self.rows.values() if job.check_at is not None]
        return sorted((pair for pair in found if pair[1] <= now), key=lambda pair: pair[1])[:limit]

    def page(self, query: ListingQuery, *, deadline: float | None = None) -> ListingPage:
        keyed = sorted(((_position(job), job) for job in self.rows.values() if _listed(job, query)), reverse=True)
        left = [pair for pair in keyed if query.after is None or pair[0] < query.after]
        jobs = tuple(_light(job) for _, job in left[: query.limit])
        return ListingPage(jobs, left[query.limit - 1][0] if len(left) > query.limit else None)


class FakeDocumentStore:
    """Documents, written where the job store keeps them: some go with a job's end."""

    def __init__(self, jobs: FakeJobStore) -> None:
        self._jobs = jobs

    def load(self, job_ids: Sequence[str], *, deadline: float | None = None) -> dict[str, Stored]:
        return {job_id: self._jobs.documents[job_id][0] for job_id in job_ids if job_id in self._jobs.documents}

    def snapshots(self, job_id: str, *, deadline: float | None = None) -> list[Snapshot]:
        mine = (one for (owner, _), one in self._jobs.snapshots.items() if owner == job_id)
        return sorted(mine, key=lambda one: one.synced_at)

    def save(self, job: Job, change: Change, *, answer: Callback | None = None, deadline: float | None = None) -> bool:
        if self._jobs.documents.get(job.id, (None, ""))[1] == change.written_by:
            return True
        row = self._jobs.rows.get(job.id)
        if row is None or (row.ended and not job.ended) or not self._jobs.is_seen(change):
            return False
        if answer is not None and self._jobs.callbacks.save(answer) is None:
            return False
        self._jobs.change_document(change)
        return True

    def keep(self, job: Job, snapshot: Snapshot, *, deadline: float | None = None) -> None:
        if job.id in self._jobs.rows:
            self._jobs.snapshots.setdefault((job.id, digest(snapshot.text)), snapshot)


class FakeJobNumbers:
    """Counts, and finds what the job store wrote."""

    def __init__(self, jobs: FakeJobStore) -> None:
        self.jobs = jobs
        self.last: Counter[tuple[str, Series]] = Counter()

    def draw(self, workspace: str, series: Series, *, deadline: float | None = None) -> JobNumber:
        self.last[workspace, series] += 1
        return JobNumber(series, self.last[workspace, series])

    def find(self, workspace: str, number: JobNumber, *, deadline: float | None = None) -> str | None:
        entry = self.jobs.numbers.get((workspace, number))
        return entry.job_id if entry else None

    def entries(
        self, workspace: str, series: Series, *, ascending: bool, limit: int, deadline: float | None = None
    ) -> list[NumberEntry]:
        mine = [
            entry for (of, number), entry in self.jobs.numbers.items() if (of, number.series) == (workspace, series)
        ]
        return sorted(mine, key=lambda entry: entry.number.value, reverse=not ascending)[:limit]


class FakeLimitStore:
    """Counters and marks in dicts."""

    def __init__(self) -> None:
        self.full: dict[tuple[str, Rate], int] = {}
        self.marks: dict[str, frozenset[str]] = {}

    def count(self, subject: str, rate: Rate, now: int, *, deadline: float | None = None) -> Counted:
        full, at = self.full.get((subject, rate), 0), now * 1000
        if full >= rate.refused_from(at):
            return Counted(accepted=False, full=full)
        self.full[subject, rate] = max(full, at) + rate.interval
        return Counted(accepted=True, full=self.full[subject, rate])

    def take(
        self, subject: str, limit: int, mark: str, *, now: int, deadline: float | None = None
    ) -> tuple[bool, frozenset[str]]:
        marks = self.marks.get(subject, frozenset())
        if mark not in marks and len(marks) >= limit:
            return False, marks
        self.marks[subject] = marks | {mark}
        return True, self.marks[subject]

    def release(self, subject: str, marks: Iterable[str], *, deadline: float | None = None) -> None:
        self.marks[subject] = self.marks.get(subject, frozenset()) - set(marks)


class FakeAttemptStore:
    """What is remembered of wrong passwords, in a dict; `saved` counts the writes that were made."""

    def __init__(self) -> None:
        self.items: dict[GuardKey, Attempts] = {}
        self.saved = 0

    def save(
        self, key: GuardKey, attempts: Attempts, *, seen: Attempts, deadline: float | None = None
    ) -> Attempts | None:
        old = self.items.get(key, NOTHING)
        if (old.forgiven_at, old.known_until) != (seen.forgiven_at, seen.known_until):
            return old
        self.items[key] = attempts
        self.saved += 1
        return None

    def count(self, key: GuardKey, policy: Policy, now: int, *, seen: Attempts, deadline: float | None = None) -> None:
        self.items[key] = failed(self.items.get(key, NOTHING), policy, now)
        self.saved += 1

    def forget(self, partition: str, *, deadline: float | None = None) -> dict[str, Attempts]:
        found = {key: attempts for key, attempts in self.items.items() if key.partition == partition}
        for key in found:
            del self.items[key]
        return {key.item: attempts for key, attempts in found.items()}


class FakeKeptSteps:
    """Remembers steps while their job is there."""

    def __init__(self, jobs: FakeJobStore) -> None:
        self.jobs = jobs
        self.kept: dict[str, list[Step]] = {}

    def load(self, job: Job) -> list[Step] | None:
        return self.kept.get(job.id)

    def keep(self, job: Job, steps: Sequence[Step]) -> None:
        long = sum(len((step.cause or "").encode()) for step in steps) > 300_000
        if job.id in self.jobs.rows and not long:
            self.kept[job.id] = list(steps)


def _light(job: Job) -> Job:
    if job.payloads_apart:
        return replace(job, input=None, output=None)
    return replace(job, input=_inline(job.input), output=_inline(job.output))


def _inline(text: str | None) -> str | None:
    return text if text is None or len(text.encode()) <= ASIDE else None


def _position(job: Job) -> tuple[str, str]:
    day = datetime.fromtimestamp(job.created_at / 1000, UTC).strftime("%Y-%m-%d")
    return day, f"{job.created_at:015d}#{job.id}"


def _listed(job: Job, query: ListingQuery) -> bool:
    return (
        job.workspace == query.workspace
        and query.endpoint in {None, job.endpoint}
        and (query.endpoints is None or job.endpoint in query.endpoints)
        and query.principal in {None, job.principal}
        and query.status in {None, job.status}
        and all(job.labels.get(key) == value for key, value in query.labels)
        and query.since <= job.created_at <= query.until
    )


class FakeExecutions:
    """Step Functions: one Standard execution a name, any number of Express runs, which end as `result` says."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.express: Counter[str] = Counter()
        self.standard: dict[str, ExecutionState] = {}
        self.inputs: dict[str, str] = {}
        self.stopped: list[str] = []
        self.tokens: list[str] = []
        self.tagged = True
        self.events: list[HistoryEvent] = []
        self.result: Outcome | FlowportError = Outcome("SUCCEEDED", NOW + 200, output='{"total":42}')

    def run_express(self, state_machine_arn: str, name: str, input_text: str) -> tuple[Outcome, str]:
        self.express[name] += 1
        self.inputs[name] = input_text
        if isinstance(self.result, FlowportError):
            raise self.result
        return self.result, state_machine_arn.replace(":stateMachine:", ":express:") + f":{name}:run"

    def start_standard(self, state_machine_arn: str, name: str, input_text: str) -> str:
        arn = state_machine_arn.replace(":stateMachine:", ":execution:") + f":{name}"
        self.inputs[name] = input_text
        self.standard.setdefault(arn, ExecutionState("RUNNING", self.clock.now(), None))
        return arn

    def finish(self, arn: str, outcome: Outcome) -> None:
        redrives = self.standard[arn].redrives if arn in self.standard else 0
        self.standard[arn] = ExecutionState(outcome.status, NOW, outcome, redrives, outcome.status != "SUCCEEDED")

    def redrive(self, execution_arn: str, token: str, *, deadline: float | None = None) -> None:
        if token in self.tokens:
            return
        state = self.standard.get(execution_arn)
        if state is None or not state.redrivable:
            message = "not redrivable"
            raise NotRedrivable(message)
        self.tokens.append(token)
        self.standard[execution_arn] = ExecutionState("RUNNING", self.clock.now(), None, state.redrives + 1)

    def consented(self, state_machine_arn: str, *, deadline: float | None = None) -> bool:
        return self.tagged

    def describe(self, execution_arn: str, *, deadline: float | None = None) -> ExecutionState | None:
        return self.standard.get(execution_arn)

    def stop(self, execution_arn: str, *, error: str, cause: str, deadline: float | None = None) -> None:
        self.stopped.append(execution_arn)

    def history(self, execution_arn: str, *, deadline: float | None = None) -> Iterable[HistoryEvent]:
        return self.events


class FakeDefinitions:
    """Definitions by the ARN of their machine, and by that of an execution."""

    def __init__(self) -> None:
        self.machines: dict[str, Definition] = {}
        self.executions: dict[str, Definition] = {}

    def of_machine(self, arn: str, *, deadline: float | None = None) -> Definition | None:
        return self.machines.get(arn) or self.machines.get(unqualified_machine_arn(arn))

    def of_execution(self, execution_arn: str, *, deadline: float | None = None) -> Definition | None:
        return self.executions.get(execution_arn)


class FakeDetached:
    """Remembers which jobs were handed over."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def start(self, job_id: str) -> None:
        self.started.append(job_id)


class FakeCallbackStore:
    """Callbacks by their keys, each write on top of what was read."""

    def __init__(self) -> None:
        self.items: dict[str, Callback] = {}

    def get(self, key: str, *, deadline: float | None = None) -> Callback | None:
        return self.items.get(key)

    def save(self, callback: Callback, *, deadline: float | None = None) -> Callback | None:
        old = self.items.get(callback.key)
        if callback.revision != (old.revision if old else 0):
            return None
        self.items[callback.key] = replace(callback, revision=callback.revision + 1)
        return self.items[callback.key]


class FakeTaskTokens:
    """Step Functions' side of parked runs: each token is answered once; those in `gone` are refused."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.gone: set[str] = set()

    def succeed(self, task_token: str, output: str) -> Sent:
        return self._take(task_token, output)

    def fail(self, task_token: str, *, error: str, cause: str) -> Sent:
        return self._take(task_token, error)

    def _take(self, task_token: str, answer: str) -> Sent:
        if task_token in self.gone or task_token in self.answers:
            return "refused"
        self.answers[task_token] = answer
        return "delivered"


class FakeDeliveries:
    """Remembers which deliveries were started: the numbers, and the run of what is sent again."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int, int]] = []

    def start(self, job_id: str, number: int, *, run: int = 0, at: int = 0, deadline: float | None = None) -> None:
        self.started.append((job_id, number, run))


class FakeDeliveryLog:
    """Deliveries by job and number."""

    def __init__(self, jobs: FakeJobStore) -> None:
        self.jobs = jobs
        self.kept: dict[tuple[str, int], Delivery] = {}

    def read(self, job_id: str, number: int) -> Delivery | None:
        return self.kept.get((job_id, number)) if job_id in self.jobs.rows else None

    def write(self, delivery: Delivery, *, seen: Delivery, expires_at: int) -> bool:
        old = self.kept.get((delivery.job_id, delivery.number))
        if delivery.job_id not in self.jobs.rows:
            return False
        if (old.attempts if old else ()) != seen.attempts:
            return old is not None and old.attempts == delivery.attempts
        self.kept[delivery.job_id, delivery.number] = delivery
        return True


class FakeOutbound:
    """A receiver that answers with `answers` in order, the last one again and again."""

    def __init__(self, *answers: int | str) -> None:
        self.answers = list(answers) or [200]
        self.received: list[tuple[CallbackUrl, dict[str, str], bytes]] = []

    def post(self, target: CallbackUrl, headers: Mapping[str, str], body: bytes) -> Posted:
        self.received.append((target, dict(headers), body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Posted(status=answer) if isinstance(answer, int) else Posted(error=answer)


class FakeLogs:
    """A log group's events; `asked` holds what was read."""

    def __init__(self, events: Iterable[HistoryEvent] = ()) -> None:
        self.events = list(events)
        self.asked: list[tuple[str, str, int]] = []

    def history(
        self, log_group: str, execution_arn: str, since: int, *, deadline: float | None = None
    ) -> Iterable[HistoryEvent]:
        self.asked.append((log_group, execution_arn, since))
        return self.events


class FakePasswords:
    """A hash that can be read; `verified` holds each comparison, `known` what a process remembers to fit."""

    def __init__(self) -> None:
        self.verified: list[str | None] = []
        self.known: set[str] = set()

    def knows(self, stored: str, password: str) -> bool:
        return stored == self.hash(password) and password in self.known

    def hash(self, password: str) -> str:
        return f"hashed {password}"

    def verify(self, stored: str | None, password: str) -> bool:
        self.verified.append(stored)
        return stored == self.hash(password)


class FakeSecrets:
    """Values by name, the current one first; an id is `v` and a number."""

    def __init__(self, **texts: str) -> None:
        self.kept: dict[str, list[tuple[str, str]]] = {name: [("v1", text)] for name, text in texts.items()}
        self.made = 1

    def values(self, name: str, *, deadline: float | None = None) -> tuple[str, ...]:
        return tuple(text for _, text in self.kept.get(name, []))

    def versions(self, name: str, *, deadline: float | None = None) -> tuple[SecretVersion, ...]:
        ids = [version for version, _ in self.kept.get(name, [])]
        return tuple(SecretVersion(version, index == 0, NOW) for index, version in enumerate(ids))

    def put(self, name: str, text: str, *, replaces: str | None, deadline: float | None = None) -> str | None:
        kept = self.kept.get(name, [])
        if (kept[0][0] if kept else None) != replaces:
            return None
        self.made += 1
        self.kept[name] = [(f"v{self.made}", text), *kept[:1]]
        return f"v{self.made}"

    def retire(self, name: str, version_id: str, *, deadline: float | None = None) -> bool:
        kept = self.kept.get(name, [])
        if [version for version, _ in kept[1:]] != [version_id]:
            return False
        self.kept[name] = kept[:1]
        return True

    def delete(self, name: str, *, deadline: float | None = None) -> None:
        self.kept.pop(name, None)


class FakeAuditLog:
    """Acts by their keys."""

    def __init__(self) -> None:
        self.kept: dict[str, Act] = {}

    def write(self, acts: Sequence[Act], *, deadline: float) -> None:
        self.kept.update({act.key: act for act in acts})

    def page(self, trail: str, wanted: Acts, limit: int, after: str | None, *, deadline: float) -> Page[Act]:
        return Page(tuple(act for act in self.kept.values() if act.trail == trail), None)


def an_audit(log: FakeAuditLog | None = None) -> Audit:
    """An audit trail that nothing reads; an outcome that is lost is an error."""

    def lost(act: Act, error: FlowportError) -> None:
        raise AssertionError(act) from error

    return Audit(log or FakeAuditLog(), FakeClock(), lambda record: {"is": repr(record)}, 86_400_000, lost)


class FakeJwtKeys:
    """Remembers what it signed, and under what; `current` and `previous` are the names of the two keys.

    `broken` is raised by every call.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.current = "k1"
        self.previous = ""
        self.broken: FlowportError | None = None
        self.signed: dict[str, tuple[str, str, str]] = {}

    def issue(self, claims: Claims, alias: str, *, deadline: float | None = None) -> str:
        if self.broken:
            raise self.broken
        if not self.current:
            message = "no key"
            raise KeyMissing(message)
        payload = base64.urlsafe_b64encode(json.dumps(claims.document()).encode()).decode().rstrip("=")
        raw = f"e30.{payload}.{alias}-{self.current}"
        self.signed[raw] = (claims.workspace, alias, self.current)
        return raw

    def make(self, workspace: str, alias: str, *, deadline: float | None = None) -> None:
        if self.broken:
            raise self.broken
        self.current = self.current or "k1"

    def verify(self, raw: str, workspace: str, alias: str, *, deadline: float | None = None) -> Claims:
        if self.broken:
            raise self.broken
        claims = unverified(raw, workspace)
        valid = {(workspace, alias, key) for key in (self.current, self.previous)}
        if claims is None or self.signed.get(raw) not in valid:
            raise refuse_credential()
        if claims.expires_at is not None and claims.expires_at * 1000 <= self.clock.now():
            raise refuse_expired()
        return claims


def fail(port: object, method: str, *errors: Exception | None) -> None:
    """Let the next calls of a port's method raise these, in order (None: let it work); later calls work."""
    real, left = getattr(port, method), list(errors)

    def call(*args: Any, **kwargs: Any) -> Any:  # stands in for any method
        if left and (error := left.pop(0)) is not None:
            raise error
        return real(*args, **kwargs)

    setattr(port, method, call)


def before(port: object, method: str, action: Callable[[], object]) -> None:
    """Let something happen each time before a port's method does its work."""
    real = getattr(port, method)

    def call(*args: Any, **kwargs: Any) -> Any:
        action()
        return real(*args, **kwargs)

    setattr(port, method, call)


def after(port: object, method: str, action: Callable[[], object]) -> None:
    """Let something happen each time after a port's method did its work."""
    real = getattr(port, method)

    def call(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        action()
        return result

    setattr(port, method, call)


# -- records that most tests begin with ------------------------------------------------------------------------------


def a_job(job_id: str = JOB_ID, **changes: Any) -> Job:  # fields of a job
    """Give an accepted asynchronous job on a Standard machine."""
    job = Job(
        id=job_id,
        workspace="acme",
        endpoint="billing/quote",
        status="ACCEPTED",
        mode="async",
        machine_type="STANDARD",
        state_machine_arn=STANDARD_ARN,
        principal="token:tok_1",
        created_at=NOW,
        attempt="a1",
        execution_arn=f"{ACCOUNT}:execution:durable:fp-{job_id}",
        input='{"items":[]}',
        keep_ms=30 * 86_400_000,
        check_at=NOW + 45_000,
    )
    return replace(job, **changes)


def an_express_job(job_id: str = JOB_ID, **changes: Any) -> Job:
    """Give an accepted asynchronous job on an Express machine."""
    return a_job(
        job_id, **{"machine_type": "EXPRESS", "state_machine_arn": EXPRESS_ARN, "execution_arn": None, **changes}
    )


def an_endpoint(**changes: Any) -> Endpoint:  # fields of an endpoint
    """Give the endpoint `billing/quote` of the workspace `acme`, synchronous, with both machines."""
    endpoint = Endpoint("acme", "billing", "quote", express_arn=EXPRESS_ARN, standard_arn=STANDARD_ARN)
    return replace(endpoint, **changes)


def a_credential(token: Token, **changes: Any) -> Credential:  # fields of a credential
    """Give the credential of a token that may run and read."""
    credential = Credential(token.key, "token", token.workspace, "tok_1", "ci", ("run", "jobs:read"))
    return replace(credential, **changes)


def a_user(name: str = "ann", password: str = "correct horse", **changes: Any) -> Credential:
    """Give a user of `acme` whose hash is FakePasswords'."""
    user = Credential(
        f"user#acme#{name}", "user", "acme", name, name, ("run",), password_hash=FakePasswords().hash(password)
    )
    return replace(user, **changes)


def a_client(secret: str = "fps_secret", **changes: Any) -> Credential:
    """Give a client of `acme` with the scopes of a field app."""
    client_id = "fpc_acme_00000000000000000001"
    client = Credential(
        f"client#acme#{client_id}",
        "client",
        "acme",
        client_id,
        "field app",
        ("workflow.execute", "job.read"),
        created_at=NOW - 1000,
        secret_hash=secret_hash(secret),
    )
    return replace(client, **changes)


def presented_user(name: str = "ann", password: str = "correct horse", workspace: str = "acme") -> Presented:
    """Give what a user sends."""
    return Presented("user", workspace, f"user#{workspace}#{name}", password)


ACME = Workspace("acme", "Acme", "active", NOW)
