"""When a table of the in-process DynamoDB was made: the tests' time is not the machine's."""

from datetime import UTC, datetime

from moto.dynamodb.models import dynamodb_backends


def made_at(table: str, at: int) -> None:
    """Let a table have been made at `at` (epoch milliseconds)."""
    for region in dynamodb_backends["123456789012"].values():
        if (found := region.tables.get(table)) is not None:
            found.created_at = datetime.fromtimestamp(at / 1000, UTC)
