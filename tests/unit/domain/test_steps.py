"""Steps out of histories. The histories have the shapes that AWS gives: numbers, order and `previousEventId`.

AWS names the failing inner state as the event before MapStateFailed and ParallelStateFailed, and the first of a Map's
iterations as the one before the next: what belongs to which state cannot be read off the last event alone.
"""

from typing import Any

import pytest

from flowport.domain.steps import HistoryEvent, Step, is_whole, steps_of

Event = tuple[int, int, str, dict[str, Any]]


def _steps(*events: Event) -> list[Step]:
    """Play a history in which event n happens at n seconds."""
    return steps_of(
        HistoryEvent(number, before, kind, number * 1000, details) for number, before, kind, details in events
    )


def _brief(*events: Event) -> list[tuple[str, str, int]]:
    return [(step.name, step.status, step.attempts) for step in _steps(*events)]


def _named(name: str) -> dict[str, Any]:
    return {"name": name}


def test_a_state_has_name_type_and_times() -> None:
    (step,) = _steps(
        (1, 0, "ExecutionStarted", {}),
        (2, 0, "PassStateEntered", _named("Hello")),
        (3, 2, "PassStateExited", _named("Hello")),
        (4, 3, "ExecutionSucceeded", {}),
    )
    assert (step.name, step.type, step.started_at, step.finished_at) == ("Hello", "Pass", 2000, 3000)
    assert (step.status, step.attempts, step.error, step.cause) == ("SUCCEEDED", 1, None, None)


def test_a_state_that_was_not_left_yet_runs() -> None:
    (step,) = _steps((1, 0, "ExecutionStarted", {}), (2, 0, "WaitStateEntered", _named("Wait")))
    assert (step.status, step.finished_at) == ("RUNNING", None)


def test_an_empty_history_has_no_steps() -> None:
    assert _steps() == []
    assert _steps((1, 0, "ExecutionStarted", {})) == []


RETRIED: list[Event] = [
    (1, 0, "ExecutionStarted", {}),
    (2, 0, "TaskStateEntered", _named("Price")),
    (3, 2, "TaskScheduled", {}),
    (4, 3, "TaskStarted", {}),
    (5, 4, "TaskFailed", {"error": "Busy", "cause": "first"}),
    (6, 5, "TaskScheduled", {}),
    (7, 6, "TaskStarted", {}),
]


def test_a_task_that_was_retried_and_then_succeeded_has_two_attempts_and_no_error() -> None:
    (step,) = _steps(*RETRIED, (8, 7, "TaskSucceeded", {}), (9, 8, "TaskStateExited", _named("Price")))
    assert (step.status, step.attempts, step.error, step.cause) == ("SUCCEEDED", 2, None, None)


def test_a_task_whose_failure_was_caught_keeps_its_last_error() -> None:
    caught, handled = _steps(
        *RETRIED,
        (8, 7, "TaskFailed", {"error": "Busy", "cause": "second"}),
        (9, 8, "TaskStateExited", _named("Price")),
        (10, 9, "PassStateEntered", _named("Excuse")),
        (11, 10, "PassStateExited", _named("Excuse")),
        (12, 11, "ExecutionSucceeded", {}),
    )
    assert (caught.status, caught.attempts, caught.error, caught.cause) == ("CAUGHT", 2, "Busy", "second")
    assert handled.status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("scheduled", "failed"),
    [
        ("LambdaFunctionScheduled", "LambdaFunctionFailed"),
        ("LambdaFunctionScheduled", "LambdaFunctionTimedOut"),
        ("TaskScheduled", "TaskTimedOut"),
        ("TaskScheduled", "TaskSubmitFailed"),
        ("ActivityScheduled", "ActivityTimedOut"),
    ],
)
def test_a_task_that_fails_its_execution_has_its_own_error(scheduled: str, failed: str) -> None:
    (step,) = _steps(
        (1, 0, "ExecutionStarted", {}),
        (2, 0, "TaskStateEntered", _named("Price")),
        (3, 2, scheduled, {}),
        (4, 3, failed, {"error": "Oops", "cause": "its own"}),
        (5, 4, "ExecutionFailed", {"error": "Oops", "cause": "the execution's"}),
    )
    assert (step.status, step.attempts, step.error, step.cause, step.finished_at) == (
        "FAILED",
        1,
        "Oops",
        "its own",
        5000,
    )


def test_a_fail_state_has_the_error_that_it_fails_with() -> None:
    (step,) = _steps(
        (1, 0, "ExecutionStarted", {}),
        (2, 0, "FailStateEntered", _named("Refuse")),
        (3, 2, "ExecutionFailed", {"error": "Refused", "cause": "no"}),
    )
    assert (step.type, step.status, step.error, step.cause) == ("Fail", "FAILED", "Refused", "no")


