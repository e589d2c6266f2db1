"""The count after a load finds what it is there to find: each account is tampered with, and it must say so."""

from dataclasses import replace
from typing import Any

from load.audit import Audit, audit
from load.effects import Effect
from load.observed import NOT_STARTED, OUTCOME_UNKNOWN, Row, Seen, Told
from load.plan import Call

ONCE = Effect(starts=1, ends=1)
KEYED = {"kind": "key", "key": "k"}


def a_call(number: int = 0, **changes: Any) -> Call:
    return replace(Call(number, "sync", "load/express", ({"n": number},)), **changes)


def an_answer(number: int = 0, job_id: str = "a", status: str = "SUCCEEDED", **changes: Any) -> Seen:
    return replace(Seen(number, "200", 0.1, told=(Told(0, job_id, status),)), **changes)


def a_row(number: int = 0, job_id: str = "a", status: str = "SUCCEEDED", error: str | None = None) -> Row:
    return Row(job_id, number, status, error)


def count(**accounts: Any) -> Audit:
    """Audit one call that went well, with some of the accounts tampered with."""
    sound: dict[str, Any] = {
        "calls": [a_call()],
        "seen": [an_answer()],
        "rows": [a_row()],
        "effects": {"a": ONCE},
        "executions": {"a": "SUCCEEDED"},
    }
    return audit(**{**sound, **accounts})


def test_what_all_accounts_agree_on_passes() -> None:
    counted = count()
    assert counted.passed
    assert (counted.accepted, counted.recorded, counted.ended, counted.started) == (1, 1, 1, 1)


def test_an_acknowledged_job_without_a_row_is_lost() -> None:
    counted = count(rows=[], effects={}, executions={})
    assert counted.lost == ("a was acknowledged and is not recorded",)
    assert not counted.passed


def test_a_job_that_was_acknowledged_and_then_never_started_is_lost() -> None:
    accepted = an_answer(status="RUNNING", outcome="202")
    counted = count(seen=[accepted], rows=[a_row(status="FAILED", error=NOT_STARTED)], effects={}, executions={})
    assert counted.lost == ("a was acknowledged and never started",)


def test_a_job_whose_caller_was_told_that_it_never_started_is_not_lost() -> None:
    told = an_answer(status="FAILED", outcome="500")
    assert count(seen=[told], rows=[a_row(status="FAILED", error=NOT_STARTED)], effects={}, executions={}).passed


def test_a_run_that_no_row_knows_is_lost_whether_the_workflow_or_the_engine_counted_it() -> None:
    assert count(effects={"a": ONCE, "b": ONCE}).lost == ("b ran and is not recorded",)
    assert count(executions={"a": "SUCCEEDED", "b": "RUNNING"}).lost == ("b ran and is not recorded",)


def test_a_job_recorded_as_succeeded_that_did_not_run_to_its_end_is_lost() -> None:
    assert count(effects={}).lost == ("a is recorded as succeeded and ran 0/0 times",)
    assert count(effects={"a": Effect(1, 0)}).lost == ("a is recorded as succeeded and ran 1/0 times",)


def test_a_call_whose_end_nobody_saw_is_lost() -> None:
    assert count(calls=[a_call(), a_call(1)]).lost == ("call 1 was made and nobody knows how it ended",)


def test_a_job_that_ran_twice_is_doubled() -> None:
    assert count(effects={"a": Effect(2, 1)}).doubled == ("a was started 2 times and came to its end 1 times",)
    assert not count(effects={"a": Effect(2, 1)}).passed


def test_two_jobs_of_one_key_are_doubled() -> None:
    counted = count(
        calls=[a_call(0, **KEYED), a_call(1, **KEYED, inputs=({"n": 0},))],
        seen=[an_answer(0, "a"), an_answer(1, "b")],
        rows=[a_row(0, "a"), a_row(1, "b")],
        effects={"a": ONCE, "b": ONCE},
    )
    assert counted.doubled == ("key k, input 0: 2 jobs",)


def test_a_second_job_of_a_key_is_none_when_the_first_was_never_started() -> None:
    counted = count(
        calls=[a_call(0, **KEYED), a_call(1, **KEYED, inputs=({"n": 0},))],
        seen=[an_answer(0, "a", "FAILED"), an_answer(1, "b")],
        rows=[a_row(0, "a", "FAILED", NOT_STARTED), a_row(1, "b")],
        effects={"b": ONCE},
        executions={"b": "SUCCEEDED"},
    )
    assert counted.passed


