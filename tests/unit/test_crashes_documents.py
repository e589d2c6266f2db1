"""Syncs of documents, whatever breaks and whoever is faster: one job, one run, and no document is lost."""

import json
import random
from collections.abc import Iterator

import pytest

from flowport.adapters.callbacks_table import DynamoCallbackStore
from flowport.adapters.documents_table import DynamoDocumentStore
from flowport.adapters.jobs_table import DynamoJobStore
from flowport.dialects.workfloplus.documents import read_document
from flowport.domain.callbacks import key_of_name
from flowport.domain.documents import COMPLETION, is_older
from flowport.domain.errors import JobEnded
from flowport.domain.job import NOT_STARTED
from flowport.domain.keys import document_key_id
from flowport.usecases.documents.ports import Told
from tests.fakes import STANDARD_ARN, an_endpoint
from tests.world import FAULTS, Fault, Played, Scenario, World, walk
from tests.world.scenarios import interleave
from tests.world.turns import Turns

# Long enough for a client; the run of a field job waits for it.
RUN_SECONDS = 90.0
WORKFLOW = an_endpoint(express_arn=None, standard_arn=STANDARD_ARN, aliases=("workfloplus:w1",))


def document(updated: int, status: str = "InProgress", title: str = "") -> str:
    metadata = {
        "clientJobId": "c-1",
        "workflowId": "w1",
        "jobTitle": title,
        "updated": f"2021-10-01T12:00:{updated:02}Z",
        "status": status,
    }
    return json.dumps({"metadata": metadata, "completedSteps": [{"singleStep": {"n": updated}}]})


FIRST, SECOND, THIRD = document(1), document(2), document(3, title="x" * 5000)
COMPLETED, ABORTED = document(4, "Completed"), document(5, "Aborted")


def syncing(*texts: str, until_told: bool = False) -> Scenario:
    """Let a client sync documents one after the other, each again until it is told something, or each once."""

    def sync(world: World, text: str) -> None:
        world.directory.add(WORKFLOW)
        for _ in range(20 if until_told else 1):
            if isinstance(world.sync(text), Told | JobEnded):
                return
            world.clock.sleep(5)

    actions = tuple(lambda it, text=text: sync(it, text) for text in texts)
    return Scenario(actions, {"run_seconds": RUN_SECONDS})


def check(world: World) -> None:
    """Hold a settled world to what is promised of documents."""
    jobs = DynamoJobStore(world.dynamodb, world.table, world.clock)
    documents = DynamoDocumentStore(world.dynamodb, world.table, world.clock)
    rows = [row for row in world.rows() if row.get("error") != NOT_STARTED]
    assert len(rows) <= 1, "one client's job was made twice"
    told = [(text, answer) for text, answer in world.synced if isinstance(answer, Told | JobEnded)]
    if not rows:
        assert told == [], "a client was told of a job that is not there"
        return
    job_id = rows[0]["job_id"]
    assert jobs.find_key(document_key_id("acme", "c-1"), 0) == job_id
    job = jobs.with_input(jobs.get(job_id) or pytest.fail("no row"))
    loaded = documents.load([job_id]).get(job_id)
    current = loaded.text if loaded else job.input or ""
    history = {job.input, current, *(snapshot.text for snapshot in documents.snapshots(job_id))}
    now = read_document(current)
    for text, _ in told:
        assert text in history, "a document that was taken is lost"
    for text in {text for text, _ in world.synced} & history:
        assert now.closing or not is_older(now, read_document(text)), "an older document took a newer's place"
    # A run that had ended by itself before its client's last word can be neither stopped nor resumed.
    late = loaded is not None and job.status == "SUCCEEDED" and (job.finished_at or 0) <= loaded.synced_at
    assert (job.status == "ABORTED") == (now.closing == "aborted" and not late), f"{now.closing}, {job.status}"
    callback = DynamoCallbackStore(world.dynamodb, world.table, world.clock).get(key_of_name(job_id, COMPLETION))
    if callback is None:
        assert late or now.closing != "completed", "a completed job is not resumed"
    else:
        assert (callback.status, callback.body) == ("ANSWERED", current), "a run is resumed with another document"


