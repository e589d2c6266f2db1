"""`flowport jobs …`: lists, one job, and following a job to its end."""

import io
import json
import sys
from typing import Any

import httpx
import pytest
from rich.console import Console

from flowport_cli import render
from flowport_cli.progress import LineProgress, LiveProgress, progress_on
from tests.unit.test_cli_harness import Cli, Clock, answer, cli, job, problem

__all__ = ["cli"]

ACCEPTED = job("ACCEPTED", started_at=None)
RUNNING = job("RUNNING")
NO_STEPS = {"steps": None, "reason": "AWS keeps no history of Express executions."}


def step(name: str, status: str, **members: object) -> dict[str, Any]:
    return {
        "name": name,
        "type": "Task",
        "started_at": "2026-11-22T02:19:59.203Z",
        "finished_at": None if status == "RUNNING" else "2026-11-22T02:20:00.203Z",
        "status": status,
        "attempts": 1,
        "error": None,
    } | members


def test_jobs_list_asks_with_every_filter(cli: Cli) -> None:
    cli.api.replies = [answer({"items": [], "cursor": None})]

    cli(
        "jobs", "list", "--endpoint", "samples/hello", "--status", "failed", "--label", "a=b", "--label", "c=d",
        "--created-after", "2026-11-22T00:00:00+01:00", "--limit", "5", "--cursor", "x/y",
    )  # fmt: skip

    (asked,) = cli.api.asked
    assert asked.split("&") == [
        "GET /prod/v1/jobs?endpoint=samples%2Fhello",
        "status=FAILED",
        "created_after=2026-11-22T00%3A00%3A00%2B01%3A00",
        "label=a%3Db",
        "label=c%3Dd",
        "limit=5",
        "cursor=x%2Fy",
    ]


def test_jobs_list_is_a_table_with_readable_durations(cli: Cli) -> None:
    items = [
        job(labels={"team": "a"}),
        job("FAILED", id="j2", error="[red]Boom", duration_ms=3210),
        job("SUCCEEDED", id="j3", duration_ms=250_400),
        job("SUCCEEDED", id="j4", duration_ms=7_380_000),
        job("RUNNING", id="j5"),
    ]
    cli.api.replies = [answer({"items": items, "cursor": None})]

    lines = cli("jobs", "list").stdout.splitlines()

    assert [" ".join(line.split()) for line in lines] == [
        "JOB ENDPOINT STATUS MODE CREATED DURATION LABELS ERROR",
        "0199b6f2-1111 samples/hello SUCCEEDED sync 2026-11-22 02:19:59Z 212 ms team=a",
        "j2 samples/hello FAILED sync 2026-11-22 02:19:59Z 3.2 s [red]Boom",
        "j3 samples/hello SUCCEEDED sync 2026-11-22 02:19:59Z 4 min 10 s",
        "j4 samples/hello SUCCEEDED sync 2026-11-22 02:19:59Z 2 h 3 min",
        "j5 samples/hello RUNNING sync 2026-11-22 02:19:59Z",
    ]


def test_a_piped_table_is_neither_cut_nor_wrapped(cli: Cli) -> None:
    long = "x" * 500
    cli.api.replies = [answer({"items": [job(error=long)], "cursor": None})]

    assert long in cli("jobs", "list").stdout.splitlines()[1]


def test_a_terminal_too_narrow_for_a_row_gets_each_as_a_block_whose_words_are_whole(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "on_terminal", lambda stream: stream is sys.stdout)
    cli.env |= {"COLUMNS": "60", "NO_COLOR": "1"}
    items = [job(id="0199b6f2-aaaa-7bbb-8ccc-0123456789ab"), job("FAILED", id="second", error="ClientError")]
    cli.api.replies = [answer({"items": items, "cursor": None})]

    blocks = cli("jobs", "list").stdout.split("\n\n")

    assert [block.splitlines()[0] for block in blocks] == [
        "job       0199b6f2-aaaa-7bbb-8ccc-0123456789ab",
        "job       second",
    ]
    assert "status    FAILED" in blocks[1]
    assert blocks[1].splitlines()[-1] == "error     ClientError"
    assert "error" not in blocks[0]


