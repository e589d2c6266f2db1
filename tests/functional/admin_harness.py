"""The admin function as its tests call it: by event files, with the tokens of an administrator and of an operator."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ReadTimeoutError

from flowport import wiring
from flowport.domain.records import Credential, Workspace
from tests.functional import described
from tests.functional.harness import TOKEN, Aws, Handler, event, token_credential

OPERATOR = "fp__operator_ExampleTokenOfTheEventFiles1234dEYLU"
OTHERS = "fp_other_ExampleTokenOfAnotherWorkspace39LruR"
CREATED = "2026-11-22T02:19:59.203Z"
CONSENT = {"flowport:publish": "default"}


@dataclass(frozen=True)
class Answer:
    """An answer; `document` is its body, read."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def document(self) -> Any:
        return json.loads(self.text)

    @property
    def kind(self) -> str:
        """What kind of problem it is; every problem says that nothing was started."""
        assert self.headers["Content-Type"] == "application/problem+json", self.text
        assert self.headers["Flowport-Error-Source"] in {"gateway", "unknown"}
        assert self.document["status"] == self.status
        return str(self.document["type"].removeprefix("urn:flowport:problem:"))

    @property
    def pointers(self) -> list[str]:
        """Where the violations are."""
        assert all(error["message"] for error in self.document["errors"])
        return [error["pointer"] for error in self.document["errors"]]


class Admin:
    """The function, two workspaces, and one token of each kind."""

    def __init__(self, aws: Aws, handler: Handler) -> None:
        self.aws = aws
        self.handler = handler
        self.express = aws.create_machine("QuoteExpress-8sTn4vBq1LxR", kind="EXPRESS", tags=CONSENT)
        self.standard = aws.create_machine("ReportStandard-Zq81kV2mYd7L", tags=CONSENT)
        aws.put(
            Workspace("default", "", "active", 0),
            Workspace("other", "", "active", 0),
            token_credential(scopes=("admin",)),
            token_credential(OTHERS, scopes=("admin",), credential_id="tok_others"),
            token_credential(OPERATOR, scopes=("operator",), credential_id="tok_operator"),
        )

    def send(self, name: str, **changes: Any) -> Answer:
        """Send an event file, with what is to be different in it."""
        asked = event(f"apigateway/{name}", **changes)
        answer = self.handler(asked, None)
        assert answer["headers"]["Cache-Control"] == "no-store"
        given = Answer(answer["statusCode"], answer["headers"], answer["body"])
        # Every answer that a test sees is one that the OpenAPI document describes.
        wrong = described.wrong_with(asked["httpMethod"], asked["path"], given.status, given.headers, given.text)
        assert wrong == []
        return given

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,  # any JSON value, or a text that is none
        *,
        token: str = TOKEN,
        query: Mapping[str, list[str]] | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """Send any request below /v1/admin/."""
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        return self.send(
            "admin_list_endpoints",
            path=f"/v1/admin/{path}",
            query=query or {},
            headers={"Authorization": f"Bearer {token}", **(headers or {})},
            httpMethod=method,
            body=text,
        )

    def handler_answer(self, method: str, path: str, headers: Mapping[str, str | None]) -> Any:
        """Send a request without the checks that hold for every answer but a preflight's."""
        changes: dict[str, Any] = {"path": f"/v1/admin/{path}", "headers": headers, "httpMethod": method}
        return self.handler(event("apigateway/admin_list_endpoints", **changes), None)

    def operate(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a request as the stack's operator."""
        return self.call(method, path, body, token=OPERATOR)

    def publish(self, name: str = "quote", **members: Any) -> Answer:
        """Create samples/<name>."""
        body = {"module": "samples", "name": name, "express_arn": self.express, **members}
        return self.call("POST", "endpoints", body)

    def lose_answers(self, operation: str, times: int = 1, *, skip: int = 0) -> list[str]:
        """Let DynamoDB do what it is asked, and its answers to `operation` never arrive, `times` of them after `skip`.

        Gives what was lost.
        """
        lost: list[str] = []
        arriving = iter(range(skip))

        def lose(**_: object) -> None:
            if next(arriving, None) is None and len(lost) < times:
                lost.append(operation)
                raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")

        self._on("after-call", operation, lose)
        return lost

    def meanwhile(self, operation: str, happening: Callable[[], object]) -> None:
        """Let something happen once, right before DynamoDB is asked for `operation`."""
        todo = [happening]

        def happen(**_: object) -> None:
            if todo:
                todo.pop()()

        self._on("before-call", operation, happen)

    def after(self, operation: str, happening: Callable[[], object]) -> None:
        """Let something happen once, right after DynamoDB has done `operation`."""
        todo = [happening]

        def happen(**_: object) -> None:
            if todo:
                todo.pop()()

        self._on("after-call", operation, happen)

    def count(self, operation: str) -> list[str]:
        """Give a list that grows with every call of a DynamoDB operation."""
        seen: list[str] = []
        self._on("before-call", operation, lambda **_: seen.append(operation))
        return seen

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Give all items of a table, without their types."""
        items = self.aws.dynamodb.scan(TableName=table)["Items"]
        return [{name: next(iter(value.values())) for name, value in item.items()} for item in items]

    def credential(self, key: str) -> dict[str, Any]:
        """Give a credential's row, {} when there is none."""
        return next((row for row in self.rows("CredentialsTable") if row["id"] == key), {})

    def put(self, *records: Credential | Workspace) -> None:
        """Write records past the function."""
        self.aws.put(*records)

    def _on(self, moment: str, operation: str, action: Callable[..., None]) -> None:
        wiring.Clients().dynamodb().meta.events.register(f"{moment}.dynamodb.{operation}", action)
