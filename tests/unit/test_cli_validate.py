"""`flowport validate` and `flowport jobs output`."""

import json

from tests.unit.test_cli_harness import Cli, answer, cli, problem

__all__ = ["cli"]


def test_an_input_that_fits_is_shown_with_its_defaults(cli: Cli) -> None:
    cli.api.replies = [answer({"valid": True, "input": {"sku": "tea", "quantity": 1}})]

    result = cli("validate", "billing/quote", '{"sku": "tea"}')

    assert (result.exit_code, result.stderr) == (0, "The input fits.\n")
    assert json.loads(result.stdout) == {"sku": "tea", "quantity": 1}
    assert cli.api.asked == ["POST /prod/v1/validate/billing/quote"]
    assert cli.api.last.content == b'{"sku": "tea"}'


def test_without_an_input_the_empty_object_is_checked(cli: Cli) -> None:
    cli.api.replies = [answer({"valid": True, "input": {}})]

    assert json.loads(cli("validate", "billing/quote", "--json").stdout) == {"valid": True, "input": {}}
    assert cli.api.last.content == b"{}"


def test_what_does_not_fit_is_listed_with_its_place(cli: Cli) -> None:
    errors = [{"pointer": "/items/0/sku", "detail": '1 is not of type "string"', "keyword": "type"}]
    cli.api.replies = [problem(422, "input-invalid", errors=errors)]

    result = cli("validate", "billing/quote", "{}")

    assert result.exit_code == 3
    assert "/items/0/sku" in result.stderr
    assert '1 is not of type "string"' in result.stderr


def test_the_output_is_shown_as_the_workflow_gave_it(cli: Cli) -> None:
    cli.api.replies = [answer({"total": 1})]

    assert json.loads(cli("jobs", "output", "0199b6f2-1111").stdout) == {"total": 1}
    assert cli.api.asked == ["GET /prod/v1/jobs/0199b6f2-1111/output"]
