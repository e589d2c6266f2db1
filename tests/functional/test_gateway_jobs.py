"""The gateway function, reading jobs: the links that it gave, followed."""

import base64
import json
from collections.abc import Callable

import pytest

from flowport.domain.records import Endpoint
from tests.functional.harness import ASYNC_JOB, EXPRESS_ARN, SYNC_JOB, Aws, Handler, event, token_credential

Load = Callable[..., Handler]
OTHERS_TOKEN = "fp_other_ExampleTokenOfAnotherWorkspace39LruR"
STRANGERS_TOKEN = "fp_default_ExampleTokenLimitedToQuote12340tvM0a"
ENDED = (
    '{"id":"d1956ac9-8994-80af-9007-d136feabe9fa","status":"SUCCEEDED","endpoint":"samples/report","mode":"async",'
    '"created_at":"2026-11-22T02:19:59.203Z","started_at":"2026-11-22T02:19:59.203Z",'
    '"finished_at":"2026-11-22T02:20:02.411Z","duration_ms":3208,'
    '"output":{"seconds":2,"lines":["A report that took its time.","Waited for 2 s."]},"error":null,"cause":null,'
    '"client_job_id":null,"labels":{"team":"blue","run":"42"},"origin":null,'
    '"execution_arn":"arn:aws:states:us-east-1:123456789012:execution:ReportStandard-Zq81kV2mYd7L:'
    'fp-d1956ac9-8994-80af-9007-d136feabe9fa",'
    '"links":{"self":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/jobs/'
    'd1956ac9-8994-80af-9007-d136feabe9fa",'
    '"cancel":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/jobs/'
    'd1956ac9-8994-80af-9007-d136feabe9fa/cancel",'
    '"steps":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/jobs/'
    'd1956ac9-8994-80af-9007-d136feabe9fa/steps",'
    '"input":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/jobs/'
    'd1956ac9-8994-80af-9007-d136feabe9fa/input"}}'
)


@pytest.fixture
def gateway(published: Aws, load: Load) -> Handler:
    return load("GatewayFunction")


@pytest.fixture
def ended(gateway: Handler, load: Load) -> None:
    """The job of `run_async`, ended as `execution_succeeded` says."""
    gateway(event("apigateway/run_async"), None)
    load("RecordCompletionFunction")(event("eventbridge/execution_succeeded"), None)


@pytest.mark.parametrize("name", ["read_job", "read_job_by_arn", "read_job_by_request_id", "read_job_wait"])
@pytest.mark.usefixtures("ended")
def test_an_ended_job_is_read_by_each_of_its_names(gateway: Handler, aws: Aws, name: str) -> None:
    answer = gateway(event(f"apigateway/{name}"), None)

    assert (answer["statusCode"], answer["body"]) == (200, ENDED)
    assert answer["headers"]["Content-Type"] == "application/json"
    assert "Retry-After" not in answer["headers"]
    assert aws.clock.slept == 0


@pytest.mark.usefixtures("ended")
def test_a_job_that_has_not_changed_is_304(gateway: Handler) -> None:
    first = gateway(event("apigateway/read_job"), None)
    tag = first["headers"]["ETag"]

    same = gateway(event("apigateway/read_job", headers={"If-None-Match": f'"other", W/{tag}'}), None)
    other = gateway(event("apigateway/read_job", headers={"If-None-Match": '"other"'}), None)

    assert (same["statusCode"], same["body"], same["headers"]["ETag"]) == (304, "", tag)
    assert other["statusCode"] == 200


def test_a_job_that_changes_gets_another_etag(gateway: Handler, load: Load) -> None:
    gateway(event("apigateway/run_async"), None)
    running = gateway(event("apigateway/read_job"), None)
    assert running["headers"]["Retry-After"] == "1"

    load("RecordCompletionFunction")(event("eventbridge/execution_succeeded"), None)
    changed = gateway(event("apigateway/read_job", headers={"If-None-Match": running["headers"]["ETag"]}), None)

    assert (changed["statusCode"], changed["body"]) == (200, ENDED)


def test_a_wait_on_a_job_ends_with_it_or_when_it_is_over(gateway: Handler, aws: Aws, load: Load) -> None:
    gateway(event("apigateway/run_async"), None)
    assert json.loads(gateway(event("apigateway/read_job_wait"), None)["body"])["status"] == "RUNNING"
    assert 1 <= aws.clock.slept < 1.1

    recorder = load("RecordCompletionFunction")
    aws.clock.meanwhile = lambda: recorder(event("eventbridge/execution_succeeded"), None)
    assert gateway(event("apigateway/read_job", query={"wait": ["20"]}), None)["body"] == ENDED
    assert aws.clock.slept < 2


