"""What Flowport is compared with: the least that one would write by hand to call a workflow over HTTP."""

import json
from collections.abc import Callable
from typing import Any

import boto3

from flowport.adapters import aws

Handler = Callable[[dict[str, Any], object], dict[str, Any]]


def only_start(state_machine_arn: str, *, our_settings: bool = False) -> Handler:
    """Make a handler that calls StartSyncExecution and gives its output: no credential, no job, no record.

    Its client has the SDK's own settings, as whoever writes such a handler has them, or Flowport's.
    """
    workflows: Any = _maker(our_settings=our_settings)("stepfunctions")

    def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
        answer = workflows.start_sync_execution(stateMachineArn=state_machine_arn, input=event["body"] or "{}")
        if answer["status"] == "SUCCEEDED":
            status, body = 200, answer["output"]
        else:
            status, body = 500, json.dumps({"error": answer.get("error"), "cause": answer.get("cause")})
        return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": body}

    return handler


def with_same_calls(
    state_machine_arn: str,
    read: dict[str, Any],
    put: dict[str, Any],
    end: dict[str, Any],
    *,
    our_settings: bool = False,
) -> Handler:
    """Make the same handler with Flowport's own three DynamoDB calls around it, their requests ready made."""
    start = only_start(state_machine_arn, our_settings=our_settings)
    table = _maker(our_settings=our_settings)("dynamodb")

    def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
        table.batch_get_item(**read)
        table.put_item(**put)
        answer = start(event, context)
        table.update_item(**end)
        return answer

    return handler


def _maker(*, our_settings: bool) -> Callable[[str], Any]:
    return aws.session().create_client if our_settings else boto3.client  # type: ignore[return-value]  # any service
