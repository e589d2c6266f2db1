"""AWS calls on the warm path of each kind of request, counted at the HTTP level, and what a million of them costs."""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from bench import SCRATCH, prices, world
from bench.deployed import Deployed
from bench.environment import TABLES
from bench.lambdas import Worker
from bench.loopback import Loopback
from bench.report import save, table, verdict
from bench.template import Template, read_template
from bench.units import Ledger
from flowport.adapters.items import encode
from flowport.domain.ids import job_id_of_request, standard_execution_arn
from flowport.domain.job import Job
from flowport.usecases.wait import wait_for_end

JOBS = TABLES["JOBS_TABLE"]
JOB_ID = job_id_of_request(world.REQUEST_ID)
DETACHED = ("run_express", {"job_id": JOB_ID})
RECORDED = ("record_completion", world.completion(standard_execution_arn(world.STANDARD_ARN, JOB_ID), world.OUTPUT))
# The design's bound for the hot path.
MOST = {"reads": 1, "writes": 2, "starts": 1}
WAITS = (0.1, 0.5, 1.0, 5.0, 25.0)


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request: its event, and the functions that run on its behalf afterwards.

    `after` names a case whose rows are there already; `ended` says that the row has ended by the first look at it;
    `known` that the process had the same request before, so that it knows the password.
    """

    name: str
    event: dict[str, Any]
    then: tuple[tuple[str, dict[str, Any]], ...] = ()
    output: str = world.OUTPUT
    after: str = ""
    ended: bool = False
    hot: bool = False
    known: bool = False


@dataclass(slots=True)
class Counted:
    """What was counted: operations and units of each function that took part."""

    case: Case
    ledger: Ledger
    operations: dict[str, Counter[str]] = field(default_factory=dict)
    logged: dict[str, int] = field(default_factory=dict)

    @property
    def within(self) -> bool:
        """Whether the hot path keeps its bound."""
        ledger = self.ledger
        starts = sum(ledger.starts.values())
        return ledger.reads <= MOST["reads"] and ledger.writes <= MOST["writes"] and starts <= MOST["starts"]


def cases() -> list[Case]:
    """Give the kinds of requests, each after those that it needs."""
    run, asynchronous, basic = "/v1/run/billing/quote", "respond-async", world.BASIC
    post = world.request
    return [
        Case("sync Express, token", post("POST", run, body=world.INPUT), hot=True),
        Case("sync Express, password", post("POST", run + "-user", body=world.INPUT, auth=basic), hot=True, known=True),
        Case("sync Express, 20 KB in and out", post("POST", run, body=world.LARGE), output=world.LARGE, hot=True),
        Case("async Express", post("POST", run, body=world.INPUT, prefer=asynchronous), then=(DETACHED,)),
        Case("async Standard", post("POST", run + "-standard", body=world.INPUT, prefer=asynchronous), (RECORDED,)),
        Case("sync Standard", post("POST", run + "-standard", body=world.INPUT), (RECORDED,), ended=True),
        Case("poll of a job", post("GET", f"/v1/jobs/{JOB_ID}"), after="sync Express, token"),
        Case("poll, 20 KB output", post("GET", f"/v1/jobs/{JOB_ID}"), after="sync Express, 20 KB in and out"),
    ]


def count(deployed: Deployed, template: Template) -> list[Counted]:
    """Send each kind of request once, warm, and count."""
    directory = world.rows()
    done: dict[str, Counted] = {}
    with Loopback() as aws, Worker(deployed, aws.url, SCRATCH / "calls.log") as worker:
        for function in ("gateway", "run_express", "record_completion"):
            worker.load(function)
        for case in cases():
            before = done[case.after].ledger.items if case.after else directory
            counted = Counted(case, Ledger(template, deepcopy(before)))
            for function, event in (("gateway", case.event), *case.then):
                _step(aws, worker, counted, function, event)
            done[case.name] = counted
    return list(done.values())


def _step(aws: Loopback, worker: Worker, counted: Counted, function: str, event: dict[str, Any]) -> None:
    ledger = counted.ledger
    served = deepcopy(ledger.items)
    if counted.case.ended and function == "gateway":
        served[JOBS] = [_ended_row()]
    if counted.case.known:
        aws.control(items=served, output=counted.case.output, recording=False)
        worker.call(function, event)
    aws.control(items=served, output=counted.case.output, recording=True)
    called = worker.call(function, event)
    status = (called["answer"] or {}).get("statusCode", 200)
    if status not in {200, 202}:
        raise RuntimeError(f"{counted.case.name}: {function} answered {called['answer']}")
    asked = aws.control(recording=False)
    counted.operations[function] = Counter(call["operation"] for call in asked)
    counted.logged[function] = called["logged"]
    for call in asked:
        ledger.add(call["operation"], call["request"])


def _ended_row() -> dict[str, Any]:
    row = {
        "job_id": JOB_ID,
        "item": "job",
        "workspace": "default",
        "endpoint": "billing/quote-standard",
        "status": "SUCCEEDED",
        "mode": "sync",
        "machine_type": "STANDARD",
        "state_machine_arn": world.STANDARD_ARN,
        "principal": "token:tok_7Xk2",
        "created_at": 0,
        "attempt": "",
        "output": world.OUTPUT,
        "expires_at": 0,
    }
    return {name: encode(value) for name, value in row.items()}


class _Waiting:
    """A job store and a clock in one, in which a job ends after some seconds; counts how often it is looked at."""

    def __init__(self, seconds: float, job: Job) -> None:
        self.at, self.end, self.looks, self.job = 0.0, seconds, 0, job

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds

    def get(self, _job_id: str, **_deadline: object) -> Job:
        self.looks += 1
        status = "SUCCEEDED" if self.at >= self.end else "RUNNING"
        return Job("", "", "", status, "sync", "STANDARD", "", "", 0, "", output="{}")  # type: ignore[arg-type]

    def with_output(self, job: Job, **_deadline: object) -> Job:
        return job


def looks_while_waiting(seconds: float) -> int:
    """Count the reads of a row while its end is awaited, without waiting for it."""
    job = Job("", "", "", "RUNNING", "sync", "STANDARD", "", "", 0, "")
    waiting = _Waiting(seconds, job)
    wait_for_end(waiting, waiting, job, 25.0)  # type: ignore[arg-type]  # the few methods that are used
    return waiting.looks


def measure(deployed: Deployed) -> bool:
    """Count, price, print and save; say whether the bound is kept."""
    template = read_template()
    counted = count(deployed, template)
    looks = {seconds: looks_while_waiting(seconds) for seconds in WAITS}
    _print_calls(counted, looks)
    bills = [prices.bill(item, template) for item in counted]
    prices.show([item.case.name for item in counted], bills, template)
    kept = all(item.within for item in counted if item.case.hot)
    save(
        "calls",
        {
            "cases": [_document(item, bill) for item, bill in zip(counted, bills, strict=True)],
            "reads_while_waiting": looks,
            "bare_per_million": prices.bare(template),
            "fixed_per_month": prices.fixed(template),
            "within_bound": kept,
        },
    )
    return kept


def _print_calls(counted: list[Counted], looks: dict[float, int]) -> None:
    table(
        "AWS calls of one warm request, counted over HTTP",
        (
            "request",
            "calls",
            "DynamoDB reads",
            "writes",
            "starts",
            "read units",
            "write units: rows + indexes",
            "bound",
        ),
        [
            (
                item.case.name,
                "\n".join(f"{name}: {_calls(calls)}" for name, calls in item.operations.items()),
                item.ledger.reads,
                item.ledger.writes,
                sum(item.ledger.starts.values()),
                f"{item.ledger.read_units:g}",
                f"{item.ledger.write_units} + {item.ledger.index_write_units}",
                verdict(met=item.within) if item.case.hot else "",
            )
            for item in counted
        ],
        caption=f"Bound of the hot path: {MOST}. A synchronous call to a Standard machine reads its row "
        + ", ".join(f"{times}x in {seconds:g} s" for seconds, times in looks.items())
        + "; above it had ended at the first look.",
    )


def _calls(calls: Counter[str]) -> str:
    return ", ".join(f"{name} x{times}" if times > 1 else name for name, times in calls.items())


def _document(item: Counted, bill: dict[str, float]) -> dict[str, Any]:
    ledger = item.ledger
    return {
        "name": item.case.name,
        "operations": {name: dict(calls) for name, calls in item.operations.items()},
        "reads": ledger.reads,
        "writes": ledger.writes,
        "starts": ledger.starts,
        "read_units": ledger.read_units,
        "write_units": ledger.write_units,
        "index_write_units": ledger.index_write_units,
        "logged_bytes": item.logged,
        "stored_bytes": ledger.stored_bytes(JOBS),
        "usd_per_million": bill,
    }