@pytest.mark.usefixtures("ended")
def test_a_head_gives_the_headers_alone(gateway: Handler) -> None:
    whole, head = (gateway(event("apigateway/read_job", httpMethod=method), None) for method in ("GET", "HEAD"))

    assert (head["statusCode"], head["body"]) == (200, "")
    assert head["headers"]["ETag"] == whole["headers"]["ETag"]


@pytest.mark.usefixtures("ended")
def test_the_input_is_what_the_job_was_started_with(gateway: Handler) -> None:
    answer = gateway(event("apigateway/read_input"), None)

    assert (answer["statusCode"], answer["body"]) == (200, '{"seconds":2}')


def test_an_input_too_large_for_the_row_is_read_from_beside_it(gateway: Handler, aws: Aws) -> None:
    text = json.dumps({"text": "ü" * 3000}, ensure_ascii=False)
    gateway(event("apigateway/run_sync", body=text), None)

    assert "input" not in aws.job(SYNC_JOB)
    assert aws.job(SYNC_JOB, "input")["text"] == text
    assert gateway(event("apigateway/read_input", path=f"/v1/jobs/{SYNC_JOB}/input"), None)["body"] == text


def test_the_steps_of_an_express_run_are_null_with_the_reason(gateway: Handler) -> None:
    gateway(event("apigateway/run_sync"), None)

    answer = gateway(event("apigateway/read_steps", path=f"/v1/jobs/{SYNC_JOB}/steps"), None)

    read = json.loads(answer["body"])
    assert (answer["statusCode"], read["status"], read["steps"]) == (200, "SUCCEEDED", None)
    assert read["reason"].startswith("AWS keeps no history of Express executions;")


@pytest.mark.usefixtures("ended")
def test_the_steps_of_a_standard_run_come_from_its_history(gateway: Handler) -> None:
    answer = gateway(event("apigateway/read_steps"), None)

    read = json.loads(answer["body"])
    assert (answer["statusCode"], read["job"], read["reason"]) == (200, ASYNC_JOB, None)
    assert [(step["name"], step["type"]) for step in read["steps"]] == [("A State", "Pass")]  # moto's only history


# -- lists -------------------------------------------------------------------------------------------------------------


def test_a_list_gives_the_jobs_without_their_outputs(gateway: Handler) -> None:
    gateway(event("apigateway/run_async"), None)

    answer = gateway(event("apigateway/list_jobs"), None)

    listed = json.loads(answer["body"])
    assert (answer["statusCode"], listed["cursor"]) == (200, None)
    (item,) = listed["items"]
    assert (item["id"], item["status"], item["labels"]) == (ASYNC_JOB, "RUNNING", {"team": "blue", "run": "42"})
    assert "output" not in item


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [SYNC_JOB, ASYNC_JOB]),
        ({"endpoint": ["samples/report"]}, [ASYNC_JOB]),
        ({"endpoint": ["samples/nothing"]}, []),
        ({"status": ["SUCCEEDED"]}, [SYNC_JOB]),
        ({"label": ["team=blue"]}, [ASYNC_JOB]),
        ({"label": ["team=blue", "run=43"]}, []),
        ({"created_after": ["2026-11-22T02:19:59.203Z"]}, [SYNC_JOB, ASYNC_JOB]),
        ({"created_after": ["2026-11-22T02:20:00Z"]}, []),
    ],
)
def test_a_list_is_filtered(gateway: Handler, query: dict[str, list[str]], found: list[str]) -> None:
    gateway(event("apigateway/run_async"), None)
    gateway(event("apigateway/run_sync"), None)

    answer = gateway(event("apigateway/list_jobs", query=query), None)

    assert [item["id"] for item in json.loads(answer["body"])["items"]] == found