def test_a_terminal_wide_enough_gets_one_line_a_row(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "on_terminal", lambda stream: stream is sys.stdout)
    cli.env |= {"COLUMNS": "160", "NO_COLOR": "1"}
    cli.api.replies = [answer({"items": [job(id="first"), job(id="second")], "cursor": None})]

    lines = [line.split() for line in cli("jobs", "list").stdout.splitlines() if line.strip()]

    assert [line[0] for line in lines[2:]] == ["first", "second"]


def test_on_a_terminal_a_table_leaves_out_empty_columns(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "on_terminal", lambda stream: stream is sys.stdout)
    cli.env |= {"COLUMNS": "120"}
    cli.api.replies = [answer({"items": [job("RUNNING", id="0199b6f2-aaaa-7bbb-8ccc-0123456789ab")], "cursor": None})]

    lines = [line.split() for line in cli("jobs", "list").stdout.splitlines() if line.strip()]

    assert lines[0] == ["JOB", "ENDPOINT", "STATUS", "MODE", "CREATED"]
    assert set("".join(lines[1])) == {"\u2500"}
    assert lines[2][:4] == ["0199b6f2-aaaa-7bbb-8ccc-0123456789ab", "samples/hello", "RUNNING", "sync"]


def test_jobs_show_shows_the_job_and_its_output(cli: Cli) -> None:
    cli.api.replies = [answer(job())]

    result = cli("jobs", "show", "0199b6f2-1111")

    assert result.exit_code == 0
    assert cli.api.asked == ["GET /prod/v1/jobs/0199b6f2-1111"]
    assert [" ".join(line.split()) for line in result.stdout.splitlines()] == [
        "job 0199b6f2-1111",
        "status SUCCEEDED",
        "endpoint samples/hello",
        "mode sync",
        "created 2026-11-22 02:19:59Z",
        "started 2026-11-22 02:19:59Z",
        "finished 2026-11-22 02:19:59Z",
        "duration 212 ms",
        "execution arn:aws:states:us-east-1:123456789012:express:hello:fp-0199b6f2-1111:1",
        "{",
        '"name": "hello world"',
        "}",
    ]


def test_an_execution_arn_is_one_percent_encoded_segment(cli: Cli) -> None:
    cli.api.replies = [answer(job())]

    cli("jobs", "show", "arn:aws:states:us-east-1:1:execution:hello:fp-1/2")

    assert cli.api.asked == ["GET /prod/v1/jobs/arn%3Aaws%3Astates%3Aus-east-1%3A1%3Aexecution%3Ahello%3Afp-1%2F2"]


@pytest.mark.parametrize("job_id", ["", ".", ".."])
def test_a_job_id_that_would_lead_to_another_route_is_refused(cli: Cli, job_id: str) -> None:
    assert cli("jobs", "show", job_id).exit_code == 2
    assert cli.api.requests == []


@pytest.mark.parametrize(
    ("document", "exit_code"),
    [(job(), 0), (job("FAILED"), 1), (job("TIMED_OUT"), 1), (job("ABORTED"), 1), (RUNNING, 5)],
)
def test_reading_a_job_succeeds_but_waiting_for_it_ends_as_it_does(
    cli: Cli, document: dict[str, Any], exit_code: int
) -> None:
    cli.api.replies = [answer(document)] * 2

    assert cli("jobs", "show", "j").exit_code == 0
    assert cli("jobs", "show", "j", "--wait", "25").exit_code == exit_code
    assert cli.api.asked[1] == "GET /prod/v1/jobs/j?wait=25"


def test_a_job_that_is_not_there_is_refused_with_the_way_to_those_that_are(cli: Cli) -> None:
    cli.api.replies = [problem(404, "not-found")]

    result = cli("jobs", "show", "j")

    assert result.exit_code == 3
    assert "Hint: `flowport jobs list` shows what there is in the workspace of your credential.\n" in result.stderr


