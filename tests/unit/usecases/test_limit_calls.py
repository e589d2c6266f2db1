"""Calls that are held to limits: who is refused, what that leaves behind, and when a slot is free again."""

from typing import Any

import pytest

from flowport.domain.access import Presented
from flowport.domain.errors import InvalidJson, KeyReused, RateLimited, TooManyJobs, Unavailable, UnknownOutcome
from flowport.domain.job import Job, Outcome
from flowport.domain.limits import Limits, Quota, Rate
from flowport.domain.preferences import Preference
from flowport.domain.tokens import new_token
from flowport.usecases.access import Caller
from flowport.usecases.redrive_job import Redrive, RedriveJob
from flowport.usecases.run_batch import BatchRan, RunBatch, RunEndpointBatch
from flowport.usecases.run_endpoint import Ran, Run
from flowport.usecases.stop_job import Cancel, ChangeJobs
from tests.fakes import NOW, STANDARD_ARN, a_credential, an_endpoint, fail
from tests.unit.usecases.stack import Stack

ASYNC = Preference(respond_async=True)
ENDPOINT = "limit#acme#endpoint#billing/quote"
CREDENTIAL = "limit#acme#credential#token:tok_1"


def _limit(stack: Stack, endpoint: Limits, **credential: Any) -> None:
    stack.directory.add(an_endpoint(express_arn=None, standard_arn=STANDARD_ARN, limits=endpoint))
    stack.directory.add(a_credential(stack.token, **credential))


def _run(stack: Stack, caller: Caller | None = None, *, body: str = "{}", **options: Any) -> Ran:
    command = Run("billing/quote", "POST", lambda: body, ASYNC, **options)
    return stack.run_endpoint(caller or stack.caller(), command)


def _end(stack: Stack, job: Job) -> None:
    stack.run_endpoint.jobs.end(stack.jobs.rows[job.id], Outcome("SUCCEEDED", stack.clock.now(), output="{}"))


def _held(stack: Stack, subject: str = ENDPOINT) -> int:
    return len(stack.limit_store.marks.get(subject, ()))


# -- requests per time -------------------------------------------------------------------------------------------------


def test_a_call_beyond_the_rate_starts_nothing_and_says_when_to_come_back(stack: Stack) -> None:
    _limit(stack, Limits(Rate(2, 60)))
    _run(stack)
    _run(stack)
    with pytest.raises(RateLimited) as refused:
        _run(stack)
    assert len(stack.jobs.rows) == 2
    assert len(stack.executions.standard) == 2
    assert refused.value.headers == {"Retry-After": "30"}
    assert refused.value.members == {"violated-policies": ["endpoint"]}
    assert refused.value.quotas == (Quota("endpoint", 2, 0, 60, 30),)
    stack.clock.sleep(30)
    assert _run(stack).quotas == (Quota("endpoint", 2, 0, 60, 30),)


def test_what_is_left_is_told_with_every_answer(stack: Stack) -> None:
    _limit(stack, Limits(Rate(10, 60), 5), limits=Limits(Rate(3, 1), 2))
    assert _run(stack).quotas == (
        Quota("credential", 3, 2, 1, 1),
        Quota("endpoint", 10, 9, 60, 6),
        Quota("credential-jobs", 2, 1),
        Quota("endpoint-jobs", 5, 4),
    )


def test_a_greedy_callers_refusals_use_nothing_of_the_endpoints_limit(stack: Stack) -> None:
    _limit(stack, Limits(Rate(3, 3600)), limits=Limits(Rate(1, 3600)))
    other = new_token("acme")
    stack.directory.add(a_credential(other, credential_id="tok_2"))
    _run(stack)
    for _ in range(5):
        with pytest.raises(RateLimited, match="The credential is limited to 1 requests in 3600 s"):
            _run(stack)
    for _ in range(2):
        _run(stack, stack.caller(presented=Presented.of_token(other)))


def test_whoever_is_not_let_in_is_not_counted(stack: Stack) -> None:
    _limit(stack, Limits(Rate(1, 3600)), scopes=("jobs:read",))
    for _ in range(3):
        with pytest.raises(Exception, match="lacks the scope"):
            _run(stack)
    assert stack.limit_store.full == {}


def test_an_input_that_is_wrong_is_counted(stack: Stack) -> None:
    _limit(stack, Limits(Rate(1, 3600)))

    def wrong() -> str:
        message = "not JSON"
        raise InvalidJson(message)

    with pytest.raises(InvalidJson):
        stack.run_endpoint(stack.caller(), Run("billing/quote", "POST", wrong, ASYNC))
    with pytest.raises(RateLimited):
        _run(stack)