@pytest.mark.parametrize(("end", "status"), [("ExecutionTimedOut", "FAILED"), ("ExecutionAborted", "ABORTED")])
def test_what_runs_when_its_execution_is_ended_ends_with_it(end: str, status: str) -> None:
    (step,) = _steps((1, 0, "ExecutionStarted", {}), (2, 0, "WaitStateEntered", _named("Wait")), (3, 2, end, {}))
    assert (step.status, step.finished_at) == (status, 3000)


def test_a_choice_that_goes_round_gives_a_step_each_time() -> None:
    assert (
        _brief(
            (1, 0, "ExecutionStarted", {}),
            (2, 0, "ChoiceStateEntered", _named("Again?")),
            (3, 2, "ChoiceStateExited", _named("Again?")),
            (4, 3, "ChoiceStateEntered", _named("Again?")),
            (5, 4, "ChoiceStateExited", _named("Again?")),
            (6, 5, "ExecutionSucceeded", {}),
        )
        == [("Again?", "SUCCEEDED", 1)] * 2
    )


# -- Map and Parallel ------------------------------------------------------------------------------------------------

MAP: list[Event] = [
    (1, 0, "ExecutionStarted", {}),
    (2, 0, "MapStateEntered", _named("Each")),
    (3, 2, "MapStateStarted", {"length": 2}),
]


def test_iterations_one_after_the_other_keep_apart() -> None:
    assert _brief(
        *MAP,
        (4, 3, "MapIterationStarted", {"name": "Each", "index": 0}),
        (5, 4, "PassStateEntered", _named("One")),
        (6, 5, "PassStateExited", _named("One")),
        (7, 6, "MapIterationSucceeded", {"name": "Each", "index": 0}),
        (8, 6, "MapIterationStarted", {"name": "Each", "index": 1}),
        (9, 8, "PassStateEntered", _named("One")),
        (10, 9, "PassStateExited", _named("One")),
        (11, 10, "MapIterationSucceeded", {"name": "Each", "index": 1}),
        (12, 11, "MapStateSucceeded", {}),
        (13, 11, "MapStateExited", _named("Each")),
        (14, 13, "ExecutionSucceeded", {}),
    ) == [("Each", "SUCCEEDED", 1), ("One", "SUCCEEDED", 1), ("One", "SUCCEEDED", 1)]


def test_iterations_at_the_same_time_keep_apart() -> None:
    steps = _steps(
        *MAP,
        (4, 3, "MapIterationStarted", {"name": "Each", "index": 0}),
        (5, 3, "MapIterationStarted", {"name": "Each", "index": 1}),
        (6, 4, "TaskStateEntered", _named("Price")),
        (7, 6, "TaskScheduled", {}),
        (8, 5, "TaskStateEntered", _named("Price")),
        (9, 8, "TaskScheduled", {}),
        (10, 7, "TaskStarted", {}),
        (11, 9, "TaskStarted", {}),
        (12, 11, "TaskFailed", {"error": "Busy"}),
        (13, 12, "TaskScheduled", {}),
        (14, 10, "TaskSucceeded", {}),
        (15, 14, "TaskStateExited", _named("Price")),
        (16, 13, "TaskSucceeded", {}),
        (17, 16, "TaskStateExited", _named("Price")),
        (18, 17, "MapStateSucceeded", {}),
        (19, 17, "MapStateExited", _named("Each")),
    )
    assert [(step.name, step.attempts, step.finished_at) for step in steps] == [
        ("Each", 1, 19_000),
        ("Price", 1, 15_000),
        ("Price", 2, 17_000),
    ]


FAILING_ITERATION: list[Event] = [
    *MAP,
    (4, 3, "MapIterationStarted", {"name": "Each", "index": 0}),
    (5, 4, "FailStateEntered", _named("Refuse")),
    (6, 5, "MapIterationFailed", {"name": "Each", "index": 0}),
]


def test_a_map_whose_failure_was_caught_is_left_and_its_inner_state_has_failed() -> None:
    assert _brief(
        *FAILING_ITERATION,
        (7, 5, "MapStateFailed", {}),
        (8, 7, "MapStateExited", _named("Each")),
        (9, 8, "PassStateEntered", _named("Excuse")),
        (10, 9, "PassStateExited", _named("Excuse")),
        (11, 10, "ExecutionSucceeded", {}),
    ) == [("Each", "CAUGHT", 1), ("Refuse", "FAILED", 1), ("Excuse", "SUCCEEDED", 1)]


def test_a_map_that_is_tried_again_keeps_its_iterations_inside_it() -> None:
    assert _brief(
        *FAILING_ITERATION,
        (7, 5, "MapStateStarted", {"length": 1}),
        (8, 7, "MapIterationStarted", {"name": "Each", "index": 0}),
        (9, 8, "PassStateEntered", _named("One")),
        (10, 9, "PassStateExited", _named("One")),
        (11, 10, "MapIterationSucceeded", {"name": "Each", "index": 0}),
        (12, 11, "MapStateSucceeded", {}),
        (13, 11, "MapStateExited", _named("Each")),
        (14, 13, "ExecutionSucceeded", {}),
    ) == [("Each", "SUCCEEDED", 1), ("Refuse", "FAILED", 1), ("One", "SUCCEEDED", 1)]


