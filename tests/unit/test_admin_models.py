"""What the admin API accepts: names, networks, patches, cursors."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport.admin.credential_models import TokenDocument, UserDocument
from flowport.admin.document import read
from flowport.admin.documents import endpoint_at, endpoint_document, merge_patch
from flowport.admin.models import (
    BootstrapEvent,
    EndpointDocument,
    is_part,
    is_user_name,
)
from flowport.admin.requests import body_of, cursor_for, cursor_of, precondition_of
from flowport.dialects.wire import HttpRequest
from flowport.domain.addresses import endpoint_address, endpoint_parts
from flowport.domain.dialect_settings import Argument, DialectSettings, Iolinker, PhixFlow, TheEye
from flowport.domain.errors import FlowportError, InvalidRequest, PreconditionFailed
from flowport.domain.parameters import Parameter
from flowport.domain.records import Endpoint
from flowport.usecases.admin.credentials import new_credential_id
from flowport.usecases.admin.errors import ValidationFailed

ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:quick"
LAYER = Path(__file__).parents[2] / "layers" / "core"


def a_request(body: bytes = b"", query: dict[str, str] | None = None, **headers: str) -> HttpRequest:
    return HttpRequest(
        method="POST",
        path="/v1/admin/x",
        segments=("v1", "admin", "x"),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        query={name: (value,) for name, value in (query or {}).items()},
        body=body,
        source_ip="203.0.113.7",
        base_url="https://api.example.com",
    )


def violations(model: Any, sent: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ValidationFailed) as caught:
        read(model, sent)
    return {error["pointer"]: error["message"] for error in caught.value.members["errors"]}


def an_endpoint_document(**members: Any) -> dict[str, Any]:
    return {"module": "a", "name": "b", "express_arn": ARN, **members}


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "My API", "x" * 128, "é", "見積", "a:b", "a%b", "a?b", "a/b", "a#b", "%2F"])
def test_this_can_be_part_of_an_endpoints_name(name: str) -> None:
    assert is_part(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "x" * 129, "😀" * 126, "%" * 63 + "😀" * 65 + "%" * 20, " a", "a ", ".", ".."),
        *("a\nb", "a\x00", "a\x7f", "\u202e", "\u200b", "a\u00a0b", "a\u2028b", "\ud800", "e\u0301"),
    ],
)
def test_this_cannot_be_part_of_an_endpoints_name(name: str) -> None:
    assert not is_part(name)


def test_a_users_name_has_no_colon_because_its_password_comes_after_one() -> None:
    assert is_user_name("ada@example.com")
    assert not is_user_name("ada:x")


@given(st.text(max_size=200), st.text(max_size=200))
def test_two_parts_that_pass_always_fit_a_key_and_come_apart_again(module: str, name: str) -> None:
    if is_part(module) and is_part(name):
        address = endpoint_address(module, name)
        assert len(f"endpoint#{address}".encode()) <= 1024
        assert endpoint_parts(address) == (module, name)


# -- members -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_is_kept_in_its_usual_form(sent: str, kept: str) -> None:
    assert read(EndpointDocument, an_endpoint_document(ip_allow=[sent])).ip_allow == [kept]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("10.0.0.1/8", "has bits set beyond its prefix; write 10.0.0.0/8"),
        ("2001:db8::1/32", "has bits set beyond its prefix; write 2001:db8::/32"),
        ("::ffff:10.0.0.0/104", "is an IPv4 network in IPv6 form, in which no caller is seen; write it as IPv4"),
        ("10.0.0.0/33", "is not a network; write 192.0.2.0/24, 2001:db8::/32 or one address"),
        ("", "is not a network; write 192.0.2.0/24, 2001:db8::/32 or one address"),
        ("example.com", "is not a network; write 192.0.2.0/24, 2001:db8::/32 or one address"),
    ],
)
def test_a_network_that_would_not_mean_what_it_says_is_refused(sent: str, said: str) -> None:
    assert violations(EndpointDocument, an_endpoint_document(ip_allow=[sent])) == {"/ip_allow/0": said}


@pytest.mark.parametrize(
    "members",
    [
        {"methods": []},
        {"methods": ["GET", "GET"]},
        {"methods": ["get"]},
        {"methods": "POST"},
        {"auth": []},
        {"auth": ["token", "token"]},
        {"auth": ["key"]},
        {"title": "a\nb"},
        {"title": None},
        {"enabled": 1},
        {"express_arn": "arn:aws:lambda:eu-central-1:123456789012:function:f"},
        {"express_arn": ARN + "\n"},
        {"http_headers": ["Set Cookie"]},
        {"http_headers": [""]},
        {"log_group": "/aws/lambda/x"},
        {"time_limit": 0},
        {"time_limit": 31_536_001},
        {"keep_jobs_days": 1},
        {"keep_jobs_days": 3651},
        {"keep_payloads_days": -1},
        {"log_group": "/aws/vendedlogs/states/a b"},
        {"unknown": None},
        {"standard_arn": ARN + ":3:4"},
    ],
)
def test_a_member_that_cannot_be_so_is_refused_by_its_name(members: dict[str, Any]) -> None:
    found = violations(EndpointDocument, an_endpoint_document(**members))
    (member,) = members
    assert [pointer.split("/")[1] for pointer in found] == [member]


def test_payloads_are_kept_no_longer_than_their_job() -> None:
    assert read(EndpointDocument, an_endpoint_document(keep_jobs_days=7, keep_payloads_days=7)).keep_jobs_days == 7
    found = violations(EndpointDocument, an_endpoint_document(keep_jobs_days=7, keep_payloads_days=8))
    assert found == {"/keep_payloads_days": "is longer than the job itself is kept, 7 days"}


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_machines_of_every_partition_can_be_published(partition: str) -> None:
    arn = ARN.replace("arn:aws:", f"arn:{partition}:")
    assert read(EndpointDocument, an_endpoint_document(express_arn=arn)).express_arn == arn


def test_every_combination_of_ways_to_authenticate_is_accepted() -> None:
    for auth in (["none"], ["token"], ["password"], ["none", "token"], ["token", "password"], ["password", "none"]):
        assert read(EndpointDocument, an_endpoint_document(auth=auth)).auth == auth


def test_a_sample_may_be_any_json_up_to_8_kib() -> None:
    for sample in (0, False, "", [], {}, [None], {"a": {"b": 1.5}}, "x" * 8_190):
        assert read(EndpointDocument, an_endpoint_document(sample=sample)).sample == sample
    assert violations(EndpointDocument, an_endpoint_document(sample="é" * 4_096)) == {
        "/sample": "has 8194 bytes as JSON; a sample has at most 8192"
    }


def test_what_conflicts_is_listed_beside_what_is_wrong_by_itself() -> None:
    assert list(violations(EndpointDocument, {"module": "a", "name": ".."})) == ["/name", "/express_arn"]


def test_no_credential_is_given_the_operators_scope() -> None:
    sent = {"name": "x", "scopes": ["operator"]}
    for model, members in ((TokenDocument, sent), (UserDocument, sent | {"password": "x" * 12})):
        assert list(violations(model, members)) == ["/scopes/0"]
    assert list(violations(BootstrapEvent, {"flowport": "bootstrap", "scopes": ["operator"]})) == ["/scopes/0"]


def test_what_is_wrong_with_a_password_is_said_without_it() -> None:
    for password in ("sesame", "sesame" * 200, ["sesame"]):
        with pytest.raises(ValidationFailed) as caught:
            read(UserDocument, {"name": "x", "scopes": ["run"], "password": password})
        assert "sesame" not in str(caught.value.members)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("members", "pointer", "said"),
    [
        (
            {"aliases": ["My API"]},
            "/aliases/0",
            "must be <kind>:<id>, the kind one of: v10, workfloplus, theeye, nebulagraph",
        ),
        ({"aliases": ["v10:a", "v10:a"]}, "/aliases", "must not name anything twice"),
        ({"parameters": [{"name": "a"}, {"name": "a"}]}, "/parameters", "must not declare 'a' twice"),
        (
            {"parameters": [{"name": "a", "type": "integer", "default": "1"}]},
            "/parameters",
            "'a' has a default that is not of its type integer",
        ),
        ({"parameters": [{"name": "a", "typ": "integer"}]}, "/parameters/0/typ", "is not known here"),
        (
            {"parameters": [{"name": "a", "default": "é" * 5000}]},
            "/parameters",
            "have 10027 bytes as JSON; they may have at most 8192 in all",
        ),
        ({"dialects": {"native": {}}}, "/dialects/native", "is not known here"),
        (
            {"dialects": {"phixflow": {"timeout": 5}}, "standard_arn": ARN},
            "/dialects/phixflow/timeout",
            "is not known here",
        ),
    ],
)
def test_what_is_said_wrong_to_a_dialect_is_refused_at_its_place(
    members: dict[str, Any], pointer: str, said: str
) -> None:
    assert violations(EndpointDocument, an_endpoint_document(**members)) == {pointer: said}


def test_an_endpoint_has_at_most_20_aliases() -> None:
    aliases = [f"nebulagraph:{number}" for number in range(21)]
    read_back = read(EndpointDocument, an_endpoint_document(aliases=aliases[:20], standard_arn=ARN))
    assert read_back.aliases == aliases[:20]
    assert list(violations(EndpointDocument, an_endpoint_document(aliases=aliases, standard_arn=ARN))) == ["/aliases"]


def test_the_same_parameter_may_be_declared_for_two_tasks() -> None:
    parameters = [{"name": "a", "task": "q1"}, {"name": "a", "task": "q2"}, {"name": "a"}]
    assert len(read(EndpointDocument, an_endpoint_document(parameters=parameters)).parameters) == 3


@pytest.mark.parametrize(
    ("members", "accepted"),
    [
        ({}, False),
        ({"standard_arn": ARN}, True),
        ({"log_group": "/aws/vendedlogs/states/quote"}, True),
        ({"aliases": ["theeye:107"]}, True),
    ],
)
def test_a_workflow_of_nebulagraph_is_published_only_with_a_history_of_its_runs(
    members: dict[str, Any], accepted: bool
) -> None:
    document = an_endpoint_document(**{"aliases": ["nebulagraph:107"], **members})
    if accepted:
        read(EndpointDocument, document)
    else:
        assert list(violations(EndpointDocument, document)) == ["/log_group"]


@pytest.mark.parametrize(
    ("members", "accepted"),
    [
        ({}, False),
        ({"mode": "async"}, True),
        ({"standard_arn": ARN}, True),
        ({"dialects": {"phixflow": {"abandon_at_timeout": True}}}, True),
        ({"dialects": {"theeye": {}}}, True),
    ],
)
def test_an_express_run_that_phixflow_could_not_abort_is_published_only_when_that_is_said(
    members: dict[str, Any], accepted: bool
) -> None:
    document = an_endpoint_document(**{"dialects": {"phixflow": {}}, **members})
    if accepted:
        read(EndpointDocument, document)
    else:
        assert list(violations(EndpointDocument, document)) == ["/dialects/phixflow/abandon_at_timeout"]


# -- documents ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [  # RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_patch_is_merged_as_the_rfc_has_it(target: object, patch: object, expected: object) -> None:
    assert merge_patch(target, patch) == expected


def test_an_endpoints_document_reads_back_as_the_endpoint() -> None:
    endpoint = Endpoint(
        "acme",
        "a",
        "b",
        express_arn=ARN,
        title="t",
        enabled=False,
        mode="async",
        view="http",
        methods=("GET",),
        auth=("none", "password"),
        ip_allow=("10.0.0.0/8",),
        http_headers=("Set-Cookie",),
        log_group="/aws/vendedlogs/states/x",
        time_limit=90,
        keep_jobs_days=14,
        keep_payloads_days=0,
        sample={"x": [1]},
        input_schema='{"properties":{"ä":{"default":null}}}',
        output_schema='{"type":"string"}',
        output_mapping="a.b",
        aliases=("nebulagraph:107", "v10:My API"),
        parameters=(
            Parameter("a", "integer", default=1),
            Parameter("b", required=True, task="q"),
            Parameter("c", default=None),
        ),
        dialects=DialectSettings(Iolinker(), PhixFlow(timeout_ms=5), TheEye((Argument("h", optional=True),))),
        created_at=0,
        updated_at=0,
    )
    assert endpoint_at(endpoint_document(endpoint), "acme", "a", "b", endpoint) == endpoint


# -- requests ----------------------------------------------------------------------------------------------------------


@given(st.text(min_size=1, max_size=100).filter(str.isprintable))
def test_a_cursor_reads_back_and_only_for_its_own_list(after: str) -> None:
    text = cursor_for("endpoints", after)
    assert text is not None
    assert cursor_of(a_request(query={"cursor": text}), "endpoints") == after
    with pytest.raises(InvalidRequest):
        cursor_of(a_request(query={"cursor": text}), "tokens")


@given(st.text(max_size=60))
def test_a_cursor_that_no_list_gave_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        cursor_of(a_request(query={"cursor": text}), "endpoints")


@given(st.binary(max_size=60).filter(lambda body: not body.strip().startswith(b"{")))
def test_a_body_that_is_no_object_is_refused_as_such(body: bytes) -> None:
    with pytest.raises(FlowportError) as caught:
        body_of(a_request(body))
    assert (caught.value.kind, caught.value.status) == ("invalid-json", 400)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/merge-patch+json",
        'application/json;charset="utf-8"',
    ],
)
def test_json_may_be_declared_in_several_ways(content_type: str) -> None:
    assert body_of(a_request(b"{}", content_type=content_type)) == {}


@pytest.mark.parametrize(
    ("header", "matches"),
    [('"3"', True), ("*", True), ('"1", "3"', True), ('W/"3"', False), ("3", False), ('"4"', False), ("", False)],
)
def test_a_precondition_compares_strongly(header: str, matches: bool) -> None:
    precondition = precondition_of(a_request(if_match=header))
    assert precondition is not None
    if matches:
        precondition.check("endpoint 'a/b'", "3")
    else:
        with pytest.raises(PreconditionFailed):
            precondition.check("endpoint 'a/b'", "3")


def test_a_credentials_id_is_20_characters_that_nobody_can_guess() -> None:
    ids = {new_credential_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(made) == 24 and made.startswith("tok_") and made[4:].isalnum() for made in ids)


# -- cold starts -------------------------------------------------------------------------------------------------------


def test_the_gateway_function_imports_nothing_of_the_administration() -> None:
    program = (
        "import sys, flowport.wiring\n"
        "heavy = [name for name in sys.modules if name.split('.')[0] in {'pydantic', 'jwt'} or '.admin' in name"
        " or '.registry' in name or name == 'argon2']\n"
        "print(*heavy)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=LAYER, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, None),
        ({"standard_arn": None, "express_arn": ARN}, "/standard_arn"),
        ({"keep_payloads_days": 0}, "/keep_payloads_days"),
        ({"keep_payloads_days": 0, "aliases": ["theeye:61f4"]}, None),
    ],
)
def test_a_workfloplus_alias_wants_a_standard_machine_and_payloads_that_are_kept(changes: Any, field: Any) -> None:
    document = an_endpoint_document(standard_arn=ARN, aliases=["workfloplus:b62f2507"]) | changes
    if field is None:
        read(EndpointDocument, document)
    else:
        assert list(violations(EndpointDocument, document)) == [field]
