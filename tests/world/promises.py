"""What must be true at the end, whatever broke: no job lost, none run twice, none stuck, no status gone backwards.

And nobody was told otherwise.
"""

from typing import TYPE_CHECKING, Any

from flowport.adapters.items import decode_item
from flowport.adapters.job_numbers import DynamoJobNumbers
from flowport.adapters.jobs_table import job_key
from flowport.domain.errors import FlowportError, JobEnded
from flowport.domain.job import CANCELLED, DEADLINE_PASSED, ENDED, NOT_STARTED, OUTCOME_UNKNOWN, Job
from flowport.usecases.redrive_job import Redriven
from flowport.usecases.run_endpoint import Ran
from tests.fakes import ACME

if TYPE_CHECKING:
    from tests.world.stack import Asked, Changed, World

RANK = {"ACCEPTED": 0, "RUNNING": 1} | dict.fromkeys(ENDED, 2)
BEFORE_ITS_TIME = (CANCELLED, DEADLINE_PASSED)
# An execution whose job was ended before its time is stopped at once, else by the sweep's second look.
STOPPED_WITHIN_SECONDS = 5 * 60

Row = dict[str, Any]


def rows(world: "World") -> list[Row]:
    """Read every job that the world wrote and did not delete."""
    return [row for job_id in world.wire.written if (row := _item(world, job_id, "job")) is not None]


def _item(world: "World", job_id: str, item: str) -> Row | None:
    answer = world.dynamodb.get_item(TableName=world.table, Key=job_key(job_id, item))
    return decode_item(answer["Item"]) if "Item" in answer else None


def _items(world: "World", job_id: str) -> list[str]:
    answer = world.dynamodb.query(
        TableName=world.table,
        KeyConditionExpression="job_id = :job",
        ExpressionAttributeValues={":job": {"S": job_id}},
    )
    return [item["item"]["S"] for item in answer["Items"]]


def open_rows(world: "World") -> list[dict[str, Any]]:
    """Read the index of jobs that have not ended."""
    answer = world.dynamodb.query(
        TableName=world.table,
        IndexName="open",
        KeyConditionExpression="open_shard = :shard",
        ExpressionAttributeValues={":shard": {"S": "open#0"}},
    )
    return list(answer["Items"])


def running(world: "World") -> list[str]:
    """Name the Standard executions that have not ended."""
    return [arn for arn, execution in world.states.standard.items() if execution["status"] == "RUNNING"]


def runs_of(world: "World", job_id: str) -> int:
    """Count the runs of a job that were started and not stopped: an execution's start or redrive, and Express runs."""
    return world.states.express["fp-" + job_id] + len(_attempts(world, _item(world, job_id, "job") or {}, job_id))


def _attempts(world: "World", row: Row, job_id: str) -> list[tuple[str, float]]:
    """Give how and when (milliseconds) a job's attempt of a Standard execution ended, unless it was stopped."""
    count = row.get("redrive_count", 0)
    ends = [
        execution["ends"].get(count)
        for arn, execution in world.states.standard.items()
        if (arn == row["execution_arn"] if count else execution["name"] == "fp-" + job_id)
    ]
    return [end for end in ends if end is not None and end[0] != "ABORTED"]


def check(world: "World") -> None:
    """Hold a settled world to all of it."""
    found = {row["job_id"]: row for row in rows(world)}
    assert set(world.wire.written) - world.wire.deleted <= set(found), "a job's row is gone"
    assert not world.wire.deleted & set(found), "a deleted job's row came back"
    assert [row["status"] for row in found.values() if row["status"] not in ENDED] == [], "a job never ended"
    assert open_rows(world) == [], "an ended job is still in the index of open ones"
    assert running(world) == [], "an execution runs on although its job has ended"
    for statuses in world.wire.written.values():
        ranks = [RANK[status] for status in statuses]
        assert ranks == sorted(set(ranks)), f"a job went backwards or ended twice: {statuses}"
    for row in found.values():
        _check_row(world, row)
    _check_redrives(world, found)
    for job_id in world.wire.deleted:
        assert _items(world, job_id) == [], "something was left behind"
    for asked in world.asked:
        _check_answer(world, asked, found)
    for changed in world.changed:
        _check_change(world, changed, found)
    _check_keys(world, found)
    _check_numbers(world, found)
    _check_deliveries(world, found)


def _check_row(world: "World", row: Row) -> None:
    runs, error = runs_of(world, row["job_id"]), row.get("error")
    assert runs <= 1, "a job ran twice"
    if error == NOT_STARTED:
        assert runs == 0, "a job that ran is recorded as not started"
    if row["status"] == "SUCCEEDED":
        assert runs == 1, "a job succeeded without a run"
    if row.get("keep_payloads_ms") == 0:
        assert _items(world, row["job_id"]) == ["job"], "a payload was kept that must not be"
        assert not {"input", "output"} & row.keys(), "a payload was kept that must not be"
    for status, ended_at in _attempts(world, row, row["job_id"]):
        if error in BEFORE_ITS_TIME:
            went_on = (ended_at - row["finished_at"]) / 1000
            late = world.slack + max(map(abs, world.ahead.values()), default=0)
            assert went_on <= STOPPED_WITHIN_SECONDS + late, (
                "a job was ended before its time, and its execution went on"
            )
        else:
            assert row["status"] == status, f"a Standard run's end is not recorded: {error}"