def test_jobs_input_shows_any_json(cli: Cli) -> None:
    cli.api.replies = [answer([1, "a"])]

    result = cli("jobs", "input", "j")

    assert result.stdout == '[\n  1,\n  "a"\n]\n'
    assert cli.api.asked == ["GET /prod/v1/jobs/j/input"]


def test_jobs_steps_is_a_table(cli: Cli) -> None:
    cli.api.replies = [answer({"steps": [step("Price", "CAUGHT", error="NoPrice"), step("Wait", "RUNNING")]})]

    lines = cli("jobs", "steps", "j").stdout.splitlines()

    assert [" ".join(line.split()) for line in lines] == [
        "STEP TYPE STATUS STARTED ENDED ATTEMPTS ERROR",
        "Price Task CAUGHT 2026-11-22 02:19:59Z 2026-11-22 02:20:00Z 1 NoPrice",
        "Wait Task RUNNING 2026-11-22 02:19:59Z 1",
    ]


def test_a_run_without_history_says_why_there_are_no_steps(cli: Cli) -> None:
    cli.api.replies = [answer(NO_STEPS)]

    result = cli("jobs", "steps", "j")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "AWS keeps no history of Express executions.\n"


def test_watch_prints_a_line_for_each_change_and_the_output_at_the_end(cli: Cli) -> None:
    cli.api.replies = [
        answer(ACCEPTED),
        answer(RUNNING), answer({"steps": [step("Price", "RUNNING")]}),
        answer(RUNNING), answer({"steps": [step("Price", "RUNNING")]}),
        answer(job()), answer({"steps": [step("Price", "SUCCEEDED"), step("Sum", "SUCCEEDED")]}),
    ]  # fmt: skip

    result = cli("jobs", "watch", "0199b6f2-1111")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "   +0s  job   ACCEPTED   0199b6f2-1111",
        "   +1s  step  RUNNING    Price (Task)",
        "   +1s  job   RUNNING    0199b6f2-1111",
        "   +6s  step  SUCCEEDED  Price (Task)",
        "   +6s  step  SUCCEEDED  Sum (Task)",
        "   +6s  job   SUCCEEDED  0199b6f2-1111",
        "{",
        '  "name": "hello world"',
        "}",
    ]
    assert result.stderr == ""


def test_watch_polls_ever_longer_and_as_long_as_it_may_without_steps(cli: Cli) -> None:
    cli.api.replies = [
        answer(ACCEPTED), answer(ACCEPTED), answer(RUNNING), answer(NO_STEPS), answer(RUNNING), answer(job()),
    ]  # fmt: skip

    cli("jobs", "watch", "j")

    assert cli.api.asked == [
        "GET /prod/v1/jobs/j",
        "GET /prod/v1/jobs/0199b6f2-1111?wait=1",
        "GET /prod/v1/jobs/0199b6f2-1111?wait=2",
        "GET /prod/v1/jobs/0199b6f2-1111/steps",
        "GET /prod/v1/jobs/0199b6f2-1111?wait=25",
        "GET /prod/v1/jobs/0199b6f2-1111?wait=25",
    ]
    assert cli.api.last.extensions["timeout"]["read"] == 40.0


@pytest.mark.parametrize(("status", "exit_code"), [("SUCCEEDED", 0), ("FAILED", 1), ("TIMED_OUT", 1), ("ABORTED", 1)])
def test_watch_ends_as_the_job_does(cli: Cli, status: str, exit_code: int) -> None:
    cli.api.replies = [answer(job(status, error=None if status == "SUCCEEDED" else "Boom")), answer(NO_STEPS)]

    result = cli("jobs", "watch", "j")

    assert result.exit_code == exit_code
    assert ("Boom" in result.stdout) == (exit_code == 1)