SCENARIOS = {
    "an older one after a newer": (FIRST, THIRD, SECOND),
    "completed at last": (FIRST, SECOND, COMPLETED),
    "completed at once": (COMPLETED, COMPLETED),
    "aborted at last": (FIRST, SECOND, ABORTED),
    "aborted at once": (ABORTED, ABORTED),
    "closed, and more after it": (FIRST, COMPLETED, ABORTED),
}


def checked(worlds: Iterator[tuple[int, World]]) -> int:
    count = 0
    for _, world in worlds:
        check(world)
        count += 1
    return count


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("texts", SCENARIOS.values(), ids=SCENARIOS)
def test_no_single_fault_loses_a_document_or_doubles_a_job(
    texts: tuple[str, ...], fault: Fault, played: Played
) -> None:
    assert checked(walk(played, syncing(*texts), fault)) >= 4


@pytest.mark.parametrize("fault", FAULTS)
def test_a_client_that_sends_again_what_it_was_not_told_of_gets_there_whatever_breaks(
    fault: Fault, played: Played
) -> None:
    for _, world in walk(played, syncing(FIRST, THIRD, SECOND, COMPLETED, until_told=True), fault):
        check(world)
        (row,) = [row for row in world.rows() if row.get("error") != NOT_STARTED]
        stored = DynamoDocumentStore(world.dynamodb, world.table, world.clock).load([row["job_id"]])
        assert stored[row["job_id"]].text == COMPLETED


@pytest.mark.parametrize(
    ("first", "second"),
    [(FIRST, SECOND), (SECOND, FIRST), (FIRST, COMPLETED), (COMPLETED, FIRST), (FIRST, ABORTED), (ABORTED, FIRST)],
)
def test_a_sync_in_the_middle_of_another_first_one_makes_one_job_and_loses_nothing(
    first: str, second: str, played: Played
) -> None:
    assert checked(interleave(played, syncing(first), lambda it: it.sync(second), first=12)) >= 4


@pytest.mark.parametrize("second", [THIRD, COMPLETED, ABORTED])
def test_a_sync_in_the_middle_of_a_later_one_loses_nothing(second: str, played: Played) -> None:
    assert checked(interleave(played, syncing(FIRST, SECOND), lambda it: it.sync(second), first=18)) >= 8


@pytest.mark.parametrize("seed", range(10))
def test_of_syncs_of_one_job_at_once_in_any_order_of_their_steps_nothing_is_lost(seed: int, played: Played) -> None:
    chosen = random.Random(seed)  # noqa: S311  # a story that can be told again
    texts = chosen.sample([FIRST, SECOND, THIRD, COMPLETED, ABORTED], 3)

    def at_once(world: World) -> None:
        world.directory.add(WORKFLOW)
        Turns(world, chosen.randrange).play([lambda text=text: world.sync(text) for text in texts])  # type: ignore[misc]

    world = played(Scenario((at_once,), {"run_seconds": RUN_SECONDS}))
    check(world)
    assert len(world.states.standard) <= 1
    assert len(world.rows()) == 1


def test_of_two_open_documents_at_once_the_newer_stays_and_the_other_is_a_snapshot(played: Played) -> None:
    for seed in range(8):
        chosen = random.Random(seed)  # noqa: S311  # a story that can be told again

        def at_once(world: World, chosen: random.Random = chosen) -> None:
            world.directory.add(WORKFLOW)
            Turns(world, chosen.randrange).play([lambda: world.sync(SECOND), lambda: world.sync(FIRST)])

        world = played(Scenario((at_once,), {"run_seconds": RUN_SECONDS}))
        check(world)
        (row,) = world.rows()
        assert len(world.states.standard) == 1
        store = DynamoDocumentStore(world.dynamodb, world.table, world.clock)
        loaded = store.load([row["job_id"]]).get(row["job_id"])
        current = loaded.text if loaded else row["input"]
        assert current == SECOND
        assert FIRST in {row["input"], *(one.text for one in store.snapshots(row["job_id"]))}
