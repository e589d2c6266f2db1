"""What people and scripts get when something is wrong: one readable block, an exit code, never a trace."""

import ssl

import httpx
import pytest

from tests.unit.test_cli_harness import BASE_URL, TOKEN, Cli, Reply, answer, cli, problem

__all__ = ["cli"]

LIST_URL = f"{BASE_URL}/v1/admin/endpoints"


def caused_by(error: httpx.HTTPError, cause: Exception) -> httpx.HTTPError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [(400, 3), (401, 3), (403, 3), (404, 3), (405, 3), (409, 3), (412, 3), (413, 3), (415, 3), (422, 3), (429, 3),
     (500, 4), (501, 4), (502, 4), (503, 4), (504, 4)],
)  # fmt: skip
def test_a_status_decides_the_exit_code(cli: Cli, status: int, exit_code: int) -> None:
    cli.api.replies = [problem(status, "whatever")]

    assert cli("endpoints", "list").exit_code == exit_code


def test_every_violation_is_listed_with_its_pointer(cli: Cli) -> None:
    errors = [
        {"pointer": "/auth/0", "message": "Not one of none, token, password."},
        {"pointer": "", "message": "Needs an ARN."},
        "nonsense",
    ]
    cli.api.replies = [problem(422, "unprocessable", detail="2 violations.", errors=errors)]

    result = cli("endpoints", "list")

    assert result.stdout == ""
    assert result.stderr == (
        "Title of unprocessable (422 unprocessable)\n"
        "  2 violations.\n"
        "  /auth/0: Not one of none, token, password.\n"
        "  (whole document): Needs an ARN.\n"
        "  Source: gateway (nothing was started and nothing will be)\n"
    )


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [
        (401, "unauthenticated", "A valid token comes from --token, FLOWPORT_TOKEN or the profile."),
        (403, "forbidden", "`flowport tokens create NAME --scope SCOPE`"),
        (403, "endpoint-disabled", "Switch it on: `flowport enable samples/hello`"),
        (403, "workspace-disabled", "`flowport workspaces enable default`"),
        (403, "address-refused", "--ip-allow"),
        (403, "consent-withdrawn", "--resource-arn STATE_MACHINE_ARN --tags 'key=flowport:publish,value=default'"),
        (404, "not-found", "`flowport endpoints list` shows what there is"),
        (405, "method-not-allowed", "`flowport call --method GET`"),
        (413, "payload-too-large", "S3"),
        (500, "state-machine-missing", "`aws stepfunctions list-state-machines`"),
        (422, "state-machine-type", "--standard one of type STANDARD"),
        (429, "", "Too many requests"),
    ],
)
def test_a_problem_says_what_to_do(cli: Cli, status: int, kind: str, hint: str) -> None:
    cli.api.replies = [problem(status, kind)]

    result = cli("call", "samples/hello")

    assert "Hint: " in result.stderr
    assert hint in result.stderr


def test_an_outcome_that_nobody_knows_warns_before_a_repeat(cli: Cli) -> None:
    cli.api.replies = [problem(500, "internal-error", source="unknown")]

    result = cli("call", "samples/hello")

    assert result.exit_code == 4
    assert "Source: unknown (it cannot be told whether anything was started)\n" in result.stderr
    assert "see whether it was started: `flowport jobs list --endpoint samples/hello`\n" in result.stderr


def test_retry_after_becomes_a_hint(cli: Cli) -> None:
    throttled = problem(503, "unavailable")
    throttled.headers["Retry-After"] = "2"
    cli.api.replies = [throttled]

    result = cli("endpoints", "list")

    assert result.exit_code == 4
    assert "  Hint: Try again in 2 s.\n" in result.stderr


@pytest.mark.parametrize(
    "type_", ["consent-missing", "urn:flowport:consent-missing", "https://x/y#consent-missing", "/p/consent-missing/"]
)
def test_the_kind_of_a_problem_is_the_end_of_its_type(cli: Cli, type_: str) -> None:
    cli.api.replies = [answer({"type": type_, "title": "No consent"}, 422)]

    assert cli("call", "a/b").stderr.startswith("No consent (422 consent-missing)\n")


def test_a_problem_without_a_type_of_its_own_is_shown_by_its_status(cli: Cli) -> None:
    cli.api.replies = [answer({"type": "about:blank", "title": "Conflict"}, 409)]

    assert cli("endpoints", "list").stderr == "Conflict (409)\n"


def test_api_gateway_s_own_refusal_points_to_the_base_url(cli: Cli) -> None:
    cli.api.replies = [answer({"message": "Missing Authentication Token"}, 403)]

    result = cli("endpoints", "list")

    assert result.exit_code == 3
    assert result.stderr.startswith("Missing Authentication Token (403)\n")
    assert "check the base URL" in result.stderr