def test_watch_gives_up_at_its_timeout_with_exit_code_5(cli: Cli) -> None:
    cli.api.replies = [answer(RUNNING), answer(NO_STEPS), answer(RUNNING), answer(RUNNING)]

    result = cli("jobs", "watch", "j", "--timeout", "30")

    assert result.exit_code == 5
    assert [target.rpartition("?")[2] for target in cli.api.asked[2:]] == ["wait=25", "wait=5"]
    assert result.stderr == (
        "Error: The job 0199b6f2-1111 has not ended within 30 s; it goes on.\n"
        "  Hint: flowport jobs watch 0199b6f2-1111\n"
    )


def test_watch_with_json_prints_the_last_document_and_nothing_else_on_stdout(cli: Cli) -> None:
    cli.api.replies = [answer(RUNNING), answer(NO_STEPS), answer(job("FAILED", error="Boom"))]

    result = cli("jobs", "watch", "j", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout) == job("FAILED", error="Boom")
    assert "job   RUNNING" in result.stderr


def test_watch_lives_through_a_passing_failure(cli: Cli) -> None:
    cli.api.replies = [
        answer(RUNNING), answer(NO_STEPS),
        httpx.ConnectError("refused"), problem(503, "unavailable"), answer(job()),
    ]  # fmt: skip
    throttled = problem(503, "unavailable")
    throttled.headers["Retry-After"] = "7"
    cli.api.replies[3] = throttled

    result = cli("jobs", "watch", "j")

    assert result.exit_code == 0
    assert cli.api.clock.slept == [2.0, 7.0]
    assert result.stdout.count("Trying again.") == 2


def test_watch_ends_with_exit_code_4_when_nothing_answers_any_more(cli: Cli) -> None:
    cli.api.replies = [answer(RUNNING), answer(NO_STEPS), *[httpx.ConnectError("refused")] * 5]

    assert cli("jobs", "watch", "j").exit_code == 4
    assert cli.api.clock.slept == [2.0, 4.0, 8.0, 16.0]


def test_watch_does_not_ask_again_what_was_refused(cli: Cli) -> None:
    cli.api.replies = [problem(404, "not-found")]

    assert cli("jobs", "watch", "j").exit_code == 3
    assert len(cli.api.requests) == 1


def test_steps_that_cannot_be_read_do_not_end_the_watch(cli: Cli) -> None:
    cli.api.replies = [answer(RUNNING), problem(403, "forbidden"), answer(job()), httpx.ReadError("gone")]

    assert cli("jobs", "watch", "j").exit_code == 0


def test_an_api_that_does_not_hold_the_answer_is_asked_once_a_second_at_most(cli: Cli) -> None:
    cli.api.holds = False
    cli.api.replies = [answer(RUNNING), answer(NO_STEPS), answer(RUNNING), answer(RUNNING), answer(job())]

    cli("jobs", "watch", "j")

    assert cli.api.clock.slept == [1.0, 1.0]


def test_an_interrupted_watch_says_that_the_job_goes_on(cli: Cli) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    cli.api.handle = interrupted  # type: ignore[method-assign]

    result = cli("jobs", "watch", "j")

    assert result.exit_code == 130
    assert result.stderr == "The job goes on: flowport jobs watch j\n"


class Screen(io.StringIO):
    """A stream that a person sees."""

    def isatty(self) -> bool:
        return True


def terminal(height: int = 24, kind: str = "xterm") -> Console:
    return Console(file=Screen(), width=80, height=height, color_system=None, _environ={"TERM": kind})


def drawn(progress: LiveProgress) -> list[str]:
    """What stands in the display, drawn once on a console of its own."""
    console = terminal()
    with console.capture() as capture:
        console.print(progress)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_terminal_gets_a_live_display_and_everything_else_gets_lines() -> None:
    clock = Clock()

    assert isinstance(progress_on(terminal(), clock.now, clock.monotonic), LiveProgress)
    for other in (Console(file=io.StringIO()), terminal(kind="dumb"), Console(file=io.StringIO(), force_terminal=True)):
        assert isinstance(progress_on(other, clock.now, clock.monotonic), LineProgress)


