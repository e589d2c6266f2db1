"""The port Directory: one strongly consistent read of everything, on the fake and on DynamoDB."""

from collections.abc import Callable
from typing import Any

import pytest

from flowport.adapters import directory_items
from flowport.adapters.directory import DynamoDirectory, Tables
from flowport.adapters.items import decode, encode, encode_item
from flowport.adapters.jobs_table import DynamoJobStore
from flowport.domain.dialect_settings import Argument, DialectSettings, Iolinker, PhixFlow, TheEye
from flowport.domain.errors import Unavailable
from flowport.domain.parameters import Parameter
from flowport.domain.records import Credential, Endpoint, Workspace
from flowport.domain.tokens import new_token
from flowport.usecases.ports import Directory, Found, Wanted
from tests.fakes import (
    ACME,
    JOB_ID,
    NOW,
    FakeClock,
    FakeDirectory,
    FakeJobStore,
    a_credential,
    a_job,
    a_user,
    an_endpoint,
)

TOKEN = new_token("acme")
FULL = an_endpoint(
    title="Quotes",
    enabled=False,
    mode="async",
    view="http",
    methods=("GET", "POST"),
    auth=("none", "token", "password"),
    ip_allow=("10.0.0.0/8", "2001:db8::/32"),
    http_headers=("set-cookie",),
    log_group="/aws/vendedlogs/states/quick",
    sample={"items": [1.5, None, "ü"]},
    aliases=("nebulagraph:107", "v10:My API"),
    parameters=(
        Parameter("field"),
        Parameter("rate", "number", required=True, task="query_1"),
        Parameter("limit", "number", default=0.5),
        Parameter("note", default=None),
    ),
    dialects=DialectSettings(
        iolinker=Iolinker(),
        phixflow=PhixFlow("result", "Done", "Broken", 1500, per_record=True, abandon_at_timeout=True),
        theeye=TheEye((Argument("host"), Argument("port", optional=True))),
    ),
    version=7,
    created_at=NOW,
    updated_at=NOW + 1,
)
LIMITED = a_credential(TOKEN, endpoints=("billing/quote",), expires_at=NOW + 5, revoked_at=NOW + 6, created_at=NOW)
Fill = Callable[..., Directory]


def _row(record: Workspace | Credential | Endpoint) -> dict[str, Any]:
    match record:
        case Workspace():
            return directory_items.workspace_row(record)
        case Credential():
            return directory_items.credential_row(record)
    return directory_items.endpoint_row(record)


@pytest.fixture(params=["fake", "dynamodb"])
def filled(request: pytest.FixtureRequest) -> Fill:
    """Give a function that makes a directory of some records and a job."""
    if request.param == "fake":

        def fake(*records: Workspace | Credential | Endpoint) -> Directory:
            jobs = FakeJobStore()
            jobs.create(a_job())
            directory = FakeDirectory(jobs)
            directory.add(*records)
            return directory

        return fake
    client = request.getfixturevalue("dynamodb")
    tables = Tables(*map(request.getfixturevalue, ("endpoints_table", "credentials_table", "jobs_table")))

    def real(*records: Workspace | Credential | Endpoint) -> Directory:
        DynamoJobStore(client, tables.jobs, FakeClock()).create(a_job())
        for record in records:
            table = tables.credentials if isinstance(record, Credential) else tables.endpoints
            client.put_item(TableName=table, Item=encode_item(_row(record)))
            if isinstance(record, Endpoint):
                for alias in record.aliases:
                    row = directory_items.alias_row(record, alias)
                    client.put_item(TableName=tables.endpoints, Item=encode_item(row))
        return DynamoDirectory(client, tables, FakeClock())

    return real


def test_everything_that_a_request_needs_comes_back_as_it_was_stored(filled: Fill) -> None:
    directory = filled(ACME, FULL, LIMITED)
    assert directory.look_up(Wanted("acme", TOKEN.key, "billing/quote", JOB_ID)) == Found(ACME, LIMITED, FULL, a_job())


def test_a_user_comes_back_with_the_hash_of_its_password(filled: Fill) -> None:
    assert filled(a_user()).look_up(Wanted("acme", "user#acme#ann")).credential == a_user()


