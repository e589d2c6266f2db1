"""`flowport call`: what is sent for which option, what is shown of which answer, and how it ends."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.test_cli_harness import BASE_URL, Api, Cli, answer, cli, job, problem

__all__ = ["cli"]

LOCATION = {"Location": f"{BASE_URL}/v1/jobs/0199b6f2-1111", "Retry-After": "2"}
RUNNING = job("RUNNING")
GATEWAY_TIMEOUT = {
    "id": "AbC-dEf_=",
    "status": "RUNNING",
    "links": {"self": "https://api.example.com/prod/v1/jobs/AbC-dEf_="},
}
HTTP_VIEW = {"X-Content-Type-Options": "nosniff", "Flowport-Job-Id": "0199b6f2-1111"}


def body_sent(api: Api) -> bytes:
    return api.last.content


def test_a_plain_call_posts_an_empty_object_and_prefers_nothing(cli: Cli) -> None:
    cli.api.replies = [answer(job())]

    result = cli("call", "samples/hello")

    assert result.exit_code == 0
    assert cli.api.asked == ["POST /prod/v1/run/samples/hello"]
    assert body_sent(cli.api) == b"{}"
    assert cli.api.last.headers["Content-Type"] == "application/json"
    assert "Prefer" not in cli.api.last.headers
    assert "Flowport-Labels" not in cli.api.last.headers


def test_the_output_goes_to_stdout_alone_and_the_job_to_stderr(cli: Cli) -> None:
    cli.api.replies = [answer(job(output={"name": "h\u00e9llo", "bad": "\x1b[31m\x9b"}))]

    result = cli("call", "samples/hello")

    assert result.stdout == '{\n  "name": "h\u00e9llo",\n  "bad": "\\u001b[31m\\u009b"\n}\n'
    assert result.stderr == "SUCCEEDED  job 0199b6f2-1111  samples/hello  in 212 ms\n"


@pytest.mark.parametrize(
    ("args", "headers"),
    [
        (["--async"], {"Prefer": "respond-async"}),
        (["--wait", "7"], {"Prefer": "wait=7"}),
        (["--label", "team=a", "--label", "run=b=c"], {"Flowport-Labels": "team=a, run=b=c"}),
    ],
)
def test_an_option_becomes_its_header(cli: Cli, args: list[str], headers: dict[str, str]) -> None:
    cli.api.replies = [answer(job())]

    cli("call", "samples/hello", *args)

    assert {name: cli.api.last.headers[name] for name in headers} == headers


@pytest.mark.parametrize("view", ["job", "output", "http"])
def test_view_becomes_the_query(cli: Cli, view: str) -> None:
    cli.api.replies = [answer(job())]

    cli("call", "samples/hello", "--view", view)

    assert cli.api.asked == [f"POST /prod/v1/run/samples/hello?view={view}"]


def test_the_input_is_sent_as_it_was_written(cli: Cli, tmp_path: Path) -> None:
    text = b'{"a": 1.10,\n "a": 1e400}'
    (tmp_path / "in.json").write_bytes(b"\xef\xbb\xbf" + text)
    cli.api.replies = [answer(job())] * 3

    cli("call", "samples/hello", text.decode())
    assert body_sent(cli.api) == text
    cli("call", "samples/hello", f"@{tmp_path / 'in.json'}")
    assert body_sent(cli.api) == text
    cli("call", "samples/hello", "-", stdin=text)
    assert body_sent(cli.api) == text


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["{name: 1}"], "The input from the command line is not JSON: Expecting property name"),
        (["{}", "--sample"], "--sample sends the stored input"),
        (["--async", "--wait", "3"], "--async does not wait, --wait does"),
        (["--wait", "26"], "--wait"),
        (["--wait", "0"], "--wait"),
        (["--label", "team"], "'team' is not a label."),
        (["--label", "=a"], "'=a' is not a label."),
        (["--label", "a=b,c=d"], "'a=b,c=d' is not a label."),
        (["--label", "a=\u00e9"], "is not a label."),
        (["--method", "GET", '{"a": [1]}'], "it must be a flat JSON object"),
        (["--method", "GET", "[]"], "it must be a flat JSON object"),
        (["@nowhere.json"], "The input cannot be read from 'nowhere.json': No such file or directory."),
    ],
)
def test_what_makes_no_sense_is_wrong_use_and_nothing_is_sent(cli: Cli, args: list[str], said: str) -> None:
    result = cli("call", "samples/hello", *args)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert cli.api.requests == []


def test_input_that_is_not_utf_8_is_wrong_use(cli: Cli) -> None:
    result = cli("call", "samples/hello", "-", stdin=b'{"a": "\xe9"}')

    assert result.exit_code == 2
    assert "The input from stdin is not UTF-8 (byte 8)." in result.stderr


def test_with_get_the_input_becomes_query_parameters(cli: Cli) -> None:
    cli.api.replies = [answer(job())]

    cli("call", "samples/hello", '{"q": "a&b", "n": 2, "on": true, "x": null}', "--method", "get", "--view", "job")

    assert cli.api.asked == ["GET /prod/v1/run/samples/hello?view=job&q=a%26b&n=2&on=true&x=null"]
    assert body_sent(cli.api) == b""


def test_the_stored_sample_is_fetched_and_sent(cli: Cli) -> None:
    cli.api.replies = [answer({"sample": {"items": ["\u00e9"]}}), answer(job())]

    result = cli("call", "samples/hello", "--sample")

    assert result.exit_code == 0
    assert cli.api.asked == ["GET /prod/v1/admin/endpoints/samples/hello", "POST /prod/v1/run/samples/hello"]
    assert json.loads(body_sent(cli.api)) == {"items": ["\u00e9"]}


def test_an_endpoint_without_a_sample_is_said_so_and_not_called(cli: Cli) -> None:
    cli.api.replies = [answer({"sample": None})]

    result = cli("call", "samples/hello", "--sample")

    assert result.exit_code == 2
    assert "The endpoint samples/hello has no sample." in result.stderr
    assert len(cli.api.requests) == 1


def test_a_sync_call_is_waited_for_longer_than_an_express_execution_can_take(cli: Cli) -> None:
    cli.api.replies = [answer(job())]

    cli("call", "samples/hello")

    assert cli.api.last.extensions["timeout"] == {"connect": 10.0, "read": 330.0, "write": 60.0, "pool": 10.0}


def test_an_async_call_gives_the_job_id_alone_on_stdout_and_succeeds(cli: Cli) -> None:
    cli.api.replies = [answer(job("ACCEPTED", mode="async"), 202, LOCATION)]

    result = cli("call", "samples/hello", "--async")

    assert (result.exit_code, result.stdout) == (0, "0199b6f2-1111\n")
    assert result.stderr == "Accepted. Follow it: flowport jobs watch 0199b6f2-1111\n"


def test_an_endpoint_whose_own_mode_is_async_gives_a_job_and_succeeds(cli: Cli) -> None:
    cli.api.replies = [answer(job("ACCEPTED", mode="async"), 202, LOCATION)]

    assert cli("call", "samples/hello").exit_code == 0


@pytest.mark.parametrize(("args", "document"), [(["--wait", "1"], RUNNING), ([], RUNNING), ([], GATEWAY_TIMEOUT)])
def test_a_job_where_an_end_was_wanted_is_exit_code_5(cli: Cli, args: list[str], document: dict[str, Any]) -> None:
    cli.api.replies = [answer(document, 202, LOCATION)]

    result = cli("call", "samples/hello", *args)

    assert result.exit_code == 5
    assert result.stdout == f"{document['id']}\n"
    assert result.stderr == f"Still running. Follow it: flowport jobs watch {document['id']}\n"


def test_waiting_in_vain_on_an_async_endpoint_is_exit_code_5_too(cli: Cli) -> None:
    cli.api.replies = [answer(job("RUNNING", mode="async"), 202, LOCATION)]

    assert cli("call", "samples/hello", "--wait", "1").exit_code == 5


def test_a_202_is_not_followed_unless_it_is_wanted(cli: Cli) -> None:
    cli.api.replies = [answer(RUNNING, 202, LOCATION)]

    cli("call", "samples/hello")

    assert len(cli.api.requests) == 1


def test_follow_goes_on_with_the_job_until_its_end(cli: Cli) -> None:
    steps = {"steps": [{"name": "Hello", "type": "Pass", "status": "SUCCEEDED"}]}
    cli.api.replies = [
        answer(GATEWAY_TIMEOUT, 202), answer(RUNNING), answer(steps), answer(job()), answer(steps),
    ]  # fmt: skip

    result = cli("call", "samples/hello", "--follow")

    assert result.exit_code == 0
    assert result.stdout == '{\n  "name": "hello world"\n}\n'
    assert result.stderr.splitlines() == [
        "   +0s  step  SUCCEEDED  Hello (Pass)",
        "   +0s  job   RUNNING    0199b6f2-1111",
        "   +1s  job   SUCCEEDED  0199b6f2-1111",
    ]
    assert cli.api.asked == [
        "POST /prod/v1/run/samples/hello",
        "GET /prod/v1/jobs/AbC-dEf_%3D",
        "GET /prod/v1/jobs/0199b6f2-1111/steps",
        "GET /prod/v1/jobs/0199b6f2-1111?wait=1",
        "GET /prod/v1/jobs/0199b6f2-1111/steps",
    ]


def test_a_followed_job_that_fails_is_exit_code_1(cli: Cli) -> None:
    failed = job("FAILED", error="Boom", cause='{"message":"no"}')
    cli.api.replies = [answer(RUNNING, 202), answer(failed), answer({"steps": None, "reason": "Express"})]

    result = cli("call", "samples/hello", "--async", "--follow")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.endswith('  Error: Boom\n  Cause: {\n    "message": "no"\n  }\n')


def test_with_json_a_followed_call_prints_the_last_document_only(cli: Cli) -> None:
    cli.api.replies = [answer(RUNNING, 202), answer(job()), answer({"steps": None})]

    result = cli("call", "samples/hello", "--follow", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == job()


@pytest.mark.parametrize(
    ("status", "kind"), [(500, "job-failed"), (504, "job-timed-out"), (409, "job-aborted"), (500, "output-not-http")]
)
def test_a_workflow_that_failed_is_exit_code_1(cli: Cli, status: int, kind: str) -> None:
    cli.api.replies = [problem(status, kind, source="workflow")]

    assert cli("call", "samples/hello").exit_code == 1


def test_a_failed_run_is_shown_with_its_error_its_cause_and_its_job(cli: Cli) -> None:
    cause = '{"message":"Invalid\\u001b[2J","statusCode":418}'
    cli.api.replies = [
        problem(
            500, "job-failed", source="workflow", detail="The workflow failed.", job=job("FAILED"), error="ClientError",
            cause=cause,
        )
    ]  # fmt: skip

    result = cli("call", "samples/hello")

    assert result.stdout == ""
    assert result.stderr == (
        "Title of job-failed (500 job-failed)\n"
        "  The workflow failed.\n"
        "  Error: ClientError\n"
        "  Cause: {\n"
        '    "message": "Invalid\\u001b[2J",\n'
        '    "statusCode": 418\n'
        "  }\n"
        "  Job: 0199b6f2-1111\n"
        "  Source: workflow (the run itself failed)\n"
        "  Hint: `flowport jobs show 0199b6f2-1111` shows the job,"
        " `flowport jobs steps 0199b6f2-1111` what it went through.\n"
    )


def test_a_cause_that_is_no_json_is_shown_as_it_is(cli: Cli) -> None:
    cli.api.replies = [problem(500, "job-failed", source="workflow", cause="line 1\nline 2\x1b[2J")]

    assert "  Cause: line 1\n  line 2\ufffd[2J\n" in cli("call", "samples/hello").stderr


def test_with_json_a_problem_is_on_stdout_unchanged_and_the_block_on_stderr(cli: Cli) -> None:
    cli.api.replies = [problem(500, "job-failed", source="workflow", error="Boom")]
    document = cli.api.replies[0].content  # type: ignore[union-attr]

    result = cli("call", "samples/hello", "--json")

    assert result.exit_code == 1
    assert result.stdout_bytes == document
    assert result.stderr.startswith("Title of job-failed")


@pytest.mark.parametrize("output", ["42", "null", '"text"', '[1, {"id": 2}]', '{"id": 1, "status": "RUNNING"}'])
def test_a_bare_output_is_shown_as_json(cli: Cli, output: str) -> None:
    cli.api.replies = [answer(json.loads(output))]

    result = cli("call", "samples/hello", "--view", "output")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads(output)
    assert result.stderr == ""


def test_an_answer_of_the_workflow_s_own_is_shown_as_it_is(cli: Cli) -> None:
    page = httpx.Response(200, headers={"Content-Type": "text/html", **HTTP_VIEW}, content=b"<p>\xff")
    cli.api.replies = [page]

    result = cli("call", "samples/hello", "--view", "http")

    assert (result.exit_code, result.stdout_bytes, result.stderr) == (0, b"<p>\xff", "")


def test_an_error_of_the_workflow_s_own_is_exit_code_1(cli: Cli) -> None:
    cli.api.replies = [answer({"sorry": True}, 418, HTTP_VIEW)]

    result = cli("call", "samples/hello", "--view", "http")

    assert (result.exit_code, result.stdout) == (1, '{\n  "sorry": true\n}\n')
    assert result.stderr == "The workflow answered HTTP 418.\n"


def test_a_redirect_of_the_workflow_s_own_is_shown_and_not_followed(cli: Cli) -> None:
    cli.api.replies = [httpx.Response(302, headers={"Location": "https://elsewhere.example/", **HTTP_VIEW})]

    result = cli("call", "samples/hello", "--view", "http")

    assert result.exit_code == 0
    assert result.stderr == "The workflow answered HTTP 302 to https://elsewhere.example/.\n"
    assert len(cli.api.requests) == 1


def test_an_interrupted_call_says_where_the_run_is_found(cli: Cli) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    cli.api.handle = interrupted  # type: ignore[method-assign]

    result = cli("call", "samples/hello")

    assert result.exit_code == 130
    assert result.stdout == ""
    assert result.stderr == "If the run was started, it goes on: flowport jobs list --endpoint samples/hello\n"
