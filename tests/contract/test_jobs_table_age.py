"""From when on a table's rows can have been written into it: DescribeTable, in process."""

from datetime import UTC, datetime
from typing import Any

from flowport.adapters.jobs_table import DynamoJobStore
from tests.fakes import NOW, FakeClock
from tests.tables import made_at

HOUR = 3_600_000


def test_a_table_tells_when_it_was_made(dynamodb: Any, jobs_table: str) -> None:
    made_at(jobs_table, NOW)
    assert DynamoJobStore(dynamodb, jobs_table, FakeClock()).written_since() == NOW


def test_a_restored_table_is_as_new_as_its_restore_and_leaves_an_hour_for_clocks(
    dynamodb: Any, jobs_table: str
) -> None:
    dynamodb.update_continuous_backups(
        TableName=jobs_table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    before = datetime.now(UTC).timestamp() * 1000
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=jobs_table, TargetTableName=f"{jobs_table}-restored", UseLatestRestorableTime=True
    )
    since = DynamoJobStore(dynamodb, f"{jobs_table}-restored", FakeClock()).written_since()
    assert before + HOUR - 1000 <= since <= before + HOUR + 60_000