CREDENTIALS = [
    Credential("client#acme#fpc", "client", "acme", "fpc", "field app", ("workflow.execute",), secret_hash="5f"),
    Credential("api_key#acme#key_1", "api_key", "acme", "key_1", "phix", (), roles=("runner", "reader")),
    Credential("brought#5f", "token", "acme", "tok_2", "old", ("run",), brought=True),
]


@pytest.mark.parametrize("credential", CREDENTIALS, ids=["client", "API key", "brought token"])
def test_a_credential_of_every_kind_comes_back_as_it_was_stored(filled: Fill, credential: Credential) -> None:
    assert filled(credential).look_up(Wanted("acme", credential.key)).credential == credential


@pytest.mark.parametrize("alias", FULL.aliases)
def test_an_endpoint_is_found_by_each_of_its_aliases(filled: Fill, alias: str) -> None:
    assert filled(ACME, FULL).look_up(Wanted("acme", alias=alias)) == Found(ACME, endpoint=FULL)


def test_an_alias_of_another_workspace_or_of_nobody_leads_nowhere(filled: Fill) -> None:
    directory = filled(ACME, FULL)
    assert directory.look_up(Wanted("other", alias="nebulagraph:107")).endpoint is None
    assert directory.look_up(Wanted("acme", alias="nebulagraph:108")).endpoint is None


def test_what_may_be_an_alias_or_a_name_is_an_alias_first(filled: Fill) -> None:
    named = an_endpoint(name="named")
    directory = filled(ACME, FULL, named)
    both = Wanted("acme", endpoint="billing/named", alias="nebulagraph:107")
    assert directory.look_up(both).endpoint == FULL
    assert directory.look_up(Wanted("acme", endpoint="billing/named", alias="v10:none")).endpoint == named


def test_what_is_not_there_is_left_out(filled: Fill) -> None:
    assert filled().look_up(Wanted("acme", TOKEN.key, "billing/quote", "none")) == Found()


def test_what_was_not_asked_for_is_left_out(filled: Fill) -> None:
    assert filled(ACME, FULL, LIMITED).look_up(Wanted("acme")) == Found(workspace=ACME)


def test_an_endpoint_of_another_workspace_is_not_found(filled: Fill) -> None:
    directory = filled(ACME, FULL, Workspace("other", "", "active", NOW))
    assert directory.look_up(Wanted("other", endpoint="billing/quote")).endpoint is None


def test_a_token_of_the_operator_is_found_without_a_workspace(filled: Fill) -> None:
    token = new_token("_operator")
    operator = a_credential(token, scopes=("operator",))
    assert filled(operator).look_up(Wanted("_operator", token.key)) == Found(credential=operator)


@pytest.mark.parametrize("sample", [None, 0, False, "", [], {}, "text", {"a": None}])
def test_a_sample_of_any_json_value_survives(filled: Fill, sample: Any) -> None:
    found = filled(an_endpoint(sample=sample)).look_up(Wanted("acme", endpoint="billing/quote")).endpoint
    assert found is not None
    assert found.sample == sample
    assert type(found.sample) is type(sample)


# -- DynamoDB's ways -------------------------------------------------------------------------------------------------


class _Client:
    """Answers BatchGetItem with nothing, and leaves as many keys unprocessed as it is told."""

    def __init__(self, *unprocessed: int) -> None:
        self.requests: list[dict[str, Any]] = []
        self._unprocessed = list(unprocessed)

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  # DynamoDB's name
        self.requests.append(RequestItems)
        left = self._unprocessed.pop(0) if self._unprocessed else 0
        return {"Responses": {}, "UnprocessedKeys": dict(list(RequestItems.items())[:left])}


EVERYTHING = Wanted("acme", TOKEN.key, "billing/quote", JOB_ID)
TABLES = Tables("endpoints", "credentials", "jobs")


def test_one_consistent_call_reads_all_three_tables() -> None:
    client = _Client()
    DynamoDirectory(client, TABLES, FakeClock()).look_up(EVERYTHING)
    assert client.requests == [
        {
            "endpoints": {
                "Keys": [
                    {"workspace": {"S": "acme"}, "item": {"S": "workspace"}},
                    {"workspace": {"S": "acme"}, "item": {"S": "endpoint#billing/quote"}},
                ],
                "ConsistentRead": True,
            },
            "credentials": {"Keys": [{"id": {"S": TOKEN.key}}], "ConsistentRead": True},
            "jobs": {"Keys": [{"job_id": {"S": JOB_ID}, "item": {"S": "job"}}], "ConsistentRead": True},
        }
    ]


