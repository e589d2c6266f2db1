"""Job ids, execution names, and what a caller may call a job."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport.domain import ids
from tests.fakes import ACCOUNT, STANDARD_ARN

REQUEST_ID = "JJbxmFmGIAMFxxx="
JOB_ID = "7cdeaf6f-55e4-8f08-9f52-8b24c2d68be3"


def test_a_new_job_id_is_a_uuid_of_version_8_and_never_the_same() -> None:
    made = [ids.new_job_id() for _ in range(100)]
    assert len(set(made)) == 100
    assert {uuid.UUID(job_id).version for job_id in made} == {8}
    assert {uuid.UUID(job_id).variant for job_id in made} == {uuid.RFC_4122}


def test_a_request_has_one_job_id_which_is_its_hash() -> None:
    first, second = ids.job_id_of_request(REQUEST_ID), ids.job_id_of_request(REQUEST_ID)
    assert first == second == EXPECTED_OF_REQUEST
    assert ids.job_id_of_request(REQUEST_ID + "x") != first


EXPECTED_OF_REQUEST = "4da54768-76f2-8ac3-88f8-de4f8145f1dc"


def test_an_execution_is_named_after_its_job() -> None:
    assert ids.execution_name(JOB_ID) == f"fp-{JOB_ID}"
    assert len(ids.execution_name(JOB_ID)) <= 80
    assert ids.job_id_of_execution(f"fp-{JOB_ID}") == JOB_ID


@pytest.mark.parametrize(
    "name",
    [
        JOB_ID,
        f"fp-{JOB_ID.upper()}",
        "fp-",
        "fp-hello",
        f"xfp-{JOB_ID}",
        f"fp-{uuid.UUID(int=5)}",
        f"fp-{uuid.uuid4()}",
        f"fp-{JOB_ID}-2",
        "fp-" + JOB_ID.replace("-", ""),
    ],
)
def test_the_name_of_a_foreign_execution_names_no_job(name: str) -> None:
    assert ids.job_id_of_execution(name) is None


def test_the_arn_of_a_standard_execution_is_known_before_its_start() -> None:
    assert ids.standard_execution_arn(STANDARD_ARN, JOB_ID) == f"{ACCOUNT}:execution:durable:fp-{JOB_ID}"


@pytest.mark.parametrize("qualifier", ["3", "PROD"])
def test_an_execution_of_a_version_or_alias_is_called_by_its_machine(qualifier: str) -> None:
    qualified = f"{STANDARD_ARN}:{qualifier}"
    assert ids.unqualified_machine_arn(qualified) == ids.unqualified_machine_arn(STANDARD_ARN) == STANDARD_ARN
    assert ids.standard_execution_arn(qualified, JOB_ID) == f"{ACCOUNT}:execution:durable:fp-{JOB_ID}"


@pytest.mark.parametrize(
    ("reference", "job_id"),
    [
        (JOB_ID, JOB_ID),
        (JOB_ID.upper(), JOB_ID),
        (f"{ACCOUNT}:execution:durable:fp-{JOB_ID}", JOB_ID),
        (f"{ACCOUNT}:express:quick:fp-{JOB_ID}:5d3f1a9c-0d0b-4f0a-9a5e-0a2d6f1e2b3c", JOB_ID),
        (f"arn:aws-cn:states:cn-north-1:123456789012:execution:durable:fp-{JOB_ID}", JOB_ID),
        (REQUEST_ID, EXPECTED_OF_REQUEST),
        # another UUID version is never a job id, so it is a request id
        ("5d3f1a9c-0d0b-4f0a-9a5e-0a2d6f1e2b3c", ids.job_id_of_request("5d3f1a9c-0d0b-4f0a-9a5e-0a2d6f1e2b3c")),
    ],
)
def test_a_job_is_found_by_each_of_its_names(reference: str, job_id: str) -> None:
    assert ids.resolve_job_reference(reference) == job_id


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "a b",
        "a/b",
        "ü",
        "x" * 129,
        f"{ACCOUNT}:execution:durable:hello",
        f"arn:aws:s3:::fp-{JOB_ID}",
        "{" + JOB_ID + "}",
    ],
)
def test_what_can_be_no_name_of_a_job_is_none(reference: str) -> None:
    assert ids.resolve_job_reference(reference) is None


@given(st.text())
def test_any_reference_resolves_to_a_job_id_or_to_nothing(reference: str) -> None:
    job_id = ids.resolve_job_reference(reference)
    assert job_id is None or uuid.UUID(job_id).version == 8


def test_a_job_id_in_decimal_is_its_128_bits() -> None:
    assert ids.decimal_of_job_id(JOB_ID) == "165980519622513514478419369944709237731"


@given(st.binary(min_size=1))
def test_a_job_id_in_decimal_leads_back_to_it(seed: bytes) -> None:
    job_id = ids.job_id_of_request(seed.hex())
    assert ids.job_id_of_decimal(ids.decimal_of_job_id(job_id)) == job_id
    assert ids.resolve_job_reference(ids.decimal_of_job_id(job_id)) == job_id


@pytest.mark.parametrize(
    "text", ["213996969363910656", "9" * 39, "1" * 40, "0" + "1" * 37, "-1", "", "1" * 15, "\u0661" * 37]
)
def test_a_decimal_that_is_no_job_id_is_none(text: str) -> None:
    assert ids.job_id_of_decimal(text) is None