def test_a_repeated_key_is_a_request_like_any_other_and_stays_good(stack: Stack) -> None:
    _limit(stack, Limits(Rate(2, 60)))
    first, second = _run(stack, idempotency_key="k"), _run(stack, idempotency_key="k")
    with pytest.raises(RateLimited):
        _run(stack, idempotency_key="k")
    stack.clock.sleep(30)
    assert {first.job.id, second.job.id, _run(stack, idempotency_key="k").job.id} == {first.job.id}


def test_a_refused_key_is_not_used(stack: Stack) -> None:
    _limit(stack, Limits(Rate(1, 60)))
    _run(stack)
    with pytest.raises(RateLimited):
        _run(stack, idempotency_key="k")
    assert stack.jobs.keys == {}


def test_polling_is_not_counted(stack: Stack) -> None:
    _limit(stack, Limits(Rate(1, 3600)), limits=Limits(Rate(1, 3600)))
    job = _run(stack).job
    for _ in range(10):
        assert stack.access.to_read_job(stack.caller(), job.id)[1].id == job.id


def test_each_input_of_a_batch_is_counted(stack: Stack) -> None:
    _limit(stack, Limits(Rate(3, 3600)))
    batch = _batch(stack, 5)
    assert sorted(type(outcome).__name__ for outcome in batch.outcomes) == ["Job"] * 3 + ["RateLimited"] * 2
    assert batch.quotas == (Quota("endpoint", 3, 0, 3600, 1200),)
    assert len(stack.jobs.rows) == 3


def _batch(stack: Stack, inputs: int) -> BatchRan:
    run = Run("billing/quote", "POST", lambda: "{}", ASYNC)
    use = RunEndpointBatch(stack.run_endpoint, stack.run_endpoint.jobs, stack.clock)
    return use(stack.caller(), RunBatch(run, lambda: [lambda: "{}"] * inputs))


def test_where_the_count_cannot_be_read_nothing_is_started(stack: Stack) -> None:
    _limit(stack, Limits(Rate(5, 60)))
    fail(stack.limit_store, "count", Unavailable("throttled"))
    with pytest.raises(Unavailable):
        _run(stack)
    assert stack.jobs.rows == {}


# -- jobs at one time --------------------------------------------------------------------------------------------------


def test_a_call_beyond_the_jobs_at_one_time_starts_nothing(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=2))
    jobs = [_run(stack).job for _ in range(2)]
    with pytest.raises(TooManyJobs) as refused:
        _run(stack, idempotency_key="k")
    assert (len(stack.jobs.rows), stack.jobs.keys, len(stack.executions.standard)) == (2, {}, 2)
    assert refused.value.headers == {"Retry-After": "5"}
    assert refused.value.members == {"violated-policies": ["endpoint-jobs"]}
    _end(stack, jobs[0])
    assert _run(stack).job.id


def test_a_slot_is_held_from_before_the_row_until_its_end(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=1), limits=Limits(concurrent=1))
    job = _run(stack).job
    assert (_held(stack), _held(stack, CREDENTIAL)) == (1, 1)
    _end(stack, job)
    assert (_held(stack), _held(stack, CREDENTIAL)) == (0, 0)


def test_a_cancelled_job_holds_no_slot(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=1))
    job = _run(stack).job
    ChangeJobs(stack.access, stack.run_endpoint.jobs, stack.stop).cancel(stack.caller(), Cancel(job.id))
    assert _held(stack) == 0


def test_a_job_that_the_sweep_ends_holds_no_slot(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=1))
    job = _run(stack, deadline=30).job
    stack.sweep_after(120)
    assert stack.jobs.rows[job.id].status == "TIMED_OUT"
    assert _held(stack) == 0


def test_a_start_that_was_refused_gives_its_slot_back(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=1))
    fail(stack.executions, "start_standard", Unavailable("throttled"))
    with pytest.raises(Unavailable):
        _run(stack)
    assert _held(stack) == 0


def test_a_job_that_was_not_written_gives_its_slot_back(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=1))
    _run(stack, idempotency_key="k", body='{"a":1}')
    _end(stack, stack.row())
    with pytest.raises(KeyReused):
        _run(stack, idempotency_key="k", body='{"a":2}')
    fail(stack.jobs, "create", Unavailable("throttled"))
    with pytest.raises(Unavailable):
        _run(stack)
    assert _held(stack) == 0


def test_a_job_of_which_nobody_knows_keeps_its_slot(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=1))
    fail(stack.jobs, "create", Unavailable("no answer"))
    fail(stack.jobs, "end", Unavailable("no answer"))
    with pytest.raises(UnknownOutcome):
        _run(stack)
    assert _held(stack) == 1


def test_a_repeated_call_joins_its_job_although_all_slots_are_taken(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=1))
    first = _run(stack, idempotency_key="k", client_job_id="mine").job
    assert _run(stack, idempotency_key="k").job.id == first.id
    assert _run(stack, client_job_id="mine").job.id == first.id
    with pytest.raises(KeyReused):
        _run(stack, idempotency_key="k", body='{"other":1}')
    assert _held(stack) == 1


