"""A name reaches every dialect decoded once, out of the path as API Gateway hands it on.

Most families' paths name an endpoint, the others' a job or a task. In the events the module is `My API`, the name
`a+b/ü50%25`, written `a+b%2F%C3%BC50%2525`: a second decoding, a `+` that becomes a space and a `%2F` that splits each
lead to an endpoint that is published beside it.
"""

from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from flowport.adapters.api_gateway import request_of
from flowport.dialects import REGISTRY, dialect_of
from flowport.domain.dialect_settings import DialectSettings, PhixFlow
from flowport.domain.records import Endpoint
from tests.functional.harness import EXPRESS_ARN, Aws, Handler, event

NAME = "a+b/ü50%25"
# Families whose paths name an endpoint; and those in which people's names stand for something else alone.
OF_ENDPOINTS = ("native", "iolinker", "phixflow", "theeye")
OF_OTHERS = ("workfloplus", "nebulagraph")
WRITTEN = ("%C3%BC", "%c3%bc", "ü")
MEANT = Endpoint(
    "default",
    "My API",
    NAME,
    express_arn=EXPRESS_ARN,
    auth=("none",),
    dialects=DialectSettings(phixflow=PhixFlow(abandon_at_timeout=True)),
)
# Where a path is decoded twice, not at all, as a query is, or before it is split.
OTHERS = [
    replace(MEANT, name="a+b/ü50%"),
    replace(MEANT, name="a+b%2F%C3%BC50%2525"),
    replace(MEANT, module="My%20API"),
    replace(MEANT, name="a b/ü50%25"),
    replace(MEANT, name="a+b"),
]


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("dialect", OF_ENDPOINTS)
def test_a_name_is_decoded_exactly_once(
    dialect: str, written: str, published: Aws, load: Callable[..., Handler]
) -> None:
    published.put(MEANT, *OTHERS)
    path = event(f"apigateway/names_{dialect}")["path"].replace("%C3%BC", written)
    answer = load("GatewayFunction")(event(f"apigateway/names_{dialect}", path=path), None)
    ran = [published.job(job_id)["endpoint"] for job_id in published.jobs()]
    assert ran == ["My API/a+b%2Fü50%2525"], answer["body"]


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("dialect", OF_OTHERS)
def test_any_other_name_is_decoded_exactly_once(dialect: str, written: str) -> None:
    path = event(f"apigateway/names_{dialect}")["path"].replace("%C3%BC", written)
    request = request_of(event(f"apigateway/names_{dialect}", path=path))
    command = dialect_of(request).parse(request)
    assert NAME in [getattr(command, field.name) for field in fields(command)]


def test_every_dialect_has_an_event_for_its_names() -> None:
    assert set(REGISTRY) == {*OF_ENDPOINTS, *OF_OTHERS}
