"""Running an endpoint: each branch, and what its caller and its row are told."""

from dataclasses import replace
from typing import Any

import pytest

from flowport.domain import errors, ids
from flowport.domain.job import Job, Outcome
from flowport.domain.preferences import Preference
from flowport.usecases.run_endpoint import Run, plan_run
from tests.fakes import EXPRESS_ARN, NOW, STANDARD_ARN, a_credential, after, an_endpoint, before, fail
from tests.unit.usecases.stack import Stack

ASYNC = Preference(respond_async=True)
BUSY = errors.Unavailable("DynamoDB is busy")
ENDED_AT_ONCE = Outcome("SUCCEEDED", NOW + 1, output="1")
LOST = errors.UnknownOutcome("no answer")
EXPRESS = an_endpoint(standard_arn=None)
STANDARD = an_endpoint(express_arn=None)


# -- which machine, and how long ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "preference", "plan"),
    [
        (an_endpoint(), Preference(), ("sync", "EXPRESS", EXPRESS_ARN, True)),
        (an_endpoint(), ASYNC, ("async", "STANDARD", STANDARD_ARN, False, 0)),
        (an_endpoint(), Preference(wait=7), ("async", "STANDARD", STANDARD_ARN, False, 7)),
        (an_endpoint(mode="async"), Preference(), ("async", "STANDARD", STANDARD_ARN, False, 0)),
        (an_endpoint(mode="async"), Preference(wait=7), ("async", "STANDARD", STANDARD_ARN, False, 7)),
        (EXPRESS, Preference(), ("sync", "EXPRESS", EXPRESS_ARN, True)),
        (EXPRESS, ASYNC, ("async", "EXPRESS", EXPRESS_ARN, False, 0)),
        (EXPRESS, Preference(wait=0), ("async", "EXPRESS", EXPRESS_ARN, False, 0)),
        (STANDARD, Preference(), ("sync", "STANDARD", STANDARD_ARN, False, 25)),
        (STANDARD, ASYNC, ("async", "STANDARD", STANDARD_ARN, False, 0)),
    ],
)
def test_the_endpoint_and_the_preference_decide_machine_and_mode(
    endpoint: Any,
    preference: Preference,
    plan: tuple[Any, ...],
) -> None:
    made = plan_run(endpoint, preference)
    assert (made.mode, made.machine_type, made.state_machine_arn, made.direct) == plan[:4]
    if not made.direct:
        assert made.wait_seconds == plan[4]


# -- sync on Express ---------------------------------------------------------------------------------------------------


def test_a_sync_express_call_gives_the_output_and_records_it(stack: Stack) -> None:
    job = stack.run(body='{"a":1}').job
    assert (job.status, job.output, job.mode, job.machine_type) == ("SUCCEEDED", '{"total":42}', "sync", "EXPRESS")
    assert stack.row() == job
    assert stack.executions.inputs == {f"fp-{job.id}": '{"a":1}'}
    assert job.execution_arn is not None
    assert job.execution_arn.endswith(f":fp-{job.id}:run")


def test_the_row_is_written_before_the_run(stack: Stack) -> None:
    seen: list[Job] = []
    before(stack.executions, "run_express", lambda: seen.append(stack.row()))
    stack.run()
    assert [(job.status, job.direct, job.started_at) for job in seen] == [("RUNNING", True, NOW)]
    assert seen[0].check_at == NOW + 7 * 60_000


def test_a_workflow_that_fails_is_a_result_and_not_an_error(stack: Stack) -> None:
    stack.executions.result = Outcome("FAILED", NOW + 9, error="Oops", cause="it broke")
    job = stack.run().job
    assert (job.status, job.error, job.cause) == ("FAILED", "Oops", "it broke")
    assert stack.row() == job


def test_an_express_run_whose_answer_is_lost_ends_as_unknown_and_runs_once(stack: Stack) -> None:
    stack.executions.result = LOST
    job = stack.run().job
    assert (job.status, job.error) == ("FAILED", "Flowport.OutcomeUnknown")
    assert stack.row().error == "Flowport.OutcomeUnknown"
    assert list(stack.executions.express.values()) == [1]


