"""The port JobStore: what every job store must keep, on the fake and on DynamoDB."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowport.adapters.jobs_table import DynamoJobStore
from flowport.domain.job import Job, Outcome, not_started, outcome_unknown
from flowport.usecases.ports import JobStore, ListingQuery
from flowport.usecases.wait import wait_for_end
from tests.fakes import ACCOUNT, JOB_ID, NOW, FakeClock, FakeJobStore, a_job, an_express_job

ARN = f"{ACCOUNT}:execution:durable:fp-{JOB_ID}"
DONE = Outcome("SUCCEEDED", NOW + 900, output='{"total":42}')
FAILED = Outcome("FAILED", NOW + 901, error="Oops", cause="it broke")
DAY = 86_400_000
LARGE = '{"text":"' + "x" * 5000 + '"}'


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest) -> JobStore:
    """Give an empty store of each kind."""
    if request.param == "fake":
        return FakeJobStore()
    client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("jobs_table")
    return DynamoJobStore(client, table, FakeClock())


def _a_job_id(number: int) -> str:
    return f"0199b6f2-0000-8000-8000-{number:012x}"


# -- create ----------------------------------------------------------------------------------------------------------


def test_a_new_job_reads_back_as_it_was_written(store: JobStore) -> None:
    job = a_job(labels={"team": "blue"}, request_id="JJbxmFmGIAMFxxx=", started_at=NOW, client_job_id="c", origin="o")
    job = replace(job, output_mapping="a.b")
    assert store.create(job) is None
    assert store.get(job.id) == job


def test_a_job_that_nobody_wrote_is_not_there(store: JobStore) -> None:
    assert store.get(JOB_ID) is None


def test_a_second_job_with_the_same_id_gets_the_first_and_changes_nothing(store: JobStore) -> None:
    store.create(a_job(attempt="first"))
    assert store.create(a_job(attempt="second", input='{"other":1}')) == a_job(attempt="first")
    assert store.get(JOB_ID) == a_job(attempt="first")


def test_a_create_that_meets_its_own_first_try_has_succeeded(store: JobStore) -> None:
    store.create(a_job(attempt="same"))
    assert store.create(a_job(attempt="same")) is None


def test_a_second_job_does_not_overwrite_the_first_ones_large_input(store: JobStore) -> None:
    store.create(a_job(attempt="first", input=LARGE))
    store.create(a_job(attempt="second", input=LARGE.replace("x", "y")))
    assert store.with_input(a_job(input=None)).input == LARGE


@pytest.mark.parametrize("size", [4096, 4097, 262_144])
def test_an_input_of_any_size_reads_back_exactly(store: JobStore, size: int) -> None:
    text = '"' + "ü" * ((size - 2) // 2) + "x" * (size % 2) + '"'
    assert len(text.encode()) == size
    store.create(a_job(input=text))
    job = store.get(JOB_ID)
    assert job is not None
    assert store.with_input(job).input == text


def test_an_input_over_four_kilobytes_is_not_read_with_the_row(store: JobStore) -> None:
    store.create(a_job(input=LARGE))
    job = store.get(JOB_ID)
    assert job is not None
    assert job.input is None


# -- claim and mark_running ------------------------------------------------------------------------------------------


def test_a_claim_moves_an_accepted_job_to_running_and_names_its_attempt(store: JobStore) -> None:
    store.create(an_express_job())
    assert store.claim(JOB_ID, attempt="a2", at=NOW + 5, check_at=NOW + 9)
    assert store.get(JOB_ID) == an_express_job(status="RUNNING", attempt="a2", started_at=NOW + 5, check_at=NOW + 9)


def test_a_second_claim_loses(store: JobStore) -> None:
    store.create(an_express_job())
    store.claim(JOB_ID, attempt="a2", at=NOW, check_at=NOW)
    assert not store.claim(JOB_ID, attempt="a3", at=NOW, check_at=NOW)
    job = store.get(JOB_ID)
    assert job is not None
    assert job.attempt == "a2"


def test_a_claim_that_meets_its_own_first_try_has_won(store: JobStore) -> None:
    store.create(an_express_job())
    store.claim(JOB_ID, attempt="a2", at=NOW, check_at=NOW)
    assert store.claim(JOB_ID, attempt="a2", at=NOW, check_at=NOW)


def test_a_job_that_is_not_there_cannot_be_claimed(store: JobStore) -> None:
    assert not store.claim(JOB_ID, attempt="a2", at=NOW, check_at=NOW)
    assert store.get(JOB_ID) is None


@pytest.mark.parametrize("outcome", [DONE, FAILED])
def test_an_ended_job_cannot_be_claimed(store: JobStore, outcome: Outcome) -> None:
    store.create(an_express_job())
    store.end(an_express_job(), outcome)
    assert not store.claim(JOB_ID, attempt="a2", at=NOW, check_at=NOW)


def test_of_many_claims_at_once_exactly_one_wins(dynamodb: Any, jobs_table: str) -> None:
    store = DynamoJobStore(_OneAtATime(dynamodb), jobs_table, FakeClock())
    for number in range(5):
        job_id = _a_job_id(number)
        store.create(an_express_job(job_id))
        with ThreadPoolExecutor(8) as pool:
            attempts = [f"attempt-{index}" for index in range(16)]

            def claim(attempt: str, job_id: str = job_id) -> bool:
                return store.claim(job_id, attempt=attempt, at=NOW, check_at=NOW)

            won = list(pool.map(claim, attempts))
        job = store.get(job_id)
        assert job is not None
        assert [attempt for attempt, winner in zip(attempts, won, strict=True) if winner] == [job.attempt]


class _OneAtATime:
    """DynamoDB makes each write at one point in time; the in-process one leaves that to its callers."""

    def __init__(self, client: Any) -> None:
        self._client, self._lock = client, Lock()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(**request: Any) -> Any:
            with self._lock:
                return method(**request)

        return call


def test_a_started_job_runs_and_names_its_execution(store: JobStore) -> None:
    store.create(a_job())
    assert store.mark_running(JOB_ID, execution_arn=ARN, at=NOW + 5, check_at=NOW + 9)
    assert store.get(JOB_ID) == a_job(status="RUNNING", execution_arn=ARN, started_at=NOW + 5, check_at=NOW + 9)


def test_marking_twice_with_the_same_execution_succeeds(store: JobStore) -> None:
    store.create(a_job())
    store.mark_running(JOB_ID, execution_arn=ARN, at=NOW, check_at=NOW)
    assert store.mark_running(JOB_ID, execution_arn=ARN, at=NOW, check_at=NOW)


def test_marking_an_ended_job_as_running_changes_nothing(store: JobStore) -> None:
    store.create(a_job())
    store.end(a_job(), DONE)
    before = store.get(JOB_ID)
    assert not store.mark_running(JOB_ID, execution_arn=ARN, at=NOW, check_at=NOW)
    assert store.get(JOB_ID) == before


def test_a_job_that_is_not_there_cannot_be_marked_as_running(store: JobStore) -> None:
    assert not store.mark_running(JOB_ID, execution_arn=ARN, at=NOW, check_at=NOW)
    assert store.get(JOB_ID) is None


# -- end -------------------------------------------------------------------------------------------------------------


def test_an_end_records_everything_about_it(store: JobStore) -> None:
    store.create(a_job())
    outcome = replace(DONE, started_at=NOW + 100)
    assert store.end(a_job(), outcome, execution_arn=ARN)
    assert store.get(JOB_ID) == a_job(
        status="SUCCEEDED",
        finished_at=NOW + 900,
        output='{"total":42}',
        started_at=NOW + 100,
        execution_arn=ARN,
        check_at=None,
        expires_at=NOW + 30 * DAY,
    )


def test_a_failure_keeps_error_and_cause(store: JobStore) -> None:
    store.create(a_job())
    store.end(a_job(), FAILED)
    job = store.get(JOB_ID)
    assert job is not None
    assert (job.status, job.error, job.cause, job.output) == ("FAILED", "Oops", "it broke", None)


@pytest.mark.parametrize("second", [FAILED, replace(DONE, finished_at=NOW + 7), outcome_unknown(NOW, "lost")])
def test_an_ended_job_never_changes_again(store: JobStore, second: Outcome) -> None:
    store.create(a_job())
    store.end(a_job(), DONE)
    before = store.get(JOB_ID)
    assert not store.end(a_job(), second)
    assert store.get(JOB_ID) == before


def test_the_same_end_written_again_has_succeeded(store: JobStore) -> None:
    store.create(a_job())
    store.end(a_job(), DONE, attempt="a1")
    assert store.end(a_job(), DONE, attempt="a1")


def test_only_the_attempt_that_holds_the_claim_ends_a_job(store: JobStore) -> None:
    store.create(an_express_job())
    store.claim(JOB_ID, attempt="a2", at=NOW, check_at=NOW)
    assert not store.end(an_express_job(), DONE, attempt="a1")
    job = store.get(JOB_ID)
    assert job is not None
    assert job.status == "RUNNING"
    assert store.end(an_express_job(), DONE, attempt="a2")


def test_the_same_end_by_another_attempt_is_not_this_ones_success(store: JobStore) -> None:
    store.create(an_express_job(attempt="a2"))
    store.end(an_express_job(), DONE, attempt="a2")
    assert not store.end(an_express_job(), DONE, attempt="a3")


def test_an_end_only_from_accepted_leaves_a_running_job_alone(store: JobStore) -> None:
    store.create(a_job())
    store.mark_running(JOB_ID, execution_arn=ARN, at=NOW, check_at=NOW)
    assert not store.end(a_job(), not_started(NOW, "late"), only_from=("ACCEPTED",))
    job = store.get(JOB_ID)
    assert job is not None
    assert job.status == "RUNNING"


def test_an_end_creates_no_job(store: JobStore) -> None:
    assert not store.end(a_job(), DONE)
    assert store.get(JOB_ID) is None


def test_a_refused_end_leaves_no_output_behind(store: JobStore) -> None:
    store.create(a_job())
    store.end(a_job(), replace(DONE, output=LARGE))
    store.end(a_job(), replace(DONE, finished_at=NOW + 1, output=LARGE.replace("x", "y")))
    job = store.get(JOB_ID)
    assert job is not None
    assert store.with_output(job).output == LARGE


@pytest.mark.parametrize("size", [2, 4096, 4097, 262_144])
def test_an_output_of_any_size_reads_back_exactly(store: JobStore, size: int) -> None:
    text = '"' + "x" * (size - 2) + '"'
    store.create(a_job())
    assert store.end(a_job(), replace(DONE, output=text))
    job = store.get(JOB_ID)
    assert job is not None
    assert store.with_output(job).output == text


def test_the_same_large_end_written_again_has_succeeded(store: JobStore) -> None:
    store.create(a_job())
    store.end(a_job(), replace(DONE, output=LARGE), attempt="a1")
    assert store.end(a_job(), replace(DONE, output=LARGE), attempt="a1")


def test_the_largest_job_fits(store: JobStore) -> None:
    labels = {f"{number:064d}": "ü" * 256 for number in range(20)}
    job = a_job(labels=labels, input='"' + "x" * 4094 + '"')
    store.create(job)
    assert store.end(job, Outcome("FAILED", NOW, error="E" * 256, cause="ü" * 32_768))


@pytest.mark.parametrize("seconds", [0.2, 1, 25])
def test_a_wait_of_any_length_sees_an_end(store: JobStore, seconds: float) -> None:
    store.create(a_job())
    store.end(a_job(), DONE)
    assert wait_for_end(store, FakeClock(), a_job(), seconds).output == '{"total":42}'


# -- due and postpone ------------------------------------------------------------------------------------------------


def test_due_gives_the_longest_due_first(store: JobStore) -> None:
    for number, check_at in enumerate((300, 100, 200)):
        store.create(a_job(_a_job_id(number), check_at=NOW + check_at))
    assert store.due(NOW + 1000, 10) == [
        (_a_job_id(1), NOW + 100),
        (_a_job_id(2), NOW + 200),
        (_a_job_id(0), NOW + 300),
    ]


def test_due_leaves_out_what_is_not_due_yet(store: JobStore) -> None:
    store.create(a_job(check_at=NOW + 100))
    assert store.due(NOW + 99, 10) == []
    assert store.due(NOW + 100, 10) == [(JOB_ID, NOW + 100)]


def test_due_gives_no_more_than_asked_for(store: JobStore) -> None:
    for number in range(5):
        store.create(a_job(_a_job_id(number), check_at=NOW + number))
    assert [job_id for job_id, _ in store.due(NOW + 1000, 2)] == [_a_job_id(0), _a_job_id(1)]


@pytest.mark.parametrize("outcome", [DONE, FAILED, replace(DONE, output=LARGE)])
def test_an_ended_job_is_never_due(store: JobStore, outcome: Outcome) -> None:
    store.create(a_job())
    store.end(a_job(), outcome)
    assert store.due(NOW + DAY, 10) == []


def test_an_ended_job_leaves_nothing_in_the_index_of_open_jobs(dynamodb: Any, jobs_table: str) -> None:
    store = DynamoJobStore(dynamodb, jobs_table, FakeClock())
    store.create(a_job())
    assert len(dynamodb.scan(TableName=jobs_table, IndexName="open")["Items"]) == 1
    store.end(a_job(), DONE)
    assert dynamodb.scan(TableName=jobs_table, IndexName="open")["Items"] == []


def test_a_postponed_job_is_due_later(store: JobStore) -> None:
    store.create(a_job(check_at=NOW))
    assert store.postpone(JOB_ID, seen=NOW, check_at=NOW + 60_000)
    assert store.due(NOW + 59_999, 10) == []
    assert store.due(NOW + 60_000, 10) == [(JOB_ID, NOW + 60_000)]


def test_a_job_that_another_sweep_moved_is_not_postponed(store: JobStore) -> None:
    store.create(a_job(check_at=NOW))
    store.postpone(JOB_ID, seen=NOW, check_at=NOW + 1)
    assert not store.postpone(JOB_ID, seen=NOW, check_at=NOW + 99)
    assert store.due(NOW + DAY, 10) == [(JOB_ID, NOW + 1)]


def test_postponing_twice_to_the_same_time_succeeds(store: JobStore) -> None:
    store.create(a_job(check_at=NOW))
    store.postpone(JOB_ID, seen=NOW, check_at=NOW + 1)
    assert store.postpone(JOB_ID, seen=NOW, check_at=NOW + 1)


def test_an_ended_job_is_not_postponed_back_into_the_open_ones(store: JobStore) -> None:
    store.create(a_job(check_at=NOW))
    store.end(a_job(), DONE)
    assert not store.postpone(JOB_ID, seen=NOW, check_at=NOW + 1)
    assert store.due(NOW + DAY, 10) == []


def test_a_job_that_is_not_there_is_not_postponed(store: JobStore) -> None:
    assert not store.postpone(JOB_ID, seen=NOW, check_at=NOW + 1)
    assert store.get(JOB_ID) is None


# -- page ------------------------------------------------------------------------------------------------------------

EVERYTHING = ListingQuery(
    workspace="acme",
    endpoint=None,
    endpoints=None,
    principal=None,
    status=None,
    labels=(),
    since=NOW - 30 * DAY,
    until=NOW + DAY,
    limit=20,
)


def _pages(store: JobStore, query: ListingQuery) -> list[list[Job]]:
    pages: list[list[Job]] = []
    while len(pages) < 100:
        page = store.page(query)
        pages.append(list(page.jobs))
        if page.after is None:
            return pages
        query = replace(query, after=page.after)
    raise AssertionError("a list never ends")


def _ids(store: JobStore, **changes: Any) -> list[str]:  # fields of a query
    return [job.id for page in _pages(store, replace(EVERYTHING, **changes)) for job in page]


# hours before now, and what is unlike a_job()
LISTED: list[tuple[int, dict[str, Any]]] = [
    (0, {}),
    (0, {"endpoint": "billing/refund", "labels": {"team": "blue", "prio": "1"}}),
    (0, {"principal": "token:tok_2"}),
    (9, {"labels": {"team": "blue"}}),
    (9, {"endpoint": "billing/refund", "principal": "token:tok_2"}),
    (30, {"labels": {"team": "red"}}),
    (31, {"endpoint": "billing/refund"}),
    (31, {"workspace": "other"}),
]


@pytest.fixture
def full_store(store: JobStore) -> JobStore:
    """Give a store with jobs on three days, some in the same millisecond, of two endpoints and a foreign workspace."""
    for number, (hours, changes) in enumerate(LISTED):
        store.create(a_job(_a_job_id(number), created_at=NOW - hours * 3_600_000, **changes))
    store.end(a_job(_a_job_id(3)), DONE)
    store.end(a_job(_a_job_id(6)), FAILED)
    return store


NEWEST_FIRST = [_a_job_id(number) for number in (2, 1, 0, 4, 3, 6, 5)]


def test_a_list_is_newest_first_across_days(full_store: JobStore) -> None:
    assert _ids(full_store) == [*NEWEST_FIRST[:5], _a_job_id(5), _a_job_id(6)]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 6, 7, 8])
def test_pages_of_any_size_lose_and_double_nothing(full_store: JobStore, limit: int) -> None:
    pages = _pages(full_store, replace(EVERYTHING, limit=limit))
    assert [job.id for page in pages for job in page] == _ids(full_store)
    assert max(len(page) for page in pages) <= limit


def test_a_job_that_comes_in_between_neither_doubles_nor_moves_the_next_page(full_store: JobStore) -> None:
    first = full_store.page(replace(EVERYTHING, limit=3))
    full_store.create(a_job(_a_job_id(99), created_at=NOW + 1000))
    rest = full_store.page(replace(EVERYTHING, limit=10, after=first.after))
    assert [job.id for job in (*first.jobs, *rest.jobs)] == [*NEWEST_FIRST[:5], _a_job_id(5), _a_job_id(6)]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({"endpoint": "billing/refund"}, [1, 4, 6]),
        ({"endpoint": "billing/none"}, []),
        ({"endpoint": "billing"}, []),
        ({"endpoints": ("billing/quote",)}, [2, 0, 3, 5]),
        ({"endpoint": "billing/refund", "endpoints": ("billing/quote",)}, []),
        ({"endpoints": ()}, []),
        ({"principal": "token:tok_2"}, [2, 4]),
        ({"status": "SUCCEEDED"}, [3]),
        ({"status": "ACCEPTED"}, [2, 1, 0, 4, 5]),
        ({"labels": (("team", "blue"),)}, [1, 3]),
        ({"labels": (("team", "blue"), ("prio", "1"))}, [1]),
        ({"labels": (("team", "green"),)}, []),
        ({"workspace": "other"}, [7]),
        ({"workspace": "acm"}, []),
        ({"since": NOW}, [2, 1, 0]),
        ({"since": NOW + 1}, []),
        ({"since": NOW - 10 * 3_600_000}, [2, 1, 0, 4, 3]),
    ],
)
@pytest.mark.parametrize("limit", [1, 20])
def test_a_list_holds_what_its_filters_say(
    full_store: JobStore, filters: dict[str, Any], numbers: list[int], limit: int
) -> None:
    assert _ids(full_store, **filters, limit=limit) == [_a_job_id(number) for number in numbers]


def test_a_list_whose_start_lies_in_the_future_is_empty_and_ends(full_store: JobStore) -> None:
    assert _pages(full_store, replace(EVERYTHING, since=NOW + 9 * DAY, until=NOW)) == [[]]


def test_a_list_over_a_year_finds_the_oldest_job(store: JobStore) -> None:
    store.create(a_job(created_at=NOW - 300 * DAY))
    assert _ids(store, since=NOW - 365 * DAY) == [JOB_ID]


def test_a_page_looks_at_a_bounded_number_of_days_and_rows(dynamodb: Any, jobs_table: str) -> None:
    client = _Counting(dynamodb)
    page = DynamoJobStore(client, jobs_table, FakeClock()).page(replace(EVERYTHING, since=NOW - 3650 * DAY))
    assert page.jobs == ()
    assert page.after is not None
    assert client.calls <= 50


def test_a_page_that_finds_nothing_among_many_rows_ends_early_with_a_cursor(
    dynamodb: Any,
    jobs_table: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flowport.adapters.jobs_table._LOOK_AT_MOST", 20)
    monkeypatch.setattr("flowport.adapters.jobs_table._BATCH", 10)
    store = DynamoJobStore(dynamodb, jobs_table, FakeClock())
    for number in range(35):
        store.create(a_job(_a_job_id(number), created_at=NOW - number))
    page = store.page(replace(EVERYTHING, status="SUCCEEDED"))
    assert page.jobs == ()
    assert page.after is not None
    assert page.after[1].endswith(_a_job_id(19))
    assert _ids(store, status="SUCCEEDED") == []
    assert len(_ids(store)) == 35


class _Counting:
    def __init__(self, client: Any) -> None:
        self._client, self.calls = client, 0

    def __getattr__(self, name: str) -> Any:
        self.calls += 1
        return getattr(self._client, name)


def test_a_list_reads_on_when_a_read_was_cut_short(dynamodb: Any, jobs_table: str) -> None:
    store = DynamoJobStore(_CutShort(dynamodb), jobs_table, FakeClock())
    for number in range(5):
        store.create(a_job(_a_job_id(number), created_at=NOW - number))
    assert len(_ids(store)) == 5


class _CutShort:
    """Answers every BatchGetItem for one key only and calls the rest unprocessed, as DynamoDB may."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> Any:  # noqa: N803  # DynamoDB's name
        ((table, request),) = RequestItems.items()
        first, *rest = request["Keys"]
        answer = self._client.batch_get_item(RequestItems={table: {**request, "Keys": [first]}})
        return {**answer, "UnprocessedKeys": {table: {**request, "Keys": rest}} if rest else {}}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    times=st.lists(st.integers(0, 5 * 24), min_size=1, max_size=12),
    limit=st.integers(1, 5),
    since=st.integers(0, 6 * 24),
)
def test_both_stores_list_the_same_jobs(
    dynamodb: Any,
    jobs_table: str,
    times: list[int],
    limit: int,
    since: int,
) -> None:
    workspace = f"w{abs(hash((tuple(times), limit, since)))}"
    stores: list[JobStore] = [FakeJobStore(), DynamoJobStore(dynamodb, jobs_table, FakeClock())]
    for number, hours in enumerate(times):
        job_id = f"{abs(hash(workspace)) % 0xFFFFFFFF:08x}-0000-8000-8000-{number:012x}"
        for store in stores:
            store.create(a_job(job_id, workspace=workspace, created_at=NOW - hours * 3_600_000))
    query: dict[str, Any] = {"workspace": workspace, "limit": limit, "since": NOW - since * 3_600_000}
    assert _ids(stores[0], **query) == _ids(stores[1], **query)


# -- how the rows lie ------------------------------------------------------------------------------------------------


def test_the_row_of_a_job_has_the_keys_that_the_template_indexes(dynamodb: Any, jobs_table: str) -> None:
    DynamoJobStore(dynamodb, jobs_table, FakeClock()).create(a_job())
    (row,) = dynamodb.scan(TableName=jobs_table)["Items"]
    assert row["listing_endpoint"] == {"S": "acme#billing/quote#2026-11-22#0"}
    assert row["listing_workspace"] == {"S": "acme#2026-11-22#0"}
    assert row["listing_at"] == {"S": f"001795310400000#{JOB_ID}"}
    assert row["open_shard"] == {"S": "open#0"}
    assert row["schema_version"] == {"N": "1"}
