"""Each function in a container, as `sam local` runs it, with the tables of an engine of its own: `tests/sam_local/run`.

What is invoked are the event files as they are; what the functions answer and leave in the tables is compared.
"""

import asyncio
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dev import engine as engines
from dev.deploy import client
from dev.home import ROOT, Home
from dev.up import Up, bring_up, stop
from flowport.adapters.clock import SystemClock
from flowport.adapters.jobs_table import DynamoJobStore
from flowport.domain import ids
from flowport.domain.job import Job
from tests.sam_local.connect import bridge_address, connect, example_token, forward, processor

PORT = 4568
# sam prefers the shell's value of a variable to the template's: it gets nothing but what it needs.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "XDG_RUNTIME_DIR")
C_LIBRARY = ("librt.so.1", "libdl.so.2", "libpthread.so.0", "libutil.so.1")
EVENTS = ROOT / "events"
API_OF_THE_EVENTS = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod"


@dataclass(frozen=True)
class Sam:
    """The `sam local` commands."""

    template: Path
    environment: Mapping[str, str]

    def command(self, name: str, *arguments: str) -> list[str]:
        return ["sam", "local", name, *arguments, "--template", str(self.template), "--skip-pull-image"]

    def invoke(self, function: str, event: str) -> Any:
        """Run `sam local invoke` with an event file and give what the function returned."""
        done = subprocess.run(
            self.command("invoke", function, "--event", str(EVENTS / f"{event}.json")),
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=ROOT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = done.stdout.strip().splitlines()
        returned = json.loads(lines[-1]) if lines else None
        assert not isinstance(returned, dict) or "errorMessage" not in returned, done.stdout + done.stderr
        return returned


@pytest.fixture(scope="module")
def running() -> Iterator[Up]:
    """An engine with both stacks and the samples, whose own sweep does not interfere."""
    home = Home(ROOT / ".flowport-sam-local", engines.free_port(PORT))
    try:
        running = bring_up(home)
        events = client("events", running.engine)
        for rule in events.list_rules()["Rules"]:
            if rule.get("ScheduleExpression"):
                events.disable_rule(Name=rule["Name"])
        yield running
    finally:
        stop(home)


@pytest.fixture(scope="module")
def image() -> None:
    """Complete a stand-in for Amazon's image: wheels are linked to parts of the C library that Python is not."""
    name = f"public.ecr.aws/lambda/python:3.13-{processor()}"
    load = "import ctypes, sys; [ctypes.CDLL(name) for name in sys.argv[1:]]"
    python = ("run", "--rm", "--entrypoint", "/var/lang/bin/python3.13", name, "-c", load)
    if docker("image", "inspect", name).returncode != 0 or docker(*python, *C_LIBRARY).returncode == 0:
        return
    container = docker("create", name, "true").stdout.strip()
    for library in C_LIBRARY:
        (found,) = {path.resolve() for path in Path("/lib").glob(f"*-linux-gnu/{library}")}
        docker("cp", str(found), f"{container}:/var/lang/lib/{library}")
    docker("commit", container, name)
    docker("rm", container)
    assert docker(*python, *C_LIBRARY).returncode == 0


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["docker", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def sam(running: Up, image: None) -> Sam:
    """`sam local`, connected with that engine."""
    port = running.engine.port
    address = bridge_address()
    if address is not None:
        threading.Thread(target=lambda: asyncio.run(forward(address, port)), daemon=True).start()
    template = connect(Home(ROOT / ".flowport-sam-local", port), running.engine)
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    return Sam(template, environment)


@pytest.fixture(scope="module")
def jobs(running: Up) -> DynamoJobStore:
    """The engine's jobs."""
    return DynamoJobStore(client("dynamodb", running.engine), running.local["outputs"]["JobsTableName"], SystemClock())


def accepted(jobs: DynamoJobStore, job_id: str, machine: str, arn: str) -> None:
    """Put an asynchronous job into the table that nobody has started, and that the sweep may look at."""
    now = SystemClock().now()
    job = Job(
        id=job_id,
        workspace="default",
        endpoint="samples/report",
        status="ACCEPTED",
        mode="async",
        machine_type="EXPRESS" if machine == "EXPRESS" else "STANDARD",
        state_machine_arn=arn,
        principal="token:tok_events",
        created_at=now,
        attempt=ids.new_attempt_id(),
        execution_arn=None if machine == "EXPRESS" else ids.standard_execution_arn(arn, job_id),
        input='{"seconds":1}',
        keep_ms=3_600_000,
        check_at=now,
    )
    assert jobs.create(job) is None


def ended(jobs: DynamoJobStore, job_id: str) -> Job:
    """Wait for a job's end."""
    for _ in range(100):
        job = jobs.get(job_id)
        assert job is not None
        if job.ended:
            return job
        time.sleep(0.2)
    pytest.fail(f"{job_id} has not ended in 20 s")


def described(name: str) -> dict[str, Any]:
    """Give the `detail` of an EventBridge event file."""
    detail: dict[str, Any] = json.loads((EVENTS / "eventbridge" / f"{name}.json").read_text())["detail"]
    return detail


# -- sam local invoke --------------------------------------------------------------------------------------------------


def test_the_gateway_function_runs_a_workflow_and_answers_with_its_output(sam: Sam, jobs: DynamoJobStore) -> None:
    answer = sam.invoke("GatewayFunction", "apigateway/run_sync")

    assert answer["statusCode"] == 200, answer
    job = json.loads(answer["body"])
    assert (job["status"], job["output"]["total_cents"]) == ("SUCCEEDED", 900)
    assert answer["headers"]["Location"] == f"{API_OF_THE_EVENTS}/v1/jobs/{job['id']}"
    assert ended(jobs, job["id"]).principal == "token:tok_events"


def test_the_gateway_function_hands_an_asynchronous_run_over(sam: Sam, jobs: DynamoJobStore) -> None:
    answer = sam.invoke("GatewayFunction", "apigateway/run_async_express")

    assert answer["statusCode"] == 202, answer
    assert ended(jobs, json.loads(answer["body"])["id"]).status == "SUCCEEDED"


def test_the_admin_function_lists_the_endpoints(sam: Sam) -> None:
    answer = sam.invoke("AdminFunction", "apigateway/admin_list_endpoints")

    assert answer["statusCode"] == 200, answer
    assert "samples/hello" in {item["endpoint"] for item in json.loads(answer["body"])["items"]}


def test_the_admin_function_bootstraps_by_direct_invocation(sam: Sam) -> None:
    answer = sam.invoke("AdminFunction", "lambda/bootstrap")

    assert (answer["workspace"], answer["created"]) == ("default", False)
    assert answer["token"].startswith("fp_default_")


def test_the_function_for_detached_runs_claims_runs_and_records(sam: Sam, running: Up, jobs: DynamoJobStore) -> None:
    # The job that the event file names may have been run before, by the engine's own function.
    job_id = json.loads((EVENTS / "lambda" / "run_express.json").read_text())["job_id"]
    table = running.local["outputs"]["JobsTableName"]
    client("dynamodb", running.engine).delete_item(TableName=table, Key={"job_id": {"S": job_id}, "item": {"S": "job"}})
    accepted(jobs, job_id, "EXPRESS", running.local["samples_outputs"]["ReportExpressArn"])

    sam.invoke("RunExpressFunction", "lambda/run_express")

    job = jobs.get(job_id)
    assert job is not None
    assert (job.status, json.loads(job.output or "null")["seconds"]) == ("SUCCEEDED", 1)


def test_the_recorder_ends_the_job_that_its_event_is_about(sam: Sam, jobs: DynamoJobStore) -> None:
    detail = described("execution_succeeded")
    job_id = ids.job_id_of_execution(detail["name"])
    assert job_id is not None
    accepted(jobs, job_id, "STANDARD", detail["stateMachineArn"])

    sam.invoke("RecordCompletionFunction", "eventbridge/execution_succeeded")

    job = jobs.get(job_id)
    assert job is not None
    assert (job.status, job.output, job.finished_at) == ("SUCCEEDED", detail["output"], detail["stopDate"])


def test_the_sweep_starts_what_was_accepted_and_never_started(sam: Sam, running: Up, jobs: DynamoJobStore) -> None:
    job_id = ids.new_job_id()
    accepted(jobs, job_id, "STANDARD", running.local["samples_outputs"]["ReportStandardArn"])

    assert sam.invoke("SweepJobsFunction", "eventbridge/every_minute") == {"started": 1}

    assert ended(jobs, job_id).status == "SUCCEEDED"


# -- sam local start-api -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def api(sam: Sam) -> Iterator[str]:
    """`sam local start-api` in the background: the API's address."""
    port = engines.free_port(3000)
    log = sam.template.with_name("sam-local-start-api.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            sam.command("start-api", "--port", str(port), "--warm-containers", "LAZY"),
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(sam.environment),
            cwd=ROOT,
        )
        try:
            for _ in range(300):
                if b"Press CTRL+C to quit" in log.read_bytes():
                    break
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: str

    def json(self) -> Any:
        return json.loads(self.body)


def call(method: str, url: str, body: object = None, **headers: str) -> Answer:
    """Call the API with the events' token, unless another `Authorization` is given."""
    sent = {"Authorization": f"Bearer {example_token()}", "Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    request = urllib.request.Request(  # noqa: S310 - the API's own address
        url, method=method, data=None if body is None else json.dumps(body).encode(), headers=sent
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return Answer(answer.status, dict(answer.headers), answer.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, dict(error.headers), error.read().decode())


def test_a_workflow_is_called_over_http_and_its_links_can_be_followed(api: str) -> None:
    answer = call("POST", f"{api}/v1/run/samples/hello", {})

    assert (answer.status, answer.json()["output"]) == (200, {"name": "hello world"}), answer.body
    assert answer.headers["Location"] == answer.json()["links"]["self"]
    assert call("GET", answer.headers["Location"]).json() == answer.json()
    assert call("GET", answer.json()["links"]["input"]).json() == {}


def test_an_asynchronous_call_over_http_ends_where_its_location_says(api: str) -> None:
    answer = call("POST", f"{api}/v1/run/samples/report", {"seconds": 1}, Prefer="respond-async")

    assert answer.status == 202, answer.body
    job = call("GET", f"{answer.headers['Location']}?wait=20").json()
    assert (job["status"], job["output"]["seconds"]) == ("SUCCEEDED", 1)


def test_a_call_without_a_valid_token_is_401_over_http(api: str) -> None:
    answer = call("POST", f"{api}/v1/run/samples/hello", {}, Authorization="Bearer fp_default_wrong")

    assert answer.status == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Flowport-Error-Source"] == "gateway"


def test_the_admin_routes_reach_the_admin_function(api: str) -> None:
    answer = call("GET", f"{api}/v1/admin/endpoints/samples/hello")

    assert (answer.status, answer.json()["endpoint"]) == (200, "samples/hello"), answer.body
