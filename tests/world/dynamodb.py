"""moto's DynamoDB without the HTTP in between: a walk makes tens of thousands of calls.

Requests and answers are those of a botocore client; tests/contract holds the adapters to a real one.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from botocore.exceptions import ClientError
from moto.core.exceptions import JsonRESTError
from moto.dynamodb.responses import DynamoHandler

ACCOUNT = "123456789012"


class DirectDynamoDB:
    """Stands in for a botocore client of DynamoDB within `mock_aws`."""

    def __init__(self, region: str) -> None:
        self._region = region

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            handler = DynamoHandler()
            handler.current_account, handler.region = ACCOUNT, self._region
            handler.body = deepcopy(request)
            try:
                return getattr(handler, operation)().result
            except JsonRESTError as error:
                body = json.loads(error.description)
                body["Error"] = {"Code": error.relative_error_type, "Message": error.message}
                body["ResponseMetadata"] = {"HTTPStatusCode": 400}
                raise ClientError(body, operation) from error

        return call