def test_a_key_that_is_taken_in_between_leaves_one_slot_held(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=2))
    first = _run(stack, idempotency_key="k").job
    stack.jobs.taken = lambda *_, **__: None  # type: ignore[method-assign]  # as before the other call's write
    assert _run(stack, idempotency_key="k").job.id == first.id
    assert _held(stack) == 1


def test_a_limit_that_refuses_gives_back_what_another_gave(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=1), limits=Limits(concurrent=5))
    _run(stack)
    with pytest.raises(TooManyJobs):
        _run(stack)
    assert (_held(stack, CREDENTIAL), _held(stack)) == (1, 1)


def test_a_slot_whose_job_was_never_written_is_taken_over_half_a_minute_later(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=1))
    stack.limit_store.marks[ENDPOINT] = frozenset({f"{NOW}:0199b6f2-0000-8000-8000-00000000dead:x"})
    stack.clock.sleep(29)
    with pytest.raises(TooManyJobs):
        _run(stack)
    stack.clock.sleep(2)
    assert _run(stack).job.id
    assert _held(stack) == 1


def test_a_slot_that_a_dead_process_left_behind_is_taken_over(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=1))
    job = _run(stack).job
    fail(stack.limit_store, "release", Unavailable("no answer"))
    _end(stack, job)
    assert _held(stack) == 1
    stack.clock.sleep(31)
    assert _run(stack).job.id != job.id
    assert _held(stack) == 1


def test_the_slot_of_a_job_that_runs_is_not_taken_over_however_long_it_runs(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=1))
    _run(stack)
    for _ in range(3):
        stack.clock.sleep(86_400)
        with pytest.raises(TooManyJobs):
            _run(stack)


def test_a_limit_that_is_met_again_and_again_looks_for_slots_every_two_seconds(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=1))
    _run(stack)
    stack.clock.sleep(60)
    looks = 0
    real = stack.jobs.get_many

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal looks
        looks += 1
        return real(*args, **kwargs)

    stack.jobs.get_many = counted  # type: ignore[method-assign]
    for _ in range(10):
        stack.clock.sleep(0.5)
        with pytest.raises(TooManyJobs):
            _run(stack)
    assert looks == 3


def test_a_slot_that_was_left_behind_is_found_behind_however_many_jobs_that_run_for_weeks(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=251))
    for _ in range(250):
        _run(stack)
        stack.clock.sleep(0.001)
    stack.limit_store.marks[ENDPOINT] |= {f"{stack.clock.now()}:0199b6f2-0000-8000-8000-00000000dead:x"}
    stack.clock.sleep(31)
    for _ in range(2):
        with pytest.raises(TooManyJobs):
            _run(stack)
        stack.clock.sleep(2)
    assert _run(stack).job.id


def test_a_redrive_is_counted_and_holds_a_slot(stack: Stack) -> None:
    _limit(stack, Limits(Rate(2, 3600), 1), scopes=("run", "jobs:read", "jobs:write"))
    job = _run(stack).job
    stack.run_endpoint.jobs.end(stack.jobs.rows[job.id], Outcome("FAILED", stack.clock.now(), error="Broken"))
    redrive = RedriveJob(stack.access, stack.run_endpoint.jobs, stack.executions, stack.clock, stack.run_endpoint)
    stack.executions.standard.clear()  # it is started anew
    redriven = redrive(stack.caller(), Redrive(job.id))
    assert redriven.quotas == (Quota("endpoint", 2, 0, 3600, 1800), Quota("endpoint-jobs", 1, 0))
    assert _held(stack) == 1
    with pytest.raises(RateLimited):
        redrive(stack.caller(), Redrive(redriven.job.id))
    _end(stack, redriven.job)
    assert _held(stack) == 0


def test_a_redrive_beyond_the_jobs_at_one_time_leaves_its_origin_free(stack: Stack) -> None:
    _limit(stack, Limits(concurrent=1), scopes=("run", "jobs:read", "jobs:write"))
    job = _run(stack).job
    stack.run_endpoint.jobs.end(stack.jobs.rows[job.id], Outcome("FAILED", stack.clock.now(), error="Broken"))
    _run(stack)
    redrive = RedriveJob(stack.access, stack.run_endpoint.jobs, stack.executions, stack.clock, stack.run_endpoint)
    stack.executions.standard.clear()
    with pytest.raises(TooManyJobs):
        redrive(stack.caller(), Redrive(job.id))
    assert stack.jobs.rows[job.id].redriven_as is None


def test_where_nothing_is_limited_nothing_is_asked(stack: Stack) -> None:
    for method in ("count", "take", "release"):
        fail(stack.limit_store, method, AssertionError("asked"))
    job = _run(stack).job
    _end(stack, job)
    assert _run(stack).quotas == ()