@pytest.mark.parametrize(
    "refusal", [errors.Unavailable("too many"), errors.ConsentWithdrawn("no tag"), errors.MachineMissing("gone")]
)
def test_a_run_that_was_refused_ends_its_row_as_not_started(stack: Stack, refusal: errors.FlowportError) -> None:
    stack.executions.result = refusal
    with pytest.raises(type(refusal)):
        stack.run()
    row = stack.row()
    assert (row.status, row.error, row.cause) == ("FAILED", "Flowport.NotStarted", refusal.detail)


def test_a_result_that_cannot_be_recorded_is_still_given_to_its_caller(stack: Stack) -> None:
    fail(stack.jobs, "end", BUSY)
    assert stack.run().job.output == '{"total":42}'


def test_a_job_that_the_sweep_ended_meanwhile_is_answered_as_it_is_recorded(stack: Stack) -> None:
    before(stack.executions, "run_express", lambda: stack.sweep_after(8 * 60))
    assert stack.run().job.error == "Flowport.OutcomeUnknown"


def test_a_direct_run_records_its_end_only_while_it_holds_the_claim(stack: Stack) -> None:
    def take_over() -> None:
        job = stack.row()
        stack.jobs.rows[job.id] = replace(job, attempt="another")

    before(stack.executions, "run_express", take_over)
    stack.run()
    assert stack.row().status == "RUNNING"


# -- Standard ----------------------------------------------------------------------------------------------------------


def test_an_async_standard_call_answers_at_once_with_a_running_job(stack: Stack) -> None:
    job = stack.run(ASYNC, body='{"a":1}').job
    assert (job.status, job.mode, job.started_at) == ("RUNNING", "async", NOW)
    assert job.execution_arn == f"{STANDARD_ARN.replace('stateMachine', 'execution')}:fp-{job.id}"
    assert stack.row() == replace(job, check_at=NOW + 60_000)
    assert stack.clock.now() == NOW
    assert stack.executions.inputs == {f"fp-{job.id}": '{"a":1}'}


def test_a_sync_standard_call_waits_for_the_end(stack: Stack) -> None:
    stack.directory.add(STANDARD)

    def end_after_two_seconds() -> None:
        if stack.clock.now() >= NOW + 2000:
            stack.jobs.end(stack.row(), Outcome("SUCCEEDED", NOW + 2000, output="1"))

    after(stack.clock, "sleep", end_after_two_seconds)
    job = stack.run().job
    assert (job.status, job.output) == ("SUCCEEDED", "1")
    assert stack.clock.now() <= NOW + 3000


def test_a_sync_standard_call_gives_the_running_job_after_25_seconds(stack: Stack) -> None:
    stack.directory.add(STANDARD)
    assert stack.run().job.status == "RUNNING"
    assert NOW + 24_900 <= stack.clock.now() <= NOW + 25_100


def test_the_25_seconds_begin_when_the_request_arrives(stack: Stack) -> None:
    stack.directory.add(STANDARD)
    caller = stack.caller()
    stack.clock.sleep(4)  # the look-up and the first write took this long
    stack.run(caller=caller)
    assert stack.clock.now() <= NOW + 25_100


def test_a_run_that_ended_before_it_was_marked_is_answered_as_ended(stack: Stack) -> None:
    after(stack.executions, "start_standard", lambda: stack.jobs.end(stack.row(), ENDED_AT_ONCE))
    job = stack.run(ASYNC).job
    assert (job.status, job.output) == ("SUCCEEDED", "1")


@pytest.mark.parametrize("refusal", [errors.Unavailable("too many"), errors.ConsentWithdrawn("no tag")])
@pytest.mark.parametrize("preference", [ASYNC, Preference(wait=3), Preference()])
def test_a_start_that_was_refused_ends_the_row_and_is_told(
    stack: Stack, refusal: errors.FlowportError, preference: Preference
) -> None:
    stack.directory.add(STANDARD)
    fail(stack.executions, "start_standard", refusal)
    with pytest.raises(type(refusal)):
        stack.run(preference)
    assert (stack.row().status, stack.row().error) == ("FAILED", "Flowport.NotStarted")


def test_an_async_start_without_answer_is_accepted_and_left_to_the_sweep(stack: Stack) -> None:
    fail(stack.executions, "start_standard", LOST)
    assert stack.run(ASYNC).job.status == "ACCEPTED"
    assert stack.row().status == "ACCEPTED"