def test_markup_and_terminal_codes_from_the_network_are_shown_as_text(cli: Cli) -> None:
    cli.api.replies = [problem(400, "invalid-request", detail="[bold]x[/bold] :smile: \x1b[2J\r\x9b")]

    assert "  [bold]x[/bold] :smile: \ufffd[2J\ufffd\ufffd\n" in cli("endpoints", "list").stderr


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (httpx.Response(200, html="<h1>Sign in</h1>"), "answered 200 with text/html, which is not an answer of"),
        (httpx.Response(502, html="<h1>Bad gateway</h1>"), "answered 502 with text/html, which is not an answer of"),
        (httpx.Response(404, text="nope"), "answered 404 with text/plain, which is not an answer of"),
        (httpx.Response(200), "answered 200 with no content type, which is not an answer of"),
        (httpx.Response(200, json=["a list"]), "answered 200 with application/json, which is not an answer of"),
        (httpx.Response(200, json={"items": 7}), "answered without a list of items."),
        (httpx.Response(301, headers={"Location": "https://h/"}), "answered 301 and points to https://h/;"),
    ],
)
def test_an_answer_that_is_not_flowport_s_is_exit_code_4_and_a_sentence(
    cli: Cli, reply: httpx.Response, said: str
) -> None:
    cli.api.replies = [reply]

    result = cli("endpoints", "list")

    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.startswith(f"Error: {LIST_URL} {said}")
    assert result.stderr.count("\n") <= 2


@pytest.mark.parametrize("headers", [{}, {"X-Content-Type-Options": "nosniff"}])
@pytest.mark.parametrize("status", [200, 302, 403, 502])
def test_a_proxy_s_page_is_not_taken_for_a_workflow_s_output(cli: Cli, status: int, headers: dict[str, str]) -> None:
    cli.api.replies = [httpx.Response(status, headers=headers, html="<h1>Sign in</h1>")]

    result = cli("call", "samples/hello", "--view", "http")

    assert (result.exit_code, result.stdout) == (4, "")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ConnectError("[Errno 111] Connection refused"), "cannot be reached: [Errno 111] Connection refused."),
        (httpx.ConnectError("[Errno -2] Name or service not known"), "cannot be reached: [Errno -2] Name or service"),
        (httpx.ConnectTimeout("timed out"), "did not accept a connection within 10 s."),
        (httpx.ReadTimeout("timed out"), "did not answer within 40 s."),
        (httpx.WriteTimeout(""), "broke before the answer was complete: WriteTimeout."),
        (
            httpx.RemoteProtocolError("Server disconnected"),
            "broke before the answer was complete: Server disconnected.",
        ),
        (httpx.ProxyError("407 Proxy Authentication Required"), "refused: 407 Proxy Authentication Required."),
        (httpx.InvalidURL("no"), "is not a usable URL: no."),
    ],
)
def test_no_answer_is_exit_code_4_and_a_sentence(cli: Cli, error: Exception, said: str) -> None:
    cli.api.replies = [error]

    result = cli("endpoints", "list")

    assert (result.exit_code, result.stdout) == (4, "")
    assert LIST_URL in result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_certificate_that_is_not_trusted_is_said_to_be_that(cli: Cli) -> None:
    refused = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
    cli.api.replies = [caused_by(httpx.ConnectError(str(refused)), refused)]

    result = cli("endpoints", "list")

    assert result.exit_code == 4
    assert f"Error: No trusted TLS connection to {LIST_URL}: " in result.stderr
    assert "self-signed certificate" in result.stderr
    assert "SSL_CERT_FILE" in result.stderr


def test_a_call_that_got_no_answer_says_where_a_started_run_is_found(cli: Cli) -> None:
    cli.api.replies = [httpx.ReadTimeout("timed out")]

    result = cli("call", "samples/hello")

    assert result.exit_code == 4
    assert "did not answer within 330 s." in result.stderr
    assert "flowport jobs list --endpoint samples/hello" in result.stderr


@pytest.mark.parametrize(
    "reply",
    [
        problem(401, "unauthenticated", detail="The credential is not valid."),
        httpx.Response(502, html="<h1>Bad gateway</h1>"),
        httpx.ConnectError("refused"),
        answer({"items": [], "cursor": None}),
    ],
)
def test_the_token_is_never_shown(cli: Cli, reply: Reply) -> None:
    cli.api.replies = [reply]

    result = cli("--token", TOKEN, "endpoints", "list")

    assert TOKEN not in result.output


@pytest.mark.parametrize("args", [[], ["tokens"], ["tokens", "create"], ["call"], ["bootstrap"]])
def test_help_never_shows_the_token_of_the_environment(cli: Cli, args: list[str]) -> None:
    result = cli(*args, "--help")

    assert result.exit_code == 0
    assert TOKEN not in result.output
    assert "fp_" not in result.output


@pytest.mark.parametrize("args", [["nonsense"], ["endpoints", "nonsense"], ["call"], ["tokens", "create"], ["--nope"]])
def test_wrong_use_is_exit_code_2(cli: Cli, args: list[str]) -> None:
    result = cli(*args)

    assert (result.exit_code, result.stdout) == (2, "")


def test_version_is_shown(cli: Cli) -> None:
    result = cli("--version")

    assert (result.exit_code, result.stdout) == (0, "flowport 0.1.0\n")
