"""A stack in use is upgraded: an earlier release is deployed on an engine of its own, then today's over it.

The jobs in flight are of every kind, and calls go on all the time. What is told here is told once, after the upgrade.
"""

import json
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

import dev.deploy
from dev import engine as engines
from dev.engine import Engine
from dev.home import Home
from load.effects import Effect, tallied
from tests.e2e import earlier_release
from tests.e2e.conftest import Jobs, Local, ended
from tests.e2e.test_callbacks import Receiver, receiving

PORT: Final = 4577
# A delivery waits for as long as the slowest deployment takes: twenty attempts, eight seconds from each to the next.
PAUSES: Final = ",".join(["8"] * 20)
ASYNC: Final = {"Prefer": "respond-async"}
STRICT: Final = {
    "title": "Of an earlier release",
    "auth": ["password"],
    "ip_allow": ["127.0.0.0/8"],
    "keep_jobs_days": 9,
    "sample": {"name": "Ada"},
    "input_schema": {"type": "object", "required": ["name"]},
}


@dataclass
class Callers:
    """Call one endpoint after the other, all the time; nothing is repeated."""

    local: Local
    token: str
    stopped: threading.Event = field(default_factory=threading.Event)
    answered: list[tuple[str, str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def __enter__(self) -> None:
        """They begin as they are told to."""

    def __exit__(self, *_: object) -> None:
        self.stopped.set()

    def call(self, path: str, headers: dict[str, str]) -> None:
        with self.local.http(self.token) as client:
            client.timeout = httpx.Timeout(600)  # the engine answers nobody while it works on a stack
            while not self.stopped.wait(0.25):
                try:
                    answer = client.post(f"/v1/run/{path}", json={}, headers=headers)
                except httpx.HTTPError as error:
                    self.lost.append(f"{path}: {error!r}")
                    continue
                if answer.is_success:
                    self.answered.append((path, str(answer.json()["id"])))
                else:
                    self.lost.append(f"{path}: {answer.status_code} {answer.text}")


@dataclass
class Story:
    """The upgraded stack, and what was begun before."""

    local: Local
    caller: httpx.Client
    receiver: Receiver
    secret: str
    jobs: dict[str, str]
    callback_id: str
    held: Future[httpx.Response]
    strict: dict[str, Any]
    password: httpx.BasicAuth
    before: dict[str, str]
    callers: Callers


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """An engine of these tests' own."""
    mine = Home(tmp_path_factory.mktemp("engine"), engines.free_port(PORT))
    try:
        engines.ensure(mine)
        yield mine
    finally:
        engines.stop(mine)


@pytest.fixture(scope="module")
def earlier(home: Home, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Local]:
    """The earlier release, deployed and with nothing published."""
    tree = tmp_path_factory.mktemp("earlier")
    try:
        name = earlier_release.unpack(tree)
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\nupgrading from {name}")  # noqa: T201 - which release it was is part of the result
        earlier_release.with_pauses(tree, PAUSES)
        yield _described(home, earlier_release.deploy(tree, home, _engine(home).url))
    finally:
        shutil.rmtree(tree)


@pytest.fixture(scope="module")
def story(earlier: Local, home: Home) -> Iterator[Story]:
    """Begin jobs of every kind, upgrade, and let callers call all the while."""
    local, aws = earlier, earlier.aws("lambda")
    token = _bootstrapped(local, "default")
    with local.http(token) as admin, receiving() as receiver, ThreadPoolExecutor(8) as pool:
        machines = local.machines
        secret = _made(admin.post("/v1/admin/webhook-secrets"))["secret"]
        _publish(admin, "flow/hello", express_arn=machines["HelloExpressArn"])
        _publish(admin, "flow/express", express_arn=machines["TallyExpressArn"])
        _publish(admin, "flow/standard", standard_arn=machines["TallyStandardArn"], callback_hosts=["127.0.0.1"])
        _publish(admin, "flow/approval", standard_arn=machines["ApprovalStandardArn"], callback_hosts=["127.0.0.1"])
        run = _made(admin.post("/v1/admin/tokens", json={"name": "ci", "scopes": ["run", "jobs:read", "jobs:write"]}))
        with local.http(_bootstrapped(local, "partner")) as partner:
            strict = _publish(partner, "flow/strict", express_arn=machines["HelloExpressArn"], **STRICT)
            user = {"name": "ada", "password": "an earlier password", "scopes": ["run"]}
            _made(partner.post("/v1/admin/users", json=user))
        before = {name: _version(aws, name) for name in _functions(local)}
        receiver.answers["/pending"] = [503]
        callers = Callers(local, run["token"])
        with local.http(run["token"]) as caller, callers:

            def begin(path: str, body: Any, **headers: str) -> str:
                return str(_made(caller.post(f"/v1/run/{path}", json=body, headers=ASYNC | headers), 202)["id"])

            for path, headers in (("flow/hello", {}), ("flow/express", ASYNC), ("flow/standard", ASYNC)):
                pool.submit(callers.call, path, headers)
            callback_id = str(uuid.uuid4())
            to = receiver.url
            jobs = {
                "standard": begin("flow/standard", {"seconds": 40}),
                "express": begin("flow/express", {"seconds": 40}),
                "parked": begin("flow/approval", {"callback_id": callback_id}, **{"Callback-Url": f"{to}/parked"}),
                "deadline": begin("flow/approval", {}, **{"Flowport-Deadline": "20"}),
                "keyed": begin("flow/standard", {"seconds": 30}, **{"Idempotency-Key": "order-7"}),
                "told": begin("flow/standard", {}, **{"Callback-Url": f"{to}/pending"}),
            }
            held = pool.submit(_held, local, run["token"])
            receiver.wait_for("/pending", within=180)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(dev.deploy, "_parameters", _with_pauses(dev.deploy._parameters))
                local = _described(home, dev.deploy.deploy(home, _engine(home)))
            receiver.answers["/pending"] = [200]
            time.sleep(3)
            callers.stopped.set()
            yield Story(
                local, caller, receiver, secret, jobs, callback_id, held, strict,
                httpx.BasicAuth("partner/ada", "an earlier password"), before, callers,
            )  # fmt: skip


def test_no_call_is_lost_while_functions_move_over(story: Story) -> None:
    assert story.callers.lost == []
    paths = [path for path, _ in story.callers.answered]
    assert min(paths.count(path) for path in ("flow/hello", "flow/express", "flow/standard")) > 10


def test_a_call_that_was_waited_for_is_answered_by_the_release_that_took_it(story: Story) -> None:
    answer = story.held.result(timeout=90)
    assert (answer.status_code, answer.json()["status"]) == (200, "SUCCEEDED")


def test_every_job_ends_and_ran_once(story: Story) -> None:
    done = {job_id: ended(story.caller, job_id) for path, job_id in story.callers.answered if path != "flow/hello"}
    for name in ("standard", "express", "keyed", "told"):
        done[story.jobs[name]] = ended(story.caller, story.jobs[name])
    assert {job["status"] for job in done.values()} == {"SUCCEEDED"}
    ran = tallied(story.local.aws("dynamodb"), story.local.machines["TallyTableName"])
    assert {ran[job_id] for job_id in done} == {Effect(1, 1)}


def test_a_deadline_that_was_set_before_ends_its_job(story: Story) -> None:
    Jobs(story.local).sweep()
    assert ended(story.caller, story.jobs["deadline"])["status"] == "TIMED_OUT"


def test_a_key_from_before_leads_to_its_job_and_starts_nothing(story: Story) -> None:
    again = story.caller.post(
        "/v1/run/flow/standard", json={"seconds": 30}, headers=ASYNC | {"Idempotency-Key": "order-7"}
    )
    assert (again.is_success, again.json()["id"]) == (True, story.jobs["keyed"])


def test_a_run_that_parked_before_takes_its_answer_once_and_tells_its_end(story: Story) -> None:
    with story.local.http(None) as stranger:
        assert stranger.post(f"/v1/callbacks/{story.callback_id}", json={"approved": True}).status_code == 200
        assert stranger.post(f"/v1/callbacks/{story.callback_id}", json={"approved": False}).status_code == 409
    assert ended(story.caller, story.jobs["parked"])["output"] == {"approved": True}
    (message,) = story.receiver.wait_for("/parked")
    told: dict[str, Any] = Webhook(story.secret).verify(message.body, message.headers)
    assert (told["id"], told["status"]) == (story.jobs["parked"], "SUCCEEDED")


def test_a_delivery_that_was_under_way_goes_on_until_it_is_taken(story: Story) -> None:
    states = story.local.aws("stepfunctions")
    (run,) = _runs(states, story, "told")
    sent_again = False
    deadline = time.monotonic() + 120
    while (delivery := _delivery(story, "told"))["status"] == "pending":
        assert time.monotonic() < deadline, delivery
        if not sent_again and states.describe_execution(executionArn=run)["status"] == "FAILED":
            # An attempt whose function the engine ended while it worked on the stack and answered nobody.
            _made(story.caller.post(f"/v1/jobs/{story.jobs['told']}/deliveries/1/resend"), 202)
            sent_again = True
        time.sleep(0.5)
    messages = story.receiver.wait_for("/pending")
    assert delivery["status"] == "delivered"
    statuses = [one["http_status"] for one in delivery["attempts"]]
    assert statuses == [503] * (len(statuses) - 1) + [200]
    assert len(messages) >= len(statuses)
    assert len({message.headers["webhook-id"] for message in messages}) == 1


def test_settings_and_credentials_from_before_hold(story: Story) -> None:
    with story.local.http(_bootstrapped(story.local, "partner")) as partner:
        found = partner.get("/v1/admin/endpoints/flow/strict").json()
    assert {name: found[name] for name in story.strict} == story.strict
    with story.local.http(None, auth=story.password) as client:
        assert client.post("/v1/run/flow/strict", json={"name": "Ada"}).status_code == 200
        assert client.post("/v1/run/flow/strict", json={}).status_code == 422
    with story.local.http(None) as stranger:
        named = {"Flowport-Workspace": "partner"}
        assert stranger.post("/v1/run/flow/strict", json={"name": "Ada"}, headers=named).status_code == 401


def test_each_function_is_called_through_an_alias_that_leads_to_what_was_deployed(story: Story) -> None:
    aws = story.local.aws("lambda")
    for name in _functions(story.local):
        assert _version(aws, name) not in {"", story.before[name]}
        newest = aws.get_function_configuration(FunctionName=name)
        served = aws.get_function_configuration(FunctionName=f"{name}:live")
        for member in ("CodeSha256", "Environment", "Layers", "Timeout", "Role"):
            assert served[member] == newest[member], (name, member)


def test_a_parameter_alone_reaches_every_function_and_one_move_takes_a_function_back(story: Story) -> None:
    aws, stacks = story.local.aws("lambda"), story.local.aws("cloudformation")
    functions = _functions(story.local)
    before = {name: _version(aws, name) for name in functions}
    known = stacks.describe_stacks(StackName="flowport")["Stacks"][0]["Parameters"]
    kept = [{"ParameterKey": one["ParameterKey"], "UsePreviousValue": True} for one in known]
    changed = [one for one in kept if one["ParameterKey"] != "LogLevel"]
    stacks.update_stack(
        StackName="flowport",
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[*changed, {"ParameterKey": "LogLevel", "ParameterValue": "DEBUG"}],
    )
    _until(lambda: stacks.describe_stacks(StackName="flowport")["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE")
    assert {name: _level(aws, name) for name in functions} == dict.fromkeys(functions, "DEBUG")
    for name in functions:
        aws.update_alias(FunctionName=name, Name="live", FunctionVersion=before[name])
    assert {name: _level(aws, name) for name in functions} == dict.fromkeys(functions, "INFO")
    job = _made(story.caller.post("/v1/run/flow/express", json={}, headers=ASYNC), 202)
    assert ended(story.caller, job["id"])["status"] == "SUCCEEDED"


def _delivery(story: Story, name: str) -> dict[str, Any]:
    (found,) = story.caller.get(f"/v1/jobs/{story.jobs[name]}/deliveries").json()["items"]
    return dict(found)


def _runs(states: Any, story: Story, name: str) -> list[str]:
    """Give the executions that deliver the callback of a job."""
    machine = story.local.outputs["DeliverMachineArn"]
    listed = states.list_executions(stateMachineArn=machine)["executions"]
    return [one["executionArn"] for one in listed if story.jobs[name] in one["name"]]


def _engine(home: Home) -> Engine:
    engine = engines.find(home)
    assert engine is not None
    return engine


def _described(home: Home, outputs: dict[str, dict[str, str]]) -> Local:
    """Write what the tests' clients need to know of a deployment."""
    engine = _engine(home)
    described = {
        "base_url": dev.deploy.base_url(engine, outputs["flowport"]),
        "engine_url": engine.url,
        "samples": {},
        "outputs": outputs["flowport"],
        "samples_outputs": outputs["flowport-samples"],
    }
    home.local_json.write_text(json.dumps(described))
    return Local(home.local_json)


def _with_pauses(parameters: Callable[[Any], list[str]]) -> Callable[[Any], list[str]]:
    """Deploy with the pauses that the earlier release has: how long a delivery lasts is no part of the upgrade."""

    def changed(stack: Any) -> list[str]:
        return [f"CallbackPauses={PAUSES}" if one.startswith("CallbackPauses=") else one for one in parameters(stack)]

    return changed


def _bootstrapped(local: Local, workspace: str) -> str:
    """Give a new admin token of a workspace, whatever release is deployed."""
    answer = local.aws("lambda").invoke(
        FunctionName=local.outputs["AdminFunctionName"],
        Payload=json.dumps({"flowport": "bootstrap", "workspace": workspace}).encode(),
    )
    return str(json.loads(answer["Payload"].read())["token"])


def _made(answer: httpx.Response, status: int = 201) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def _publish(admin: httpx.Client, path: str, **spec: Any) -> dict[str, Any]:
    return _made(admin.put(f"/v1/admin/endpoints/{path}", json=spec))


def _held(local: Local, token: str) -> httpx.Response:
    """Call synchronously, and wait longer than functions take to be replaced."""
    with local.http(token) as client:
        client.timeout = httpx.Timeout(600)
        return client.post("/v1/run/flow/express", json={"seconds": 60})


def _functions(local: Local) -> list[str]:
    """Name the functions of Flowport's own stack."""
    pages = local.aws("cloudformation").get_paginator("list_stack_resources").paginate(StackName="flowport")
    return [
        one["PhysicalResourceId"]
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] == "AWS::Lambda::Function"
    ]


def _version(aws: Any, function: str) -> str:
    """Give the version to which a function's alias leads; nothing where it has no alias."""
    try:
        return str(aws.get_alias(FunctionName=function, Name="live")["FunctionVersion"])
    except aws.exceptions.ResourceNotFoundException:
        return ""


def _level(aws: Any, function: str) -> str:
    served = aws.get_function_configuration(FunctionName=f"{function}:live")
    return str(served["Environment"]["Variables"]["LOG_LEVEL"])


def _until(reached: Callable[[], bool], within: float = 120) -> None:
    deadline = time.monotonic() + within
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.5)