def test_the_live_display_shows_status_elapsed_time_and_steps() -> None:
    clock = Clock()
    progress = LiveProgress(terminal(), clock.now)
    created = clock.now().isoformat()
    clock.seconds += 65

    with progress:
        progress.show(
            job("RUNNING", created_at=created), [step("Price", "FAILED", error="Boom"), step("Sum", "RUNNING")]
        )
        lines = drawn(progress)
        progress.note("Trying again.")

    assert lines[0].endswith("RUNNING  job 0199b6f2-1111  samples/hello  1 min 5 s")
    assert [line.split() for line in lines[1:]] == [["Price", "Task", "FAILED", "Boom"], ["Sum", "Task", "RUNNING"]]


def test_the_live_display_of_an_ended_job_has_its_own_duration() -> None:
    clock = Clock()
    progress = LiveProgress(terminal(), clock.now)

    with progress:
        progress.show(job(), [])

    assert drawn(progress) == ["SUCCEEDED  job 0199b6f2-1111  samples/hello  in 212 ms"]


def test_more_steps_than_lines_show_the_latest() -> None:
    clock = Clock()
    progress = LiveProgress(terminal(height=10), clock.now)

    with progress:
        progress.show(job("RUNNING"), [step(f"S{number}", "SUCCEEDED") for number in range(9)])

    assert [line.split() for line in drawn(progress)[1:]] == [
        ["…", "5", "earlier"],
        *([f"S{number}", "Task", "SUCCEEDED"] for number in range(5, 9)),
    ]


def test_a_clock_that_disagrees_never_shows_a_negative_time() -> None:
    clock = Clock()
    progress = LiveProgress(terminal(), clock.now)

    with progress:
        progress.show(job("RUNNING", created_at="2099-01-01T00:00:00Z"), [])
        assert drawn(progress)[0].endswith("samples/hello  0 ms")
        progress.show(job("RUNNING", created_at="2026-01-01T00:00:00"), [])
        assert drawn(progress)[0].endswith("samples/hello  0 ms")


def test_jobs_redrive_prints_the_new_jobs_id_and_says_how_it_goes_on(cli: Cli) -> None:
    cli.api.replies = [answer(job("RUNNING", id="j2"), 202, {"Flowport-Redrive": "resumed"})]

    result = cli("jobs", "redrive", "0199b6f2-1111", "--key", "k")

    assert (result.exit_code, result.stdout) == (0, "j2\n")
    assert "It goes on where it had failed." in result.stderr
    assert cli.api.asked == ["POST /prod/v1/jobs/0199b6f2-1111/redrive"]
    assert cli.api.requests[0].headers["Idempotency-Key"] == "k"


def test_jobs_redrive_follows_the_new_job_if_asked(cli: Cli) -> None:
    cli.api.replies = [
        answer(job("RUNNING", id="j2"), 202, {"Flowport-Redrive": "restarted"}),
        answer(job(id="j2")),
        answer(NO_STEPS),
    ]

    result = cli("jobs", "redrive", "0199b6f2-1111", "--follow")

    assert result.exit_code == 0
    assert "It was started anew." in result.stderr
    assert cli.api.asked[1].startswith("GET /prod/v1/jobs/j2")


def test_a_job_that_was_redriven_already_names_its_redrive(cli: Cli) -> None:
    cli.api.replies = [problem(409, "already-redriven", "Already redriven", redriven_as="j9")]

    result = cli("jobs", "redrive", "0199b6f2-1111")

    assert result.exit_code == 3
    assert "flowport jobs show j9" in result.stderr


def test_jobs_cancel_and_delete_ask_the_api(cli: Cli) -> None:
    cli.api.replies = [answer(job("ABORTED", cause="Cancelled by token:tok_1.")), httpx.Response(204)]

    assert cli("jobs", "cancel", "j1").exit_code == 0
    assert cli("jobs", "delete", "j1").exit_code == 0

    assert cli.api.asked == ["POST /prod/v1/jobs/j1/cancel", "DELETE /prod/v1/jobs/j1"]
