"""The sample endpoints: published with the flowport command, as a person would."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from dev import workfloplus
from dev.deploy import SAMPLES_STACK
from dev.iolinker import OWNERS
from dev.nebulagraph import PUBLISHED
from dev.phixflow import ACTIONS
from dev.tools import flowport_json


@dataclass(frozen=True, slots=True)
class Sample:
    """An endpoint of module `samples`, the workflow it runs and which of its machines it is given."""

    name: str
    workflow: str
    machines: tuple[str, ...]
    request: dict[str, Any]
    methods: tuple[str, ...] = ("POST",)
    aliases: tuple[str, ...] = ()


BOTH = ("Express", "Standard")
# An id as TheEye makes them.
THEEYE_TASK = "61f42a86d3c1f20017a5e9b4"
RECORDS = [{"id": "1", "email": "ada@example.com"}, {"id": "2", "email": "nobody"}]
SAMPLES = (
    Sample("hello", "hello", BOTH, {}, ("GET", "POST")),
    Sample("hello-standard", "hello", ("Standard",), {}, ("GET", "POST")),
    Sample("quote", "quote", BOTH, {"items": [{"sku": "tea", "quantity": 2}]}),
    Sample("report", "report", BOTH, {"seconds": 2}),
    Sample("report-express", "report", ("Express",), {"seconds": 2}),
    Sample("report-standard", "report", ("Standard",), {"seconds": 2}),
    Sample("approval", "approval", ("Standard",), {"question": "May it go out?"}),
    Sample("import-records", "import-records", BOTH, {"records": RECORDS}),
    Sample(
        "rest-api-response",
        "rest-api-response",
        BOTH,
        {"task_arguments": [100]},
        aliases=(f"theeye:{THEEYE_TASK}",),
    ),
)


def publish(outputs: dict[str, str], environment: dict[str, str]) -> dict[str, str]:
    """Publish every sample (again: it replaces); give name -> endpoint."""
    for sample in SAMPLES:
        flowport_json(f"Publishing samples/{sample.name}", _arguments(sample, outputs), environment)
    return {sample.name: f"samples/{sample.name}" for sample in SAMPLES}


def dialects(workspace: str, token: str) -> dict[str, dict[str, str]]:
    """Give what a client of each family is configured with."""
    return {"theeye": {"customer": workspace, "task": THEEYE_TASK, "access_token": token}}


def samples_version() -> str:
    """Change whenever a sample is published differently."""
    described = (SAMPLES, OWNERS, ACTIONS, PUBLISHED, workfloplus.SCOPES, workfloplus.OPTIONS)
    return hashlib.sha256(repr(described).encode()).hexdigest()[:16]


def _arguments(sample: Sample, outputs: dict[str, str]) -> list[str]:
    stem = "".join(part.capitalize() for part in sample.workflow.split("-"))
    arguments = ["publish", f"samples/{sample.name}", "--sample", json.dumps(sample.request)]
    for machine in sample.machines:
        arguments += [f"--{machine.lower()}", outputs[f"{stem}{machine}Arn"]]
    for method in sample.methods:
        arguments += ["--method", method]
    for alias in sample.aliases:
        arguments += ["--alias", alias]
    return [*arguments, "--log-group", f"/aws/vendedlogs/states/{SAMPLES_STACK}-{sample.workflow}"]