def _check_redrives(world: "World", found: dict[str, Row]) -> None:
    """Each redrive of an execution is one job's."""
    begun = [row for row in found.values() if row.get("redrive_count") and row.get("error") != NOT_STARTED]
    for arn, execution in world.states.standard.items():
        counts = sorted(row["redrive_count"] for row in begun if row["execution_arn"] == arn)
        assert len(counts) == len(set(counts)), "two jobs stand for one redrive"
        if not world.wire.deleted:
            assert counts == list(range(1, execution.get("redriveCount", 0) + 1)), "a redrive is no job's"


def _check_answer(world: "World", asked: "Asked", found: dict[str, Row]) -> None:
    answer = asked.answer
    if isinstance(answer, FlowportError) and answer.source == "gateway":
        assert runs_of(world, asked.job_id) == 0, f"the caller was told that nothing ran ({answer.kind}), but it did"
    if not isinstance(answer, Ran | Redriven) or answer.job.id in world.wire.deleted:
        return
    assert answer.job.id in found, "the caller was told of a job that is not there"
    row = found[answer.job.id]
    if answer.job.ended:
        told, recorded = answer.job, (row["status"], row.get("error"))
        # Where the result could not be written for half a minute, its caller knows more than the row.
        known = (told.status, told.error) == recorded or row.get("error") == OUTCOME_UNKNOWN
        assert known, "the caller was told another end than is recorded"
    elif row["mode"] == "async" and "is denied" not in world.wire.faults.values():
        assert row.get("error") != NOT_STARTED, "an acknowledged job was dropped"


def _check_change(world: "World", changed: "Changed", found: dict[str, Row]) -> None:
    row, answer = found.get(changed.job_id), changed.answer
    if changed.what == "delete":
        if answer is True:
            assert row is None, "the caller was told that the job is deleted"
    elif row is not None and isinstance(answer, Job):
        assert (row["status"], row.get("error")) == ("ABORTED", CANCELLED), "the caller was told that it is cancelled"
    elif row is not None and isinstance(answer, JobEnded):
        assert row["status"] == answer.members["job_status"], "the caller was told another end than is recorded"
        cancels = [one for one in world.changed if (one.what, one.job_id) == ("cancel", changed.job_id)]
        by_another = row.get("error") != CANCELLED or len(cancels) > 1
        assert by_another, "the caller was told that the job had ended before its cancel, which ended it"


def _check_keys(world: "World", found: dict[str, Row]) -> None:
    """One key, one effect: of all calls with it, one made a job that ran; all answers lead to it."""
    for key in {asked.key for asked in world.asked if asked.key is not None}:
        calls = [asked for asked in world.asked if asked.key == key]
        made = {asked.job_id for asked in calls} & set(world.wire.written)
        started = {job_id for job_id in made if runs_of(world, job_id)}
        # A key is free again when its job was deleted, or never started.
        assert len(started - world.wire.deleted) <= 1, f"one key had {len(started)} effects"
        held = {job_id for job_id in made if job_id in found and found[job_id].get("error") != NOT_STARTED}
        answers = [asked.answer.job for asked in calls if isinstance(asked.answer, Ran)]
        told = {job.id for job in answers if job.error != NOT_STARTED}
        assert told & set(found) <= held, "a key led its callers to a job that never started"
        assert len(held) <= 1, "one key made two jobs"


def _check_numbers(world: "World", found: dict[str, Row]) -> None:
    """Every numbered job has a number of its own, by which it is found, as it ended; no number leads elsewhere."""
    entries = DynamoJobNumbers(world.dynamodb, world.table, world.clock).entries(
        ACME.name, "nebulagraph", ascending=True, limit=1000
    )
    written = {row["number"]: (row["job_id"], row["status"]) for row in found.values() if "number" in row}
    assert len(written) == len([row for row in found.values() if "number" in row]), "a number was given twice"
    assert {entry.number.value: (entry.job_id, entry.status) for entry in entries} == written


def _check_deliveries(world: "World", found: dict[str, Row]) -> None:
    """Each callback of a job that ended reached its receiver, with that end and nothing else; the log says so."""
    assert "FAILED" not in world.machine.executions.values(), "a delivery broke off"
    for received in world.receiver.received:
        row = found.get(received.message.split("_")[1])
        assert row is None or received.status == row["status"], "a receiver was told another end than is recorded"
    for row in found.values():
        for number in range(1, len(row.get("callbacks", ())) + 1):
            message = f"msg_{row['job_id']}_{number}"
            answers = [received.answered for received in world.receiver.received if received.message == message]
            assert answers, "a job ended, and its callback was never sent"
            log = _item(world, row["job_id"], f"delivery#{number}")
            assert log is not None, "a delivery is not in the log"
            last = log["attempts"][-1]
            known = {200: "delivered", 410: "gone"}.get(last.get("status", 0), "failed")
            assert log["status"] == known, f"the log says {log['status']} of a delivery that is {known}"
            attempts = [(attempt["run"], attempt["number"]) for attempt in log["attempts"]]
            assert attempts == sorted(set(attempts)), f"an attempt is in the log twice: {attempts}"
            assert len(answers) >= sum("status" in attempt for attempt in log["attempts"]), "an attempt was made up"
    for job_id in world.wire.deleted:
        assert [_item(world, job_id, f"delivery#{number}") for number in (1, 2)] == [None, None], (
            "a log was left behind"
        )
