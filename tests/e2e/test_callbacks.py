"""Completion callbacks on the deployed stack, received on loopback and verified by the published library."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.e2e.conftest import Jobs, Local, ended


@dataclass(frozen=True)
class Message:
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    def verified_by(self, secret: str) -> dict[str, Any]:
        """Give the job document, as a receiver with that secret reads it."""
        verified: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return verified


@dataclass
class Receiver:
    """Answers each path with its statuses in order, the last one again and again; 200 by default."""

    url: str = ""
    answers: dict[str, list[int]] = field(default_factory=dict)
    received: list[Message] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, message: Message) -> int:
        with self.arrived:
            self.received.append(message)
            self.arrived.notify_all()
            answers = self.answers.get(message.path, [200])
            return answers.pop(0) if len(answers) > 1 else answers[0]

    def wait_for(self, path: str, count: int = 1, within: float = 60) -> list[Message]:
        """Wait until so many messages have come in under a path."""
        deadline = time.monotonic() + within
        with self.arrived:
            while len(found := [message for message in self.received if message.path == path]) < count:
                left = deadline - time.monotonic()
                assert left > 0, f"{len(found)} of {count} messages came to {path}"
                self.arrived.wait(left)
        return found


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive callbacks on loopback for as long as this lasts."""
    mine = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = mine.take(Message(self.path, headers, body, time.monotonic()))
            self.send_response(status)
            if status in {301, 302, 307}:
                self.send_header("location", f"{mine.url}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mine.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield mine
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as mine:
        yield mine


@pytest.fixture(scope="module")
def secret(admin: httpx.Client) -> str:
    """The workspace's current secret: a new one, with whatever was valid before retired."""
    for old in admin.get("/v1/admin/webhook-secrets").json()["items"][1:]:
        assert admin.delete(f"/v1/admin/webhook-secrets/{old['id']}").status_code == 204
    made = admin.post("/v1/admin/webhook-secrets")
    assert made.status_code == 201, made.text
    return str(made.json()["secret"])


@pytest.fixture
def published(
    endpoint: Callable[..., str], local: Local, receiver: Receiver, secret: str
) -> Callable[..., tuple[str, str]]:
    """Publish an endpoint of both machines that allows callbacks to the receiver, at a path of its own."""

    def publish(*, own: bool = False, **spec: Any) -> tuple[str, str]:
        made = endpoint(
            standard_arn=local.machines["HelloStandardArn"],
            callback_hosts=["127.0.0.1"],
            callback_url=f"{receiver.url}/own" if own else None,
            **spec,
        )
        return made, f"/{made}"

    return publish


def delivered(client: httpx.Client, job_id: str, status: str = "delivered", within: float = 60) -> dict[str, Any]:
    """Wait until the log says how the job's first delivery stands."""
    deadline = time.monotonic() + within
    while True:
        answer = client.get(f"/v1/jobs/{job_id}/deliveries")
        assert answer.status_code == 200, answer.text
        first: dict[str, Any] = answer.json()["items"][0]
        if first["status"] == status:
            return first
        assert time.monotonic() < deadline, first
        time.sleep(0.2)


@pytest.mark.parametrize("prefer", [None, "respond-async"], ids=["sync Express", "async Standard"])
def test_the_end_of_a_job_is_posted_and_verified_by_its_receiver(
    published: Callable[..., tuple[str, str]], caller: httpx.Client, receiver: Receiver, secret: str, prefer: str | None
) -> None:
    path, hook = published()
    headers = {"Callback-Url": f"{receiver.url}{hook}?key=1"} | ({"Prefer": prefer} if prefer else {})
    job_id = caller.post(f"/v1/run/{path}", json={"name": "Ada"}, headers=headers).headers["Flowport-Job-Id"]
    (message,) = receiver.wait_for(f"{hook}?key=1")
    job = ended(caller, job_id)
    assert message.verified_by(secret) == job
    assert message.headers["content-type"] == "application/json"
    assert message.headers["webhook-id"] == f"msg_{job_id}_1"
    assert caller.get(job["links"]["self"]).json() == job
    log = delivered(caller, job_id)
    assert log["url"] == f"{receiver.url}{hook}?…"
    assert [(attempt["http_status"], attempt["error"]) for attempt in log["attempts"]] == [(200, None)]


def test_an_async_express_run_is_posted_when_it_has_ended(
    endpoint: Callable[..., str], caller: httpx.Client, receiver: Receiver, secret: str
) -> None:
    path = endpoint(callback_hosts=["127.0.0.1"])
    headers = {"Callback-Url": f"{receiver.url}/detached", "Prefer": "respond-async"}
    job_id = caller.post(f"/v1/run/{path}", json={}, headers=headers).headers["Flowport-Job-Id"]
    (message,) = receiver.wait_for("/detached")
    assert message.verified_by(secret) == ended(caller, job_id)


def test_an_endpoints_own_callback_comes_besides_the_calls(
    published: Callable[..., tuple[str, str]], caller: httpx.Client, receiver: Receiver, secret: str
) -> None:
    path, hook = published(own=True)
    headers = {"Callback-Url": f"{receiver.url}{hook}"}
    job_id = caller.post(f"/v1/run/{path}", json={}, headers=headers).json()["id"]
    (theirs,) = receiver.wait_for(hook)
    mine = [message for message in receiver.wait_for("/own") if job_id in message.headers["webhook-id"]]
    assert [message.headers["webhook-id"] for message in (theirs, *mine)] == [f"msg_{job_id}_1", f"msg_{job_id}_2"]
    assert theirs.verified_by(secret) == mine[0].verified_by(secret)


def test_each_job_of_a_batch_is_posted(
    published: Callable[..., tuple[str, str]], caller: httpx.Client, receiver: Receiver, secret: str
) -> None:
    path, hook = published()
    headers = {"Callback-Url": f"{receiver.url}{hook}"}
    answer = caller.post(f"/v1/run/{path}/batch", json=[{"n": 1}, {"n": 2}], headers=headers)
    wanted = {item["job"]["id"] for item in answer.json()["items"]}
    assert {message.verified_by(secret)["id"] for message in receiver.wait_for(hook, 2)} == wanted


def test_a_failed_attempt_is_repeated_with_the_same_id_and_a_new_time(
    published: Callable[..., tuple[str, str]], caller: httpx.Client, receiver: Receiver, secret: str
) -> None:
    path, hook = published()
    receiver.answers[hook] = [500, 302, 200]
    job_id = caller.post(f"/v1/run/{path}", json={}, headers={"Callback-Url": f"{receiver.url}{hook}"}).json()["id"]
    first, *others = receiver.wait_for(hook, 3)
    assert {message.headers["webhook-id"] for message in others} == {first.headers["webhook-id"]}
    assert int(others[-1].headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    for message in (first, *others):
        assert message.verified_by(secret)["id"] == job_id
    log = delivered(caller, job_id)
    assert [attempt["http_status"] for attempt in log["attempts"]] == [500, 302, 200]
    assert [message for message in receiver.received if message.path == "/elsewhere"] == []


def test_410_ends_a_delivery(
    published: Callable[..., tuple[str, str]], caller: httpx.Client, receiver: Receiver
) -> None:
    path, hook = published()
    receiver.answers[hook] = [410, 200]
    job_id = caller.post(f"/v1/run/{path}", json={}, headers={"Callback-Url": f"{receiver.url}{hook}"}).json()["id"]
    log = delivered(caller, job_id, "gone")
    assert (len(log["attempts"]), log["next_attempt_at"]) == (1, None)
    time.sleep(3)
    assert len(receiver.wait_for(hook)) == 1


def test_a_delivery_is_sent_again_on_request(
    published: Callable[..., tuple[str, str]], caller: httpx.Client, receiver: Receiver, secret: str
) -> None:
    path, hook = published()
    job_id = caller.post(f"/v1/run/{path}", json={}, headers={"Callback-Url": f"{receiver.url}{hook}"}).json()["id"]
    log = delivered(caller, job_id)
    answers = [caller.post(log["links"]["resend"]) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {202}
    first, again = receiver.wait_for(hook, 2)[:2]
    assert again.headers["webhook-id"] == first.headers["webhook-id"]
    assert again.verified_by(secret)["id"] == job_id
    assert caller.post(f"/v1/jobs/{job_id}/deliveries/2/resend").status_code == 404


def test_a_receiver_that_nobody_may_call_is_not_called(
    endpoint: Callable[..., str], caller: httpx.Client, secret: str
) -> None:
    path = endpoint(callback_hosts=["169.254.169.254", "localhost.example.invalid"])
    url = "https://169.254.169.254/latest/meta-data/"
    job_id = caller.post(f"/v1/run/{path}", json={}, headers={"Callback-Url": url}).json()["id"]
    log = delivered(caller, job_id, "failed")
    assert {attempt["error"] for attempt in log["attempts"]} == {"address-refused"}


def test_a_host_that_the_endpoint_does_not_name_is_refused_before_anything_runs(
    published: Callable[..., tuple[str, str]], caller: httpx.Client, label: str
) -> None:
    path, _ = published()
    headers = {"Callback-Url": "https://evil.example/", "Flowport-Labels": f"test={label}"}
    answer = caller.post(f"/v1/run/{path}", json={}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:flowport:problem:callback-refused")
    assert caller.get("/v1/jobs", params={"label": f"test={label}"}).json()["items"] == []


def test_a_hand_over_that_a_crash_left_out_is_made_by_the_sweep(
    published: Callable[..., tuple[str, str]], caller: httpx.Client, receiver: Receiver, jobs: Jobs, secret: str
) -> None:
    path, hook = published()
    job_id = caller.post(f"/v1/run/{path}", json={}).json()["id"]
    row = jobs.row(job_id)
    jobs.put(
        row
        | {
            "callbacks": [f"{receiver.url}{hook}"],
            "base_url": str(caller.base_url).rstrip("/"),
            "open_shard": "open#0",
            "check_at": time.time_ns() // 1_000_000 - 1000,
        }
    )
    jobs.sweep()
    (message,) = receiver.wait_for(hook)
    assert message.verified_by(secret)["id"] == job_id
    delivered(caller, job_id)
    assert "check_at" not in jobs.row(job_id)


def test_while_a_secret_is_rotated_receivers_with_either_verify_and_afterwards_only_with_the_new_one(
    published: Callable[..., tuple[str, str]],
    admin: httpx.Client,
    caller: httpx.Client,
    receiver: Receiver,
    secret: str,
) -> None:
    path, hook = published()
    headers = {"Callback-Url": f"{receiver.url}{hook}"}
    for old in admin.get("/v1/admin/webhook-secrets").json()["items"][1:]:
        admin.delete(f"/v1/admin/webhook-secrets/{old['id']}")
    new = admin.post("/v1/admin/webhook-secrets").json()
    assert admin.post("/v1/admin/webhook-secrets").status_code == 409
    current, previous = admin.get("/v1/admin/webhook-secrets").json()["items"]
    assert (current["id"], current["current"], previous["current"]) == (new["id"], True, False)
    assert admin.delete(f"/v1/admin/webhook-secrets/{current['id']}").status_code == 409

    caller.post(f"/v1/run/{path}", json={}, headers=headers)
    (during,) = receiver.wait_for(hook)
    assert during.verified_by(secret) == during.verified_by(new["secret"]) == json.loads(during.body)

    assert admin.delete(f"/v1/admin/webhook-secrets/{previous['id']}").status_code == 204
    caller.post(f"/v1/run/{path}", json={}, headers=headers)
    after = receiver.wait_for(hook, 2)[1]
    assert after.verified_by(new["secret"])
    with pytest.raises(WebhookVerificationError):
        after.verified_by(secret)
