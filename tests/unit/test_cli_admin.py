"""Publishing, endpoints, tokens, users and workspaces: what is asked of the API, and what people see of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_cli_harness import BASE_URL, TOKEN, Cli, answer, cli, problem

__all__ = ["cli"]

EXPRESS = "arn:aws:states:us-east-1:123456789012:stateMachine:hello-express"
STANDARD = "arn:aws:states:us-east-1:123456789012:stateMachine:hello-standard"
ENDPOINT: dict[str, Any] = {
    "endpoint": "samples/hello",
    "module": "samples",
    "name": "hello",
    "title": "Says hello",
    "enabled": True,
    "express_arn": EXPRESS,
    "standard_arn": None,
    "mode": "sync",
    "view": "job",
    "methods": ["POST"],
    "auth": ["token"],
    "ip_allow": [],
    "http_headers": [],
    "log_group": None,
    "sample": {"name": "[bold]Ada[/bold]"},
    "version": 3,
    "created_at": "2026-11-22T02:19:59.203Z",
    "updated_at": "2026-11-22T02:20:00Z",
}
NEW_TOKEN = "fp_default_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzABCDEF"
TOKEN_DOCUMENT: dict[str, Any] = {
    "id": "tok_1",
    "name": "ci",
    "scopes": ["run", "jobs:read"],
    "endpoints": ["samples/hello"],
    "created_at": "2026-11-22T02:19:59.203Z",
    "expires_at": None,
    "revoked_at": None,
}
USER_DOCUMENT = {**TOKEN_DOCUMENT, "id": "ada", "name": "ada", "endpoints": None}
WORKSPACE = {"name": "team", "title": "Team", "status": "active", "created_at": "2026-11-22T02:19:59.203Z"}


def test_publish_puts_what_was_given_and_leaves_the_rest_to_the_api(cli: Cli) -> None:
    cli.api.replies = [answer(ENDPOINT, 201)]

    result = cli("publish", "samples/hello", "--express", EXPRESS)

    assert result.exit_code == 0
    assert cli.api.asked == ["PUT /prod/v1/admin/endpoints/samples/hello"]
    assert cli.api.last.content.decode() == f'{{"express_arn": "{EXPRESS}", "enabled": true}}'
    assert cli.api.last.headers["Content-Type"] == "application/json"
    assert cli.api.last.headers["Authorization"] == f"Bearer {TOKEN}"
    assert result.stderr == (
        "Published. It is called with POST https://api.example.com/prod/v1/run/samples/hello"
        " or `flowport call samples/hello`.\n"
    )


def test_publish_sends_every_option(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "sample.json").write_text('{"items": [1]}')
    (tmp_path / "schema.json").write_text('{"type": "object"}')
    (tmp_path / "output.json").write_text("{}")
    cli.api.replies = [answer(ENDPOINT, 200)]

    result = cli(
        "publish", "samples/hello", "--express", EXPRESS, "--standard", STANDARD, "--mode", "async", "--view", "http",
        "--method", "get", "--method", "POST", "--auth", "none", "--auth", "password", "--ip-allow", "10.0.0.0/8",
        "--ip-allow", "2001:db8::/32", "--http-header", "X-Trace", "--log-group", "/aws/vendedlogs/states/x",
        "--sample", f"@{tmp_path / 'sample.json'}", "--title", "Hello", "--disabled",
        "--input-schema", str(tmp_path / "schema.json"), "--output-schema", str(tmp_path / "output.json"),
        "--output-mapping", "total", "--cors-origin", "https://shop.example.com", "--cors-origin", "https://b.example.com",
    )  # fmt: skip

    assert result.exit_code == 0
    assert json.loads(cli.api.last.content) == {
        "title": "Hello",
        "express_arn": EXPRESS,
        "standard_arn": STANDARD,
        "mode": "async",
        "view": "http",
        "methods": ["GET", "POST"],
        "auth": ["none", "password"],
        "ip_allow": ["10.0.0.0/8", "2001:db8::/32"],
        "http_headers": ["X-Trace"],
        "log_group": "/aws/vendedlogs/states/x",
        "cors": ["https://shop.example.com", "https://b.example.com"],
        "sample": {"items": [1]},
        "input_schema": {"type": "object"},
        "output_schema": {},
        "output_mapping": "total",
        "enabled": False,
    }
    assert result.stderr.startswith("Replaced. ")


@pytest.mark.parametrize("sample", ["null", "0", '""', "[]"])
def test_a_sample_that_is_empty_is_still_sent(cli: Cli, sample: str) -> None:
    cli.api.replies = [answer(ENDPOINT)]

    cli("publish", "samples/hello", "--express", EXPRESS, "--sample", sample)

    assert json.loads(cli.api.last.content)["sample"] == json.loads(sample)


def test_publish_says_to_dialects_what_it_is_told_and_nothing_else(cli: Cli) -> None:
    cli.api.replies = [answer(ENDPOINT, 200), answer(ENDPOINT, 200)]

    cli(
        "publish", "samples/hello", "--express", EXPRESS, "--alias", "v10:My API", "--alias", "nebulagraph:107",
        "--parameter", "field", "--parameter", "limit:integer=10", "--parameter", "who=Ada=B",
        "--parameter", '{"name":"name","task":"query_1","required":true}', "--argument", "host", "--argument", "port?",
        "--output-name", "result", "--success-message", "Done", "--fail-message", "Broken", "--timeout-ms", "1500",
        "--per-record", "--abandon-at-timeout", "--empty-output-is-none",
    )  # fmt: skip

    assert json.loads(cli.api.last.content) == {
        "express_arn": EXPRESS,
        "enabled": True,
        "aliases": ["v10:My API", "nebulagraph:107"],
        "parameters": [
            {"name": "field"},
            {"name": "limit", "type": "integer", "default": 10},
            {"name": "who", "default": "Ada=B"},
            {"name": "name", "task": "query_1", "required": True},
        ],
        "dialects": {
            "iolinker": {"empty_output_is_none": True},
            "phixflow": {
                "output_name": "result",
                "success_message": "Done",
                "fail_message": "Broken",
                "timeout_ms": 1500,
                "per_record": True,
                "abandon_at_timeout": True,
            },
            "theeye": {"arguments": [{"name": "host"}, {"name": "port", "optional": True}]},
        },
    }
    cli("publish", "samples/hello", "--standard", STANDARD, "--phixflow")
    assert json.loads(cli.api.last.content)["dialects"] == {"phixflow": {}}


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        ("limit:int", "The parameter 'limit:int' has the type 'int', which there is not."),
        ("limit:integer=ten", "The parameter 'limit:integer=ten' has a default that is not JSON: 'ten'."),
        ("{name}", "The parameter '{name}' is not JSON"),
    ],
)
def test_publish_refuses_a_parameter_that_it_cannot_read(cli: Cli, parameter: str, said: str) -> None:
    result = cli("publish", "samples/hello", "--express", EXPRESS, "--parameter", parameter)
    assert result.exit_code == 2
    assert said in result.stderr
    assert cli.api.asked == []


def test_show_says_what_an_endpoint_says_to_dialects(cli: Cli) -> None:
    spoken = {"aliases": ["v10:My API"], "parameters": [{"name": "a"}], "dialects": {"phixflow": {"timeout_ms": 5}}}
    cli.api.replies = [answer({**ENDPOINT, **spoken}, 200)]
    shown = cli("endpoints", "show", "samples/hello").stdout
    assert "v10:My API" in shown
    assert '{"name": "a"}' in shown
    assert '{"timeout_ms": 5}' in shown


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["hello", "--express", EXPRESS], "'hello' is not an endpoint's address."),
        (["a/b/c", "--express", EXPRESS], "'a/b/c' is not an endpoint's address."),
        (["../b", "--express", EXPRESS], "'../b' is not an endpoint's address."),
        (["a/", "--express", EXPRESS], "'a/' is not an endpoint's address."),
        (["a/b", "--express", EXPRESS, "--sample", "{x}"], "The sample from the command line is not JSON"),
        (["a/b", "--express", EXPRESS, "--sample", "@missing.json"], "The sample cannot be read from 'missing.json'"),
        (["a/b", "--express", EXPRESS, "--mode", "later"], "--mode"),
    ],
)
def test_publish_refuses_what_makes_no_sense_without_a_request(cli: Cli, args: list[str], said: str) -> None:
    result = cli("publish", *args)

    assert result.exit_code == 2
    assert said in result.stderr
    assert cli.api.requests == []


def test_module_and_name_are_percent_encoded_each_for_itself(cli: Cli) -> None:
    cli.api.replies = [answer(ENDPOINT)]

    cli("endpoints", "show", "bil ling/quo%te?x#y")

    assert cli.api.asked == ["GET /prod/v1/admin/endpoints/bil%20ling/quo%25te%3Fx%23y"]


def test_a_machine_without_consent_is_answered_with_the_words_that_tag_it(cli: Cli) -> None:
    errors = [{"pointer": "/standard_arn", "message": "The machine has no tag flowport:publish."}]
    cli.api.replies = [problem(422, "consent-missing", detail="The owner has not consented.", errors=errors)]

    result = cli("publish", "samples/hello", "--express", EXPRESS, "--standard", STANDARD)

    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr == (
        "Title of consent-missing (422 consent-missing)\n"
        "  The owner has not consented.\n"
        "  /standard_arn: The machine has no tag flowport:publish.\n"
        "  Source: gateway (nothing was started and nothing will be)\n"
        "  Hint: The state machine's owner consents by tagging it:\n"
        f"    aws stepfunctions tag-resource --resource-arn {STANDARD} --tags 'key=flowport:publish,value=default'\n"
        "  The value lists every workspace that may publish it, separated by spaces (@all for all).\n"
    )


def test_consent_that_is_missing_beside_something_else_is_answered_too(cli: Cli) -> None:
    errors = [
        {"pointer": "/express_arn", "message": "There is none.", "type": "state-machine-missing"},
        {"pointer": "/standard_arn", "message": "It has no tag.", "type": "consent-missing"},
    ]
    cli.api.replies = [problem(422, "state-machine-missing", errors=errors)]

    result = cli("publish", "samples/hello", "--express", EXPRESS, "--standard", STANDARD)

    assert "`aws stepfunctions list-state-machines` shows what there is.\n" in result.stderr
    assert f"--resource-arn {STANDARD} --tags 'key=flowport:publish,value=default'\n" in result.stderr
    assert f"--resource-arn {EXPRESS}" not in result.stderr


def test_endpoints_list_is_a_table(cli: Cli) -> None:
    cli.api.replies = [
        answer({"items": [ENDPOINT, ENDPOINT | {"standard_arn": STANDARD, "title": ""}], "cursor": None})
    ]

    result = cli("endpoints", "list")

    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["ENDPOINT", "TITLE", "ENABLED", "MACHINES", "MODE", "VIEW", "METHODS", "AUTH", "LIMITS", "VERSION"],
        ["samples/hello", "Says", "hello", "yes", "express", "sync", "job", "POST", "token", "3"],
        ["samples/hello", "yes", "express", "+", "standard", "sync", "job", "POST", "token", "3"],
    ]
    assert result.stderr == ""


def test_a_list_says_how_to_go_on(cli: Cli) -> None:
    cli.api.replies = [answer({"items": [ENDPOINT], "cursor": "abc=="}), answer({"items": [], "cursor": None})]

    first = cli("endpoints", "list", "--limit", "1")
    second = cli("endpoints", "list", "--cursor", "abc==")

    assert "There is more: --cursor 'abc==' goes on, --all shows everything.\n" in first.stderr
    assert second.stderr == "There is none.\n"
    assert cli.api.asked == [
        "GET /prod/v1/admin/endpoints?limit=1",
        "GET /prod/v1/admin/endpoints?cursor=abc%3D%3D",
    ]


def test_all_follows_the_cursors_into_one_table(cli: Cli) -> None:
    pages = [answer({"items": [ENDPOINT | {"endpoint": f"a/{n}"}], "cursor": c}) for n, c in ((1, "x"), (2, "y"))]
    cli.api.replies = [*pages, answer({"items": [], "cursor": None})]

    result = cli("endpoints", "list", "--all")

    assert [line.split()[0] for line in result.stdout.splitlines()] == ["ENDPOINT", "a/1", "a/2"]
    assert [target.rpartition("endpoints")[2] for target in cli.api.asked] == ["", "?cursor=x", "?cursor=y"]


def test_an_api_that_repeats_its_cursor_does_not_loop_for_ever(cli: Cli) -> None:
    cli.api.replies = [answer({"items": [], "cursor": "x"})] * 2

    assert cli("endpoints", "list", "--all").exit_code == 0


def test_endpoints_show_shows_what_is_set_as_plain_text(cli: Cli) -> None:
    cli.api.replies = [answer(ENDPOINT)]

    lines = [line.split(maxsplit=1) for line in cli("endpoints", "show", "samples/hello").stdout.splitlines()]

    assert [[name, value.strip()] for name, value in lines] == [
        ["endpoint", "samples/hello"],
        ["title", "Says hello"],
        ["enabled", "yes"],
        ["express", EXPRESS],
        ["mode", "sync"],
        ["view", "job"],
        ["methods", "POST"],
        ["auth", "token"],
        ["sample", '{"name": "[bold]Ada[/bold]"}'],
        ["version", "3"],
        ["created", "2026-11-22 02:19:59Z"],
        ["updated", "2026-11-22 02:20:00Z"],
    ]


@pytest.mark.parametrize(
    ("args", "reply", "asked", "said"),
    [
        (["enable", "a/b"], ENDPOINT, "POST /prod/v1/admin/endpoints/a/b/enable", "a/b is enabled.\n"),
        (["disable", "a/b"], ENDPOINT, "POST /prod/v1/admin/endpoints/a/b/disable", "a/b is disabled.\n"),
        (["tokens", "revoke", "tok_1"], TOKEN_DOCUMENT, "POST /prod/v1/admin/tokens/tok_1/revoke",
         "Token tok_1 is revoked.\n"),
        (["users", "revoke", "ada l"], USER_DOCUMENT, "POST /prod/v1/admin/users/ada%20l/revoke",
         "User ada l is revoked.\n"),
        (["workspaces", "enable", "team"], WORKSPACE, "POST /prod/v1/admin/workspaces/team/enable",
         "Workspace team is enabled.\n"),
        (["workspaces", "disable", "team"], WORKSPACE, "POST /prod/v1/admin/workspaces/team/disable",
         "Workspace team is disabled.\n"),
    ],
)  # fmt: skip
def test_a_switch_asks_once_and_says_so(
    cli: Cli, args: list[str], reply: dict[str, Any], asked: str, said: str
) -> None:
    cli.api.replies = [answer(reply)]

    result = cli(*args)

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", said)
    assert cli.api.asked == [asked]


def test_endpoints_delete_deletes(cli: Cli) -> None:
    cli.api.replies = [answer(None, 204)]

    result = cli("endpoints", "delete", "samples/hello")

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "Deleted samples/hello.\n")
    assert cli.api.asked == ["DELETE /prod/v1/admin/endpoints/samples/hello"]


def test_tokens_create_shows_the_token_once_alone_on_stdout(cli: Cli) -> None:
    cli.api.replies = [answer(TOKEN_DOCUMENT | {"token": NEW_TOKEN}, 201)]

    result = cli(
        "tokens", "create", "ci", "--scope", "run", "--scope", "jobs:read", "--endpoint", "samples/hello",
        "--expires-in-days", "30",
    )  # fmt: skip

    assert result.exit_code == 0
    assert result.stdout == f"{NEW_TOKEN}\n"
    assert result.output.count(NEW_TOKEN) == 1
    assert result.stderr == (
        "Token tok_1 (ci): scopes run, jobs:read; endpoints samples/hello; expires never.\n"
        "This is the only time that the token is shown: keep it now. Flowport stores only its hash.\n"
    )
    assert cli.api.asked == ["POST /prod/v1/admin/tokens"]
    assert json.loads(cli.api.last.content) == {
        "name": "ci",
        "scopes": ["run", "jobs:read"],
        "endpoints": ["samples/hello"],
        "expires_in_days": 30,
    }


def test_a_token_may_only_run_unless_more_is_asked_for(cli: Cli) -> None:
    cli.api.replies = [answer(TOKEN_DOCUMENT | {"token": NEW_TOKEN}, 201)]

    cli("tokens", "create", "ci")

    assert json.loads(cli.api.last.content) == {"name": "ci", "scopes": ["run"]}


def test_two_ways_to_say_when_a_token_expires_are_one_too_many(cli: Cli) -> None:
    result = cli("tokens", "create", "ci", "--expires-at", "2027-01-01T00:00:00Z", "--expires-in-days", "3")

    assert result.exit_code == 2
    assert cli.api.requests == []


def test_a_token_given_instead_of_its_id_is_neither_sent_nor_shown(cli: Cli) -> None:
    result = cli("tokens", "revoke", NEW_TOKEN)

    assert result.exit_code == 2
    assert NEW_TOKEN not in result.output
    assert cli.api.requests == []


def test_tokens_list_is_a_table(cli: Cli) -> None:
    used = {**TOKEN_DOCUMENT, "last_used_at": "2026-11-23T03:00:00.000Z"}
    cli.api.replies = [answer({"items": [used], "cursor": None})]

    lines = cli("tokens", "list").stdout.splitlines()

    heads = "ID NAME SCOPES ENDPOINTS LIMITS CREATED EXPIRES REVOKED LAST USED"
    assert lines[0].split() == heads.split()
    said = "tok_1 ci run, jobs:read samples/hello 2026-11-22 02:19:59Z 2026-11-23 03:00:00Z"
    assert lines[1].split() == said.split()


def test_users_list_is_a_table_that_shows_all_for_no_limit(cli: Cli) -> None:
    cli.api.replies = [answer({"items": [USER_DOCUMENT], "cursor": None})]

    lines = cli("users", "list").stdout.splitlines()

    assert lines[1].split() == ["ada", "run,", "jobs:read", "all", "2026-11-22", "02:19:59Z"]


def test_users_create_asks_twice_for_the_password_and_never_shows_it(cli: Cli) -> None:
    cli.api.replies = [answer(USER_DOCUMENT, 201)]

    result = cli("users", "create", "ada", stdin="correct horse battery\ncorrect horse battery\n")

    assert result.exit_code == 0
    assert json.loads(cli.api.last.content) == {"name": "ada", "password": "correct horse battery", "scopes": ["run"]}
    assert "correct horse" not in result.output
    assert result.stdout.strip() == ""  # typer's runner ends a hidden prompt on stdout, getpass does it on the terminal
    assert "User ada is made. Over HTTP it says who it is as default/ada.\n" in result.stderr


def test_two_passwords_that_differ_are_asked_for_again(cli: Cli) -> None:
    cli.api.replies = [answer(USER_DOCUMENT, 201)]

    cli("users", "create", "ada", stdin="first first first\nsecond second\nthird third third\nthird third third\n")

    assert json.loads(cli.api.last.content)["password"] == "third third third"


@pytest.mark.parametrize(
    ("stdin", "password"),
    [(b"a password\n", "a password"), (b"a password\r\n", "a password"), (b" p\xc3\xa4ss \n\n", " p\u00e4ss \n")],
)
def test_the_password_on_stdin_is_taken_whole_but_for_its_last_newline(cli: Cli, stdin: bytes, password: str) -> None:
    cli.api.replies = [answer(USER_DOCUMENT, 201)]

    cli("users", "create", "ada", "--password-stdin", stdin=stdin)

    assert json.loads(cli.api.last.content)["password"] == password


@pytest.mark.parametrize("stdin", [b"", b"\n", b"\xff"])
def test_no_password_on_stdin_is_wrong_use(cli: Cli, stdin: bytes) -> None:
    assert cli("users", "create", "ada", "--password-stdin", stdin=stdin).exit_code == 2
    assert cli.api.requests == []


def test_a_password_cannot_be_an_argument(cli: Cli) -> None:
    assert cli("users", "create", "ada", "--password", "correct horse").exit_code == 2
    assert cli("users", "create", "ada", "correct horse").exit_code == 2
    assert cli.api.requests == []


def test_workspaces_create_says_how_to_get_its_first_token(cli: Cli) -> None:
    cli.api.replies = [answer(WORKSPACE, 201)]

    result = cli("workspaces", "create", "team", "--title", "Team")

    assert cli.api.asked == ["POST /prod/v1/admin/workspaces"]
    assert json.loads(cli.api.last.content) == {"name": "team", "title": "Team"}
    assert result.stderr == "Workspace team is made. Its first token: `flowport bootstrap --workspace team`.\n"


def test_workspaces_list_is_a_table(cli: Cli) -> None:
    cli.api.replies = [answer({"items": [WORKSPACE], "cursor": None})]

    lines = cli("workspaces", "list").stdout.splitlines()

    assert [line.split() for line in lines] == [
        ["NAME", "TITLE", "STATUS", "CREATED"],
        ["team", "Team", "active", "2026-11-22", "02:19:59Z"],
    ]


def test_a_workspace_is_deleted_only_after_yes(cli: Cli) -> None:
    assert cli("workspaces", "delete", "team", stdin="n\n").exit_code == 130
    assert cli.api.requests == []

    cli.api.replies = [answer(None, 204)] * 2
    assert cli("workspaces", "delete", "team", stdin="y\n").exit_code == 0
    assert cli("workspaces", "delete", "team", "--yes").exit_code == 0
    assert cli.api.asked == ["DELETE /prod/v1/admin/workspaces/team"] * 2


def test_an_enabled_workspace_is_not_deleted_and_the_hint_names_it(cli: Cli) -> None:
    cli.api.replies = [problem(409, "workspace-enabled")]

    result = cli("workspaces", "delete", "team", "--yes")

    assert result.exit_code == 3
    assert "Hint: Switch it off first: `flowport workspaces disable team`\n" in result.stderr


LIST = b'{ "cursor":null,"items":[ ] }'
ODD = b'{"endpoint" : "samples/hello",\n\t"n": 1.10, "s":"\\u00e9", "token":"fp_x"}'


@pytest.mark.parametrize(
    ("args", "document"),
    [
        (["endpoints", "list", "--json"], LIST),
        (["--json", "endpoints", "list"], LIST),
        (["tokens", "list", "--json"], LIST),
        (["users", "list", "--json"], LIST),
        (["workspaces", "list", "--json"], LIST),
        (["jobs", "list", "--json"], LIST),
        (["endpoints", "show", "a/b", "--json"], ODD),
        (["publish", "a/b", "--express", EXPRESS, "--json"], ODD),
        (["enable", "a/b", "--json"], ODD),
        (["disable", "a/b", "--json"], ODD),
        (["tokens", "create", "ci", "--json"], ODD),
        (["tokens", "revoke", "tok_1", "--json"], ODD),
        (["users", "create", "ada", "--password-stdin", "--json"], ODD),
        (["users", "revoke", "ada", "--json"], ODD),
        (["workspaces", "create", "team", "--json"], ODD),
        (["workspaces", "enable", "team", "--json"], ODD),
        (["workspaces", "disable", "team", "--json"], ODD),
        (["endpoints", "delete", "a/b", "--json"], b""),
        (["workspaces", "delete", "team", "--yes", "--json"], b""),
        (["jobs", "show", "j", "--json"], ODD),
        (["jobs", "input", "j", "--json"], b"[1.10]"),
        (["jobs", "steps", "j", "--json"], ODD),
        (["call", "a/b", "--json"], ODD),
        (["call", "a/b", "--json", "--view", "output"], b'"1.10"'),
    ],
)
def test_with_json_stdout_is_the_api_document_byte_for_byte(cli: Cli, args: list[str], document: bytes) -> None:
    reply = answer({}, 200 if document else 204)
    reply._content = document
    cli.api.replies = [reply]

    result = cli(*args, stdin="a long password")

    assert result.exit_code == 0, result.stderr
    assert result.stdout_bytes == document


def test_with_json_and_all_each_page_is_a_document_on_its_own_line(cli: Cli) -> None:
    cli.api.replies = [answer({"items": [1], "cursor": "x"}), answer({"items": [2], "cursor": None})]

    result = cli("endpoints", "list", "--all", "--json")

    assert result.stdout == '{"items": [1], "cursor": "x"}\n{"items": [2], "cursor": null}\n'


def test_the_base_url_keeps_its_path_whether_or_not_it_ends_in_a_slash(cli: Cli) -> None:
    cli.api.replies = [answer({"items": [], "cursor": None})] * 3

    for url in (f"{BASE_URL}/", "https://api.example.com", "https://api.example.com/a/b"):
        cli("--base-url", url, "endpoints", "list")

    assert cli.api.asked == [
        "GET /prod/v1/admin/endpoints",
        "GET /v1/admin/endpoints",
        "GET /a/b/v1/admin/endpoints",
    ]


ACT: dict[str, Any] = {
    "at": "2026-11-22T02:19:59.203Z",
    "who": "token:tok_1",
    "act": "endpoint.disable",
    "what": "endpoint:samples/hello",
    "before": {"enabled": True, "title": "x" * 60},
    "after": {"enabled": False},
    "request_id": "JKJa",
    "outcome": "done",
}


def test_audit_shows_who_did_what_and_how_it_was_before(cli: Cli) -> None:
    cli.api.replies = [answer({"items": [ACT, {**ACT, "act": "token.create", "before": None}], "cursor": None})]

    result = cli(
        "audit", "--who", "token:tok_1", "--what", "endpoint", "--since", "2026-11-22T00:00:00Z", "--limit", "5"
    )

    assert result.exit_code == 0
    assert cli.api.asked == [
        "GET /prod/v1/admin/audit?who=token%3Atok_1&what=endpoint&since=2026-11-22T00%3A00%3A00Z&limit=5"
    ]
    header, changed, created = result.stdout.splitlines()
    assert header.split() == ["AT", "WHO", "ACT", "WHAT", "OUTCOME", "CHANGED"]
    assert "endpoint.disable" in changed
    assert changed.rstrip().endswith(f'enabled: true -> false; title: "{"x" * 38}… -> null')
    assert created.rstrip().endswith("done")


def test_audit_with_json_gives_the_apis_own_documents(cli: Cli) -> None:
    page = {"items": [ACT], "cursor": None}
    cli.api.replies = [answer(page)]
    result = cli("audit", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, page)


MACHINES = {
    "items": [
        {"arn": EXPRESS, "name": "hello-express", "type": "EXPRESS", "versions": [f"{EXPRESS}:2"], "aliases": []},
        {
            "arn": STANDARD,
            "name": "hello-standard",
            "type": "STANDARD",
            "versions": [],
            "aliases": [f"{STANDARD}:PROD"],
        },
    ],
    "cursor": None,
}


def test_machines_lists_what_may_be_published_with_versions_and_aliases(cli: Cli) -> None:
    cli.api.replies = [answer(MACHINES)]
    result = cli("machines")
    assert (result.exit_code, cli.api.asked) == (0, ["GET /prod/v1/admin/machines"])
    header, express, standard = result.stdout.splitlines()
    assert header.split() == ["NAME", "TYPE", "ARN", "VERSIONS", "ALIASES"]
    assert express.split() == ["hello-express", "EXPRESS", EXPRESS, "2"]
    assert standard.split() == ["hello-standard", "STANDARD", STANDARD, "PROD"]


def test_publish_looks_up_of_which_type_a_machine_is(cli: Cli) -> None:
    cli.api.replies = [answer(MACHINES), answer(ENDPOINT, 201)]
    result = cli("publish", "samples/hello", "--machine", f"{STANDARD}:PROD", "--machine", f"{EXPRESS}:2")
    assert result.exit_code == 0, result.stderr
    assert json.loads(cli.api.last.content) == {
        "express_arn": f"{EXPRESS}:2",
        "standard_arn": f"{STANDARD}:PROD",
        "enabled": True,
    }


def test_publish_without_a_machine_lists_those_that_may_be_published(cli: Cli) -> None:
    cli.api.replies = [answer(MACHINES)]
    result = cli("publish", "samples/hello")
    assert (result.exit_code, EXPRESS in result.stdout, STANDARD in result.stdout) == (2, True, True)
    assert "Give --machine with one of these ARNs" in result.stderr
    cli.api.replies = [answer({"items": [], "cursor": None})]
    assert "tag-resource" in cli("publish", "samples/hello").stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--machine", EXPRESS + "-other"], "is not among the state machines"),
        (["--machine", EXPRESS, "--machine", f"{EXPRESS}:2"], "are of type EXPRESS; an endpoint takes one of each"),
    ],
)
def test_publish_refuses_machines_that_cannot_be_the_endpoints(cli: Cli, options: list[str], said: str) -> None:
    cli.api.replies = [answer(MACHINES)]
    result = cli("publish", "samples/hello", *options)
    assert (result.exit_code, said in result.stderr.replace("\n", " ")) == (2, True), result.stderr
    assert len(cli.api.asked) == 1


def test_publish_takes_a_machine_either_by_its_type_or_to_be_looked_up(cli: Cli) -> None:
    result = cli("publish", "samples/hello", "--machine", EXPRESS, "--standard", STANDARD)
    assert (result.exit_code, cli.api.asked) == (2, [])


def test_whoever_manages_workspaces_without_being_an_operator_is_told_how_to_become_one(cli: Cli) -> None:
    cli.api.replies = [problem(403, "forbidden")]

    result = cli("workspaces", "list")

    assert "`flowport bootstrap --operator`" in result.stderr
    assert "tokens create" not in result.stderr


def test_the_audit_trail_shows_what_changed_and_not_what_every_change_changes(cli: Cli) -> None:
    before = {"enabled": True, "version": 3, "updated_at": "2026-11-22T02:00:00.000Z"}
    after = {"enabled": False, "version": 4, "updated_at": "2026-11-22T03:00:00.000Z"}
    act = {"at": "2026-11-22T03:00:00.000Z", "who": "w", "act": "a", "what": "x", "outcome": "done"}
    cli.api.replies = [answer({"items": [{**act, "before": before, "after": after}], "cursor": None})]

    assert cli("audit").stdout.splitlines()[1].rstrip().endswith("done    enabled: true -> false")
