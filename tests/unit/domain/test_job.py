"""The job and its ends."""

import pytest

from flowport.domain.job import (
    CHECK_ACCEPTED_AFTER,
    ENDED,
    EXPRESS_LOST_AFTER,
    OPEN,
    START_WITHIN,
    Outcome,
    next_standard_check,
    not_started,
    outcome_unknown,
)
from tests.fakes import NOW, a_job


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_a_job_has_ended_in_each_of_the_last_states(status: str) -> None:
    assert a_job(status=status).ended


@pytest.mark.parametrize("status", ["ACCEPTED", "RUNNING"])
def test_a_job_has_not_ended_before(status: str) -> None:
    assert not a_job(status=status).ended


def test_every_state_is_open_or_ended() -> None:
    assert {"ACCEPTED", "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"} == OPEN | ENDED
    assert not OPEN & ENDED


def test_an_ended_job_is_never_looked_at_again_and_keeps_its_start() -> None:
    outcome = Outcome("SUCCEEDED", NOW + 9, output="1", started_at=NOW + 3)
    assert a_job(started_at=NOW + 1).ended_with(outcome) == a_job(
        status="SUCCEEDED",
        finished_at=NOW + 9,
        output="1",
        started_at=NOW + 1,
        check_at=None,
        expires_at=NOW + 30 * 86_400_000,
    )
    assert a_job().ended_with(outcome).started_at == NOW + 3


def test_flowports_own_ends_are_failures_with_its_names() -> None:
    assert not_started(NOW, "why") == Outcome("FAILED", NOW, error="Flowport.NotStarted", cause="why")
    assert outcome_unknown(NOW, "why") == Outcome("FAILED", NOW, error="Flowport.OutcomeUnknown", cause="why")


def test_the_sweep_looks_only_after_the_gateway_must_have_started_what_it_accepted() -> None:
    longest_start = 8_000  # adapters/step_functions.START_WITHIN_SECONDS
    assert START_WITHIN + longest_start < CHECK_ACCEPTED_AFTER


def test_an_express_run_is_called_lost_only_after_its_function_must_be_dead() -> None:
    function_timeout = 345_000  # template.yaml, RunExpressFunction
    assert function_timeout < EXPRESS_LOST_AFTER


@pytest.mark.parametrize(
    ("age_seconds", "pause_seconds"), [(0, 60), (59, 60), (60, 60), (300, 300), (900, 900), (86_400, 900), (-5, 60)]
)
def test_a_long_execution_is_looked_at_ever_less_often_but_every_quarter_of_an_hour(
    age_seconds: int, pause_seconds: int
) -> None:
    assert next_standard_check(NOW - age_seconds * 1000, NOW) == NOW + pause_seconds * 1000