def test_unprocessed_keys_are_asked_for_again_after_a_pause() -> None:
    client, clock = _Client(2, 1), FakeClock()
    DynamoDirectory(client, TABLES, clock).look_up(EVERYTHING)
    assert [sorted(request) for request in client.requests] == [
        ["credentials", "endpoints", "jobs"],
        ["credentials", "endpoints"],
        ["endpoints"],
    ]
    assert clock.now() > NOW


def test_keys_that_stay_unprocessed_are_given_up_and_not_taken_for_missing() -> None:
    client = _Client(*[1] * 100)
    with pytest.raises(Unavailable):
        DynamoDirectory(client, TABLES, FakeClock()).look_up(EVERYTHING)
    assert len(client.requests) <= 10


def test_no_attempt_begins_that_would_end_after_the_deadline() -> None:
    client, clock = _Client(), FakeClock()
    with pytest.raises(Unavailable):
        DynamoDirectory(client, TABLES, clock).look_up(EVERYTHING, deadline=clock.monotonic() + 1.4)
    assert client.requests == []


def _counted(client: Any) -> tuple[Any, list[Any]]:
    calls: list[Any] = []

    class Counting:
        def batch_get_item(self, **request: Any) -> Any:
            calls.append(request)
            return client.batch_get_item(**request)

    return Counting(), calls


@pytest.mark.parametrize(
    ("wanted", "reads"),
    [
        (Wanted("acme", endpoint="billing/quote"), 1),
        (Wanted("acme", endpoint="billing/quote", alias="v10:none"), 1),
        (Wanted("acme", endpoint="billing/quote", alias="nebulagraph:107"), 1),
        (Wanted("acme", alias="nebulagraph:107"), 2),
    ],
    ids=["no alias", "an alias of nobody", "an alias of the endpoint that is read anyway", "an alias alone"],
)
def test_only_an_alias_that_leads_elsewhere_costs_a_second_read(
    dynamodb: Any, endpoints_table: str, wanted: Wanted, reads: int
) -> None:
    for row in (directory_items.endpoint_row(FULL), directory_items.alias_row(FULL, "nebulagraph:107")):
        dynamodb.put_item(TableName=endpoints_table, Item=encode_item(row))
    client, calls = _counted(dynamodb)
    found = DynamoDirectory(client, Tables(endpoints_table, "c", "j"), FakeClock()).look_up(wanted)
    assert found.endpoint == FULL
    assert len(calls) == reads


def test_an_alias_that_the_endpoint_no_longer_has_is_not_followed(dynamodb: Any, endpoints_table: str) -> None:
    for row in (directory_items.endpoint_row(an_endpoint()), directory_items.alias_row(FULL, "nebulagraph:107")):
        dynamodb.put_item(TableName=endpoints_table, Item=encode_item(row))
    directory = DynamoDirectory(dynamodb, Tables(endpoints_table, "c", "j"), FakeClock())
    assert directory.look_up(Wanted("acme", alias="nebulagraph:107")).endpoint is None


def test_an_endpoint_that_says_nothing_to_dialects_has_no_attribute_for_it() -> None:
    row = directory_items.endpoint_row(an_endpoint())
    assert {name: row[name] for name in ("aliases", "parameters", "dialects")} == {
        "aliases": None,
        "parameters": None,
        "dialects": None,
    }


# -- typed values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (True, {"BOOL": True}),
        (1, {"N": "1"}),
        ("", {"S": ""}),
        (None, {"NULL": True}),
        ({"a": [1]}, {"M": {"a": {"L": [{"N": "1"}]}}}),
    ],
)
def test_a_value_is_stored_with_its_type(value: Any, stored: dict[str, Any]) -> None:
    assert encode(value) == stored
    assert decode(stored) == value


def test_a_value_that_no_table_holds_is_refused() -> None:
    with pytest.raises(TypeError, match="float is not storable"):
        encode(1.5)
