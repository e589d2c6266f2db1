"""Callbacks by the command: secrets, what publishing says of them, deliveries."""

import json
from typing import Any

from tests.unit.test_cli_admin import ENDPOINT, EXPRESS
from tests.unit.test_cli_harness import Cli, answer, cli, problem

__all__ = ["cli"]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VERSION = {"id": "v2", "current": True, "created_at": "2026-11-22T02:19:59.203Z"}
DELIVERY: dict[str, Any] = {
    "n": 1,
    "message_id": "msg_j_1",
    "url": "https://hooks.example.com/done?…",
    "status": "pending",
    "next_attempt_at": None,
    "attempts": [{"http_status": 503, "error": None}, {"http_status": None, "error": "timed-out"}],
}


def test_a_new_secret_alone_goes_to_stdout(cli: Cli) -> None:
    cli.api.replies = [answer(VERSION | {"secret": SECRET}, 201)]
    result = cli("webhook-secrets", "create")
    assert (result.exit_code, result.stdout) == (0, f"{SECRET}\n")
    assert "only time" in result.stderr
    assert cli.api.asked == ["POST /prod/v1/admin/webhook-secrets"]


def test_secrets_are_listed_and_retired_by_their_ids(cli: Cli) -> None:
    cli.api.replies = [answer({"items": [VERSION], "cursor": None}), answer(None, 204)]
    assert "v2" in cli("webhook-secrets", "list").stdout
    assert cli("webhook-secrets", "retire", "v1").exit_code == 0
    assert cli.api.asked == ["GET /prod/v1/admin/webhook-secrets", "DELETE /prod/v1/admin/webhook-secrets/v1"]


def test_a_refused_rotation_says_what_to_do(cli: Cli) -> None:
    cli.api.replies = [problem(409, "rotation-under-way", "Two secrets are valid already.")]
    result = cli("webhook-secrets", "create")
    assert result.exit_code == 3
    assert "Two secrets are valid already." in result.stderr


def test_publish_sends_where_callbacks_go(cli: Cli) -> None:
    cli.api.replies = [answer(ENDPOINT, 201)]
    cli(
        "publish", "samples/hello", "--express", EXPRESS, "--callback-url", "https://a.example/",
        "--callback-host", "b.example", "--callback-host", "*.c.example",
    )  # fmt: skip
    sent = json.loads(cli.api.last.content)
    assert sent["callback_url"] == "https://a.example/"
    assert sent["callback_hosts"] == ["b.example", "*.c.example"]


def test_deliveries_are_shown_with_their_last_attempt(cli: Cli) -> None:
    cli.api.replies = [answer({"items": [DELIVERY]}), answer({"items": []})]
    shown = cli("jobs", "deliveries", "j").stdout
    assert "https://hooks.example.com/done" in shown
    assert "timed-out" in shown
    assert "no callbacks" in cli("jobs", "deliveries", "j").stderr


def test_a_delivery_is_sent_again_by_its_number(cli: Cli) -> None:
    cli.api.replies = [answer(DELIVERY, 202)]
    assert cli("jobs", "resend", "j", "1").exit_code == 0
    assert cli.api.asked == ["POST /prod/v1/jobs/j/deliveries/1/resend"]