def test_a_sync_start_without_answer_is_told_as_unknown_with_the_job(stack: Stack) -> None:
    stack.directory.add(STANDARD)
    fail(stack.executions, "start_standard", LOST)
    with pytest.raises(errors.UnknownOutcome) as unknown:
        stack.run()
    assert unknown.value.members == {"id": stack.row().id}
    assert stack.row().status == "ACCEPTED"


def test_a_start_that_can_neither_be_made_nor_withdrawn_is_not_called_harmless(stack: Stack) -> None:
    fail(stack.executions, "start_standard", errors.Unavailable("too many"))
    fail(stack.jobs, "end", BUSY)
    with pytest.raises(errors.UnknownOutcome):
        stack.run(ASYNC)


def test_a_start_that_cannot_be_marked_is_still_accepted(stack: Stack) -> None:
    fail(stack.jobs, "mark_running", BUSY)
    assert stack.run(ASYNC).job.status == "ACCEPTED"
    assert len(stack.executions.standard) == 1


def test_a_job_that_took_too_long_to_accept_is_not_started(stack: Stack) -> None:
    after(stack.jobs, "create", lambda: stack.clock.sleep(20.1))
    with pytest.raises(errors.Unavailable):
        stack.run(ASYNC)
    assert stack.executions.standard == {}
    assert stack.row().error == "Flowport.NotStarted"


def test_a_run_that_was_started_after_it_had_been_given_up_is_stopped(stack: Stack) -> None:
    before(stack.executions, "start_standard", lambda: stack.sweep_after(60))
    stack.directory.add(STANDARD)
    assert stack.run().job.error == "Flowport.NotStarted"
    assert stack.executions.stopped == [stack.row().execution_arn]


# -- what DynamoDB's refusals mean after the start ---------------------------------------------------------------------


def test_an_output_that_cannot_be_read_is_not_told_as_nothing_started(stack: Stack) -> None:
    stack.directory.add(STANDARD)
    after(stack.executions, "start_standard", lambda: stack.jobs.end(stack.row(), ENDED_AT_ONCE))
    fail(stack.jobs, "with_output", BUSY)
    with pytest.raises(errors.UnknownOutcome) as unknown:
        stack.run()
    assert unknown.value.members == {"id": stack.row().id}


def test_reads_that_fail_while_waiting_end_nothing(stack: Stack) -> None:
    stack.directory.add(STANDARD)
    fail(stack.jobs, "get", *[BUSY] * 100)
    assert stack.run().job.status == "RUNNING"


# -- async on Express --------------------------------------------------------------------------------------------------


def test_an_async_express_call_hands_the_job_over_and_starts_nothing_itself(stack: Stack) -> None:
    stack.directory.add(EXPRESS)
    job = stack.run(ASYNC).job
    assert (job.status, job.direct) == ("ACCEPTED", False)
    assert stack.detached.started == [job.id]
    assert not stack.executions.express


def test_a_hand_over_that_fails_is_accepted_and_left_to_the_sweep(stack: Stack) -> None:
    stack.directory.add(EXPRESS)
    fail(stack.detached, "start", BUSY)
    assert stack.run(ASYNC).job.status == "ACCEPTED"
    stack.clock.sleep(46)
    stack.sweep()
    assert stack.detached.started == [stack.row().id]


def test_waiting_for_a_detached_run_gives_its_output(stack: Stack) -> None:
    stack.directory.add(EXPRESS)
    after(stack.detached, "start", lambda: stack.run_detached(stack.row().id))
    assert stack.run(Preference(wait=1)).job.output == '{"total":42}'
    assert stack.clock.now() < NOW + 200


# -- accepting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", [an_endpoint(), an_endpoint(mode="async"), EXPRESS, STANDARD])
def test_a_job_that_cannot_be_written_is_not_started(stack: Stack, endpoint: Any) -> None:
    stack.directory.add(endpoint)
    fail(stack.jobs, "create", BUSY)
    with pytest.raises(errors.Unavailable):
        stack.run()
    assert not stack.executions.express
    assert not stack.executions.standard
    assert not stack.detached.started