def test_a_map_that_fails_its_execution_has_failed() -> None:
    steps = _steps(
        *FAILING_ITERATION,
        (7, 5, "MapStateFailed", {}),
        (8, 7, "ExecutionFailed", {"error": "Refused", "cause": "no"}),
    )
    assert [(step.name, step.status) for step in steps] == [("Each", "FAILED"), ("Refuse", "FAILED")]


def test_a_parallel_state_whose_failure_was_caught_is_left() -> None:
    assert _brief(
        (1, 0, "ExecutionStarted", {}),
        (2, 0, "ParallelStateEntered", _named("Both")),
        (3, 2, "ParallelStateStarted", {}),
        (4, 3, "TaskStateEntered", _named("Ask")),
        (5, 4, "TaskScheduled", {}),
        (6, 5, "TaskStarted", {}),
        (7, 6, "TaskFailed", {"error": "Oops", "cause": "it broke"}),
        (8, 7, "TaskStateAborted", {}),
        (9, 7, "ParallelStateFailed", {}),
        (10, 9, "ParallelStateExited", _named("Both")),
        (11, 10, "PassStateEntered", _named("Excuse")),
        (12, 11, "PassStateExited", _named("Excuse")),
        (13, 12, "ExecutionSucceeded", {}),
    ) == [("Both", "CAUGHT", 1), ("Ask", "FAILED", 1), ("Excuse", "SUCCEEDED", 1)]


def test_branches_keep_apart_and_one_that_was_cut_off_does_not_run_for_ever() -> None:
    steps = _steps(
        (1, 0, "ExecutionStarted", {}),
        (2, 0, "ParallelStateEntered", _named("Both")),
        (3, 2, "ParallelStateStarted", {}),
        (4, 3, "WaitStateEntered", _named("Wait")),
        (5, 3, "FailStateEntered", _named("Refuse")),
        (6, 4, "WaitStateAborted", {}),
        (7, 5, "ParallelStateFailed", {}),
        (8, 7, "ParallelStateExited", _named("Both")),
        (9, 8, "ExecutionSucceeded", {}),
    )
    assert [(step.name, step.status) for step in steps] == [
        ("Both", "CAUGHT"),
        ("Wait", "ABORTED"),
        ("Refuse", "FAILED"),
    ]


def test_a_distributed_map_is_one_step() -> None:
    assert _brief(
        *MAP,
        (4, 3, "MapRunStarted", {"mapRunArn": "arn"}),
        (5, 4, "MapRunSucceeded", {}),
        (6, 5, "MapStateSucceeded", {}),
        (7, 5, "MapStateExited", _named("Each")),
        (8, 7, "ExecutionSucceeded", {}),
    ) == [("Each", "SUCCEEDED", 1)]


def test_a_map_inside_a_map_is_told_apart() -> None:
    assert _brief(
        *MAP,
        (4, 3, "MapIterationStarted", {"name": "Each", "index": 0}),
        (5, 4, "MapStateEntered", _named("Each one")),
        (6, 5, "MapStateStarted", {"length": 1}),
        (7, 6, "MapIterationStarted", {"name": "Each one", "index": 0}),
        (8, 7, "PassStateEntered", _named("One")),
        (9, 8, "PassStateExited", _named("One")),
        (10, 9, "MapIterationSucceeded", {"name": "Each one", "index": 0}),
        (11, 10, "MapStateSucceeded", {}),
        (12, 10, "MapStateExited", _named("Each one")),
        (13, 12, "MapIterationSucceeded", {"name": "Each", "index": 0}),
        (14, 13, "MapStateSucceeded", {}),
        (15, 13, "MapStateExited", _named("Each")),
        (16, 15, "ExecutionSucceeded", {}),
    ) == [("Each", "SUCCEEDED", 1), ("Each one", "SUCCEEDED", 1), ("One", "SUCCEEDED", 1)]


@pytest.mark.parametrize(
    ("types", "whole"),
    [
        ([], False),
        (["ExecutionStarted", "PassStateEntered"], False),
        (["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"], True),
        (["ExecutionStarted", "ExecutionFailed", "ExecutionRedriven", "PassStateEntered"], False),
        (["ExecutionStarted", "ExecutionFailed", "ExecutionRedriven", "ExecutionTimedOut"], True),
    ],
)
def test_a_history_is_whole_when_its_last_event_is_an_end(types: list[str], whole: bool) -> None:
    events = [HistoryEvent(number, number - 1, kind, number, {}) for number, kind in enumerate(types, start=1)]
    assert is_whole(events) is whole
