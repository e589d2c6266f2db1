"""An endpoint's name reaches every dialect decoded once, out of the path as API Gateway hands it on.

The events' path names the module `My API` and the name `a+b/ü50%25`: as `a+b%2F%C3%BC50%2525`, in which a second
decoding, a `+` that becomes a space and a `%2F` that splits each lead to an endpoint that is published beside it.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from flowport.dialects import REGISTRY
from flowport.domain.dialect_settings import DialectSettings, PhixFlow
from flowport.domain.records import Endpoint
from tests.functional.harness import EXPRESS_ARN, Aws, Handler, event

MEANT = Endpoint(
    "default",
    "My API",
    "a+b/ü50%25",
    express_arn=EXPRESS_ARN,
    auth=("none",),
    dialects=DialectSettings(phixflow=PhixFlow(abandon_at_timeout=True)),
)
NAMED = [name for name in REGISTRY if name in {"native", "iolinker", "phixflow", "theeye"}]
# Where a path is decoded twice, not at all, as a query is, or before it is split.
OTHERS = [
    replace(MEANT, name="a+b/ü50%"),
    replace(MEANT, name="a+b%2F%C3%BC50%2525"),
    replace(MEANT, module="My%20API"),
    replace(MEANT, name="a b/ü50%25"),
    replace(MEANT, name="a+b"),
]


@pytest.mark.parametrize("written", ["%C3%BC", "%c3%bc", "ü"])
@pytest.mark.parametrize("dialect", NAMED)
def test_a_name_is_decoded_exactly_once(
    dialect: str, written: str, published: Aws, load: Callable[..., Handler]
) -> None:
    published.put(MEANT, *OTHERS)
    path = event(f"apigateway/names_{dialect}")["path"].replace("%C3%BC", written)
    answer = load("GatewayFunction")(event(f"apigateway/names_{dialect}", path=path), None)
    ran = [published.job(job_id)["endpoint"] for job_id in published.jobs()]
    assert ran == ["My API/a+b%2Fü50%2525"], answer["body"]