@pytest.mark.parametrize("endpoint", [an_endpoint(), an_endpoint(mode="async")])
def test_a_job_that_was_written_without_an_answer_is_withdrawn(stack: Stack, endpoint: Any) -> None:
    stack.directory.add(endpoint)

    def lose_the_answer() -> None:
        raise BUSY

    after(stack.jobs, "create", lose_the_answer)
    with pytest.raises(errors.Unavailable):
        stack.run()
    assert (stack.row().status, stack.row().error) == ("FAILED", "Flowport.NotStarted")


def test_the_first_write_is_bounded_by_the_callers_deadline(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    deadlines: list[float | None] = []
    create = stack.jobs.create

    def look(job: Job, *rest: Any, deadline: float | None = None, **more: Any) -> Any:
        deadlines.append(deadline)
        return create(job, *rest, deadline=deadline, **more)

    monkeypatch.setattr(stack.jobs, "create", look)
    stack.run(caller=stack.caller(deadline=4.5))
    assert deadlines == [4.5]


@pytest.mark.parametrize("preference", [Preference(), ASYNC])
def test_one_request_delivered_twice_is_one_job_and_one_run(stack: Stack, preference: Preference) -> None:
    caller = stack.caller(request_id="JJbxmFmGIAMFxxx=")
    first, second = stack.run(preference, caller).job, stack.run(preference, caller).job
    assert first.id == second.id == ids.job_id_of_request("JJbxmFmGIAMFxxx=")
    assert sum(stack.executions.express.values()) + len(stack.executions.standard) == 1
    assert first.request_id == "JJbxmFmGIAMFxxx="


def test_giving_up_a_request_leaves_the_job_that_its_first_delivery_made_alone(stack: Stack) -> None:
    stack.directory.add(EXPRESS)
    caller = stack.caller(request_id="same")
    stack.run(ASYNC, caller)
    fail(stack.jobs, "create", BUSY)
    with pytest.raises(errors.Unavailable):
        stack.run(ASYNC, caller)
    assert stack.row().status == "ACCEPTED"


def test_a_request_id_that_somebody_else_used_shows_nothing_of_their_job(stack: Stack) -> None:
    stack.run(caller=stack.caller(request_id="same"))
    stack.directory.add(a_credential(stack.token, credential_id="tok_2"))
    with pytest.raises(errors.Unavailable):
        stack.run(caller=stack.caller(request_id="same"))
    assert sum(stack.executions.express.values()) == 1


def test_the_input_is_not_read_before_the_caller_is_let_in(stack: Stack) -> None:
    def explode() -> str:
        raise AssertionError

    stack.directory.add(an_endpoint(enabled=False))
    with pytest.raises(errors.EndpointDisabled):
        stack.run_endpoint(stack.caller(), Run("billing/quote", "POST", explode))


def test_a_bad_input_leaves_no_row(stack: Stack) -> None:
    def bad() -> str:
        raise errors.InvalidJson("no")

    with pytest.raises(errors.InvalidJson):
        stack.run_endpoint(stack.caller(), Run("billing/quote", "POST", bad))
    assert stack.jobs.rows == {}


def test_a_job_is_kept_as_long_as_the_stack_says_and_carries_its_labels(stack: Stack) -> None:
    stack.run_endpoint(stack.caller(), Run("billing/quote", "POST", lambda: "{}", labels={"team": "blue"}))
    assert stack.row().expires_at == NOW + 30 * 86_400_000
    assert stack.row().labels == {"team": "blue"}


def test_the_view_is_the_callers_or_else_the_endpoints(stack: Stack) -> None:
    stack.directory.add(an_endpoint(view="output"))
    assert stack.run().view == "output"
    ran = stack.run_endpoint(stack.caller(), Run("billing/quote", "POST", lambda: "{}", view="http"))
    assert ran.view == "http"


def test_a_command_is_adapted_to_the_endpoint_that_it_runs(stack: Stack) -> None:
    stack.directory.add(an_endpoint(title="from the endpoint"))
    command = Run("billing/quote", "POST", lambda: '"as sent"')
    ran = stack.run_endpoint(
        stack.caller(),
        replace(command, adapt=lambda endpoint: replace(command, read_input=lambda: f'"{endpoint.title}"')),
    )
    assert ran.job.input == '"from the endpoint"'