def test_two_jobs_of_one_call_are_doubled_although_its_caller_saw_one() -> None:
    counted = count(rows=[a_row(job_id="a"), a_row(job_id="b")], effects={"a": ONCE, "b": ONCE})
    assert counted.doubled == ("call 0 has 1 inputs and 2 jobs",)


def test_a_job_that_was_never_started_is_no_double_of_the_one_that_the_repeated_call_made() -> None:
    rows = [a_row(job_id="a"), a_row(job_id="b", status="FAILED", error=NOT_STARTED)]
    counted = count(rows=rows, seen=[an_answer(refusals=1)])
    assert counted.passed
    assert counted.refused_for_now == 1


def test_the_jobs_of_a_batch_are_one_for_each_input() -> None:
    told = (Told(0, "a", "SUCCEEDED"), Told(1, "b", "SUCCEEDED"))
    counted = count(
        calls=[a_call(kind="batch", inputs=({}, {}))],
        seen=[an_answer(told=told)],
        rows=[a_row(job_id="a"), a_row(job_id="b")],
        effects={"a": ONCE, "b": ONCE},
    )
    assert counted.passed


def test_a_job_that_has_not_ended_is_stuck() -> None:
    counted = count(rows=[a_row(status="RUNNING")], seen=[an_answer(status="RUNNING")])
    assert counted.stuck == ("a is RUNNING (call 0)",)
    assert not counted.passed


def test_an_end_that_was_told_and_then_changed_is_a_contradiction() -> None:
    counted = count(rows=[a_row(status="FAILED")])
    assert counted.contradicted == ("a was told as SUCCEEDED (call 0) and is recorded as FAILED",)
    assert not counted.passed


def test_a_job_called_never_started_that_ran_is_a_contradiction() -> None:
    row = a_row(status="FAILED", error=NOT_STARTED)
    counted = count(seen=[an_answer(status="FAILED")], rows=[row], effects={"a": Effect(1, 0)})
    assert counted.contradicted == ("a is recorded as never started and ran 1 times",)


def test_a_refusal_by_the_gateway_of_a_call_that_ran_is_a_contradiction() -> None:
    refused = Seen(0, "503", 0.1, source="gateway")
    assert count(seen=[refused]).contradicted == ("call 0 was refused (503) and ran",)
    unknown = replace(refused, source="unknown")
    assert count(seen=[unknown]).passed


def test_a_wrong_credential_that_is_let_in_is_a_contradiction() -> None:
    call = a_call(credential="unknown token")
    assert count(calls=[call]).contradicted == ("call 0 with unknown token as its credential was answered 200",)
    for outcome in ("401", "403", "503"):
        refused = Seen(0, outcome, 0.1, source="gateway")
        assert count(calls=[call], seen=[refused], rows=[], effects={}, executions={}).passed


def test_another_input_that_is_answered_by_a_keys_job_is_a_contradiction() -> None:
    counted = count(calls=[a_call(0, **KEYED), a_call(1, **KEYED)], seen=[an_answer(0), an_answer(1)])
    assert counted.contradicted == ("key k: 2 different inputs were answered by its job",)


def test_the_same_input_that_is_refused_as_another_is_a_contradiction() -> None:
    refused = Seen(1, "422", 0.1, source="gateway")
    same = [a_call(0, **KEYED), a_call(1, **KEYED, inputs=({"n": 0},))]
    assert count(calls=same, seen=[an_answer(), refused]).contradicted == (
        "call 1 was refused as another input under key k, and is the same",
    )
    assert count(calls=[same[0], a_call(1, **KEYED)], seen=[an_answer(), refused]).passed


def test_hang_ups_and_unknown_outcomes_are_counted() -> None:
    counted = count(
        calls=[a_call(0, kind="hang-up"), a_call(1, kind="hang-up")],
        seen=[Seen(0, "hung up", 0.1), Seen(1, "hung up", 0.1)],
        rows=[a_row(status="FAILED", error=OUTCOME_UNKNOWN)],
    )
    assert (counted.hung_up, counted.hung_up_recorded, counted.hung_up_ended, counted.unknown) == (2, 1, 1, 1)