def test_a_cursor_goes_on_where_the_page_ended_newest_first(gateway: Handler, aws: Aws) -> None:
    made = []
    for number in range(5):
        call = event("apigateway/run_sync")
        call["requestContext"]["extendedRequestId"] = f"Uk9{number}FHsDoAMF8GQ="
        made.append(gateway(call, None)["headers"]["Flowport-Job-Id"])
        aws.clock.sleep(1)

    read: list[str] = []
    query = {"limit": ["2"]}
    for _ in range(4):
        page = json.loads(gateway(event("apigateway/list_jobs", query=query), None)["body"])
        read += [item["id"] for item in page["items"]]
        if page["cursor"] is None:
            break
        query = {"limit": ["2"], "cursor": [page["cursor"]]}

    assert read == made[::-1]
    assert page["cursor"] is None


@pytest.mark.parametrize(
    "query",
    [
        {"limit": ["0"]},
        {"limit": ["101"]},
        {"limit": ["ten"]},
        {"status": ["DONE"]},
        {"label": ["blue"]},
        {"endpoint": ["report"]},
        {"created_after": ["yesterday"]},
        {"cursor": ["not-one"]},
        {"cursor": [base64.urlsafe_b64encode(b'["2026-13-01","x"]').decode()]},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_by_name(gateway: Handler, query: dict[str, list[str]]) -> None:
    answer = gateway(event("apigateway/list_jobs", query=query), None)

    assert answer["statusCode"] == 400
    assert f"The query parameter {next(iter(query))}=" in json.loads(answer["body"])["detail"]


def test_a_list_needs_a_credential(gateway: Handler) -> None:
    answer = gateway(event("apigateway/list_jobs", headers={"Authorization": None}), None)

    assert answer["statusCode"] == 401
    assert answer["headers"]["WWW-Authenticate"] == 'Bearer realm="flowport"'


# -- whose -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "record"),
    [
        (OTHERS_TOKEN, {}),
        (STRANGERS_TOKEN, {"scopes": ("run",), "credential_id": "tok_stranger"}),
        (STRANGERS_TOKEN, {"endpoints": ("samples/quote",), "credential_id": "tok_stranger"}),
    ],
)
@pytest.mark.usefixtures("ended")
def test_a_job_of_somebody_else_is_not_there(
    gateway: Handler, aws: Aws, token: str, record: dict[str, tuple[str, ...]]
) -> None:
    aws.put(token_credential(token, **record))
    theirs = {"Authorization": f"Bearer {token}"}

    for name in ("read_job", "read_job_by_arn", "read_job_by_request_id", "read_input", "read_steps"):
        answer = gateway(event(f"apigateway/{name}", headers=theirs), None)
        assert answer["statusCode"] == 404, name
        assert json.loads(answer["body"])["type"] == "urn:flowport:problem:not-found"
    listed = gateway(event("apigateway/list_jobs", query={}, headers=theirs), None)
    assert json.loads(listed["body"])["items"] == []


def test_a_job_that_never_was_is_not_there(gateway: Handler) -> None:
    answer = gateway(event("apigateway/read_job"), None)

    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["detail"] == f"There is no job '{ASYNC_JOB}' for this caller."


def test_a_job_of_an_open_endpoint_is_read_without_a_credential_by_its_id(gateway: Handler, aws: Aws) -> None:
    aws.put(Endpoint("default", "samples", "quote", express_arn=EXPRESS_ARN, auth=("none",)))
    answer = gateway(event("apigateway/run_without_credential"), None)
    job = json.loads(answer["body"])

    def read(reference: str) -> int:
        call = event("apigateway/read_job", path=f"/v1/jobs/{reference}", headers={"Authorization": None})
        status: int = gateway(call, None)["statusCode"]
        return status

    assert read(job["id"]) == 200
    assert read(job["execution_arn"].replace(":", "%3A")) == 404


@pytest.mark.usefixtures("ended")
def test_a_job_of_an_endpoint_with_credentials_is_not_read_without_one(gateway: Handler) -> None:
    answer = gateway(event("apigateway/read_job", headers={"Authorization": None}), None)
    assert answer["statusCode"] == 404
    # Whether there is such a job is not said; what the caller may have forgotten is.
    detail = f"There is no job '{ASYNC_JOB}' for this caller, who sent no credential."
    assert json.loads(answer["body"])["detail"] == detail


def test_a_job_that_never_was_is_told_in_the_same_words_without_a_credential(gateway: Handler) -> None:
    answer = gateway(event("apigateway/read_job", headers={"Authorization": None}), None)
    assert json.loads(answer["body"])["detail"] == (
        f"There is no job '{ASYNC_JOB}' for this caller, who sent no credential."
    )
