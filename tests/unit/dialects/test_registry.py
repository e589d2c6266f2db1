"""A request is read by its family's code alone: the others' is not even imported."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from flowport.dialects import REGISTRY
from tests.errors import kinds

CORE = Path(__file__).parents[3] / "layers" / "core"
DIALECTS = CORE / "flowport" / "dialects"
# Everything that the function imports when it starts, then one request through parse and refuse.
ONE_CALL = """
import sys
from flowport import wiring
from flowport.dialects import dialect_of
from flowport.dialects.wire import HttpRequest
from flowport.domain.errors import FlowportError, Unavailable

segments = tuple(sys.argv[1].split("/")[1:])
request = HttpRequest("POST", sys.argv[1], segments, {}, {}, b"{}", "192.0.2.1", "https://api.example.com/prod", "x=")
dialect = dialect_of(request)
try:
    dialect.parse(request)
except FlowportError:
    pass
dialect.refuse(request, Unavailable("Busy."))
names = {name.split(".")[2] for name in sys.modules if name.startswith("flowport.dialects.")}
print(dialect.name, *sorted(names))
"""
A_CALL = {
    "native": "/v1/run/billing/quote",
    "iolinker": "/v1/api/acme/billing/quote",
    "phixflow": "/acme/api/1/action/billing/quote/trigger",
    "workfloplus": "/jobs/v1/basicSync",
    "theeye": "/acme/task/61f4/job",
    "nebulagraph": "/api-open/v1/workflows/1/jobs",
}


@pytest.mark.parametrize("name", REGISTRY)
def test_a_call_imports_no_other_dialect_but_the_native_one(name: str) -> None:
    command = [sys.executable, "-c", ONE_CALL, A_CALL[name]]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(CORE), "AWS_DEFAULT_REGION": "us-east-1"}, capture_output=True, check=True
    )
    spoken, *imported = done.stdout.decode().split()
    assert spoken == name
    assert set(imported) & set(REGISTRY) == {"native", name}


def test_a_dialect_is_made_once() -> None:
    assert REGISTRY["iolinker"] is REGISTRY["iolinker"]
    assert len(REGISTRY) == len(set(REGISTRY))
    assert "no such family" not in REGISTRY


def test_every_kind_of_error_that_the_code_has_is_one_that_the_dialects_are_held_to() -> None:
    written = re.compile(r'^    kind(?:: ClassVar\[str\])? = "([a-z-]+)"', re.MULTILINE)
    sources = "\n".join(path.read_text() for path in (CORE / "flowport").rglob("*.py"))
    told = {kind.kind for kind in kinds()}
    assert set(written.findall(sources)) == told
    assert {"rate-limited", "too-many-jobs", "too-many-attempts", "input-invalid", "output-mapping-failed"} < told


@pytest.mark.parametrize("name", REGISTRY)
def test_a_dialect_is_one_module_or_a_package_of_few_files(name: str) -> None:
    module, package = DIALECTS / f"{name}.py", DIALECTS / name
    assert module.exists() != package.exists()
    # What the native one needs for a run is apart from its other routes, so that a run imports nothing else.
    assert len(list(package.glob("*.py"))) <= (7 if name == "native" else 3)


@pytest.mark.parametrize("name", REGISTRY)
def test_a_dialect_knows_no_other_family_but_the_native_one(name: str) -> None:
    files = [DIALECTS / f"{name}.py"] if (DIALECTS / f"{name}.py").exists() else list((DIALECTS / name).glob("*.py"))
    imported = {found for file in files for found in re.findall(r"flowport\.dialects\.(\w+)", file.read_text())}
    assert imported & set(REGISTRY) <= {name, "native"}
