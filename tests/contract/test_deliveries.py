"""The ports of deliveries: the log on the fake and on moto, and the machine's starts."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from flowport.adapters.deliver_machine import DeliverMachine, execution_name
from flowport.adapters.delivery_log import DynamoDeliveryLog
from flowport.adapters.jobs_table import DynamoJobStore
from flowport.domain.errors import Unavailable
from flowport.domain.job import Job, Outcome
from flowport.domain.webhooks import Attempt, Delivery
from flowport.usecases.ports import DeliveryLog, JobStore
from tests.fakes import ACCOUNT, JOB_ID, NOW, FakeClock, FakeDeliveryLog, FakeJobStore, a_job, after

EMPTY = Delivery(JOB_ID, 1, "https://a.example/?…")
ONE = replace(EMPTY, attempts=(Attempt(0, 1, NOW, 12, 500),), next_at=NOW + 5000)
TWO = replace(ONE, status="delivered", attempts=(*ONE.attempts, Attempt(0, 2, NOW + 9, 3, None, "timed-out")))
MACHINE = f"{ACCOUNT}:stateMachine:flowport-deliver"


@pytest.fixture(params=["fake", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> tuple[JobStore, DeliveryLog]:
    if request.param == "fake":
        jobs = FakeJobStore()
        made: tuple[JobStore, DeliveryLog] = jobs, FakeDeliveryLog(jobs)
    else:
        client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("jobs_table")
        made = DynamoJobStore(client, table, FakeClock()), DynamoDeliveryLog(client, table, FakeClock())
    made[0].create(a_job(callbacks=("https://a.example/?x=1", "https://b.example/"), base_url="https://api.example"))
    return made


def write(stores: tuple[JobStore, DeliveryLog], delivery: Delivery, seen: Delivery) -> bool:
    return stores[1].write(delivery, seen=seen, expires_at=NOW + 1000)


def end(stores: tuple[JobStore, DeliveryLog], look_again: int | None = None) -> Job:
    job = a_job()
    assert stores[0].end(job, Outcome("SUCCEEDED", NOW + 1, output="{}"), look_again=look_again)
    return job


def test_a_job_keeps_its_callbacks_and_its_base_url(stores: tuple[JobStore, DeliveryLog]) -> None:
    job = stores[0].get(JOB_ID)
    assert job is not None
    assert job.callbacks == ("https://a.example/?x=1", "https://b.example/")
    assert job.base_url == "https://api.example"


def test_there_is_no_log_before_the_first_attempt(stores: tuple[JobStore, DeliveryLog]) -> None:
    assert stores[1].read(JOB_ID, 1) is None


def test_attempts_are_kept_in_order_and_whole(stores: tuple[JobStore, DeliveryLog]) -> None:
    assert write(stores, ONE, EMPTY)
    assert write(stores, TWO, ONE)
    assert stores[1].read(JOB_ID, 1) == TWO
    assert stores[1].read(JOB_ID, 2) is None


def test_an_attempt_over_what_was_not_seen_is_refused(stores: tuple[JobStore, DeliveryLog]) -> None:
    assert write(stores, ONE, EMPTY)
    other = replace(EMPTY, attempts=(Attempt(0, 1, NOW + 1, 12, 200),))
    assert not write(stores, other, EMPTY)
    assert write(stores, TWO, ONE)
    assert not write(stores, other, ONE)
    assert stores[1].read(JOB_ID, 1) == TWO


def test_the_same_attempt_written_again_has_succeeded(stores: tuple[JobStore, DeliveryLog]) -> None:
    assert write(stores, ONE, EMPTY)
    assert write(stores, ONE, EMPTY)


def test_a_deleted_jobs_log_is_gone_and_stays_gone(stores: tuple[JobStore, DeliveryLog]) -> None:
    write(stores, ONE, EMPTY)
    end(stores)
    assert stores[0].delete(JOB_ID)
    assert stores[1].read(JOB_ID, 1) is None
    assert not write(stores, TWO, ONE)
    assert not write(stores, ONE, EMPTY)
    assert stores[1].read(JOB_ID, 1) is None


def test_a_job_that_is_to_be_handed_over_is_on_the_sweeps_list_until_it_is_settled(
    stores: tuple[JobStore, DeliveryLog],
) -> None:
    job = end(stores, look_again=NOW + 30)
    assert stores[0].due(NOW + 30, 9) == [(JOB_ID, NOW + 30)]
    assert not stores[0].delete(JOB_ID)
    stores[0].settle(job, seen=NOW + 30)
    assert stores[0].due(NOW + 30, 9) == []


def test_a_log_whose_answer_was_lost_is_written_once_and_known(dynamodb: Any, jobs_table: str) -> None:
    log = DynamoDeliveryLog(dynamodb, jobs_table, FakeClock())
    DynamoJobStore(dynamodb, jobs_table, FakeClock()).create(a_job())
    lost = [ReadTimeoutError(endpoint_url="dynamodb")]

    def lose() -> None:
        if lost:
            raise lost.pop()

    real = dynamodb.transact_write_items
    after(dynamodb, "transact_write_items", lose)
    try:
        assert log.write(ONE, seen=EMPTY, expires_at=NOW)
    finally:
        dynamodb.transact_write_items = real
    assert log.read(JOB_ID, 1) == ONE


# -- the machine -----------------------------------------------------------------------------------------------------


class Starts:
    """Step Functions' StartExecution, which gives the answers in order."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []

    def start_execution(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if self.answers and (error := self.answers.pop(0)) is not None:
            raise error
        return {}


def machine(starts: Starts) -> DeliverMachine:
    return DeliverMachine(lambda: starts, MACHINE, FakeClock())


def code(name: str) -> ClientError:
    return ClientError({"Error": {"Code": name}}, "StartExecution")


def test_a_start_is_named_by_its_job_and_number() -> None:
    starts = Starts()
    machine(starts).start(JOB_ID, 2)
    due = f'{{"job_id": "{JOB_ID}", "number": 2, "run": 0, "attempt": 1}}'
    assert starts.requests == [{"stateMachineArn": MACHINE, "name": f"deliver-{JOB_ID}-2", "input": due}]


def test_what_is_sent_again_has_a_name_of_its_run_and_minute() -> None:
    assert execution_name(JOB_ID, 1, 20, NOW) == f"deliver-{JOB_ID}-1-r20-{NOW // 60_000}"
    assert execution_name(JOB_ID, 1, 20, NOW + 59_999 - NOW % 60_000) == execution_name(JOB_ID, 1, 20, NOW)
    assert len(execution_name(JOB_ID, 2, 20, 253_370_764_800_000)) <= 80
    assert not execution_name(JOB_ID, 1, 0, 0).startswith("fp-")


@pytest.mark.parametrize(
    "error", [code("ThrottlingException"), ReadTimeoutError(endpoint_url="states"), code("ExecutionAlreadyExists")]
)
def test_a_start_is_repeated_under_its_name_and_one_that_was_made_is_enough(error: Exception) -> None:
    starts = Starts(error)
    machine(starts).start(JOB_ID, 1)
    assert {request["name"] for request in starts.requests} == {f"deliver-{JOB_ID}-1"}


def test_a_start_that_cannot_be_made_for_now_is_unavailable() -> None:
    starts = Starts(*[ReadTimeoutError(endpoint_url="states")] * 99)
    clock = FakeClock()
    with pytest.raises(Unavailable):
        DeliverMachine(lambda: starts, MACHINE, clock).start(JOB_ID, 1)
    assert clock.monotonic() < 5


def test_a_start_ends_with_the_time_that_its_caller_has() -> None:
    starts = Starts(*[code("ThrottlingException")] * 99)
    clock = FakeClock()
    with pytest.raises(Unavailable):
        DeliverMachine(lambda: starts, MACHINE, clock).start(JOB_ID, 1, deadline=clock.monotonic() + 3.2)
    assert 1 <= len(starts.requests) <= 4
    assert clock.monotonic() <= 0.2


def test_a_start_that_is_denied_goes_through_for_the_sweep_to_report() -> None:
    with pytest.raises(ClientError):
        machine(Starts(code("AccessDeniedException"))).start(JOB_ID, 1)
