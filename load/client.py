"""Makes one call as a client does, and notes what it saw."""

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from load.observed import OPEN, Seen, Told
from load.plan import Call

POLLS_AT_MOST: Final = 20
POLL_WAIT_SECONDS: Final = 5
CANCEL_AFTER_SECONDS: Final = (0.0, 0.2, 0.6)
TIMEOUT_SECONDS: Final = 120
REPEATS_AT_MOST: Final = 60
COME_BACK_AFTER_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Client:
    """One of the clients. `tokens` are by the name of the credential that a call is to be made with."""

    http: httpx.Client
    tokens: Mapping[str, str | None]
    label: str

    def make(self, call: Call) -> Seen:
        """Make the call, again while it is refused for the time being; whatever happens to it is an outcome."""
        for refusals in range(REPEATS_AT_MOST + 1):
            began = time.monotonic()
            try:
                seen = self._make(call)
            except httpx.HTTPError as error:
                seen = Seen(call.number, "no answer", 0.0, problem=type(error).__name__, engine=True)
            seen = replace(seen, seconds=time.monotonic() - began, refusals=refusals)
            if not refused_for_now(seen):
                break
            time.sleep(COME_BACK_AFTER_SECONDS)
        return seen

    def _make(self, call: Call) -> Seen:
        if call.kind == "hang-up":
            return self._hang_up(call)
        answer = self.http.post(_path(call), content=_body(call), headers=self._headers(call), timeout=TIMEOUT_SECONDS)
        seen = read(call, answer)
        if call.kind == "poll" and seen.told:
            return self._poll(seen)
        if call.kind == "cancel" and seen.told:
            return self._cancel(call, seen)
        return seen

    def _headers(self, call: Call) -> dict[str, str]:
        token = self.tokens[call.credential]
        headers = {"Content-Type": "application/json", "Flowport-Labels": f"load={self.label}, n={call.number}"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": f'"{self.label}-{call.key}"'} if call.key else {}
        return headers | dict(call.headers)

    def _poll(self, seen: Seen) -> Seen:
        job_id = seen.told[0].job_id
        for _ in range(POLLS_AT_MOST):
            status, job = self._ask("GET", f"/v1/jobs/{job_id}?wait={POLL_WAIT_SECONDS}")
            if status != 200 or job.get("status") not in OPEN:  # noqa: PLR2004 - HTTP's OK
                break
        return _then(seen, job_id, status, job.get("status"))

    def _cancel(self, call: Call, seen: Seen) -> Seen:
        time.sleep(CANCEL_AFTER_SECONDS[call.number % len(CANCEL_AFTER_SECONDS)])
        job_id = seen.told[0].job_id
        status, job = self._ask("POST", f"/v1/jobs/{job_id}/cancel")
        return _then(seen, job_id, status, job.get("job_status") or job.get("status"))

    def _ask(self, method: str, path: str) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.tokens['good']}"}
        answer = self.http.request(method, path, headers=headers, timeout=TIMEOUT_SECONDS)
        document = _json(answer)
        return answer.status_code, document if "flowport-request-id" in answer.headers else {}

    def _hang_up(self, call: Call) -> Seen:
        """Send the request, and close the connection without waiting for the answer."""
        url = urlsplit(str(self.http.base_url))
        body = _body(call)
        head = {"Host": url.netloc, "Content-Length": str(len(body)), **self._headers(call)}
        lines = [f"POST {url.path.rstrip('/')}{_path(call)} HTTP/1.1", *(f"{name}: {head[name]}" for name in head)]
        try:
            with socket.create_connection((url.hostname or "", url.port or 80), timeout=10) as connection:
                connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
                time.sleep(call.hang_up_after)
        except OSError as error:
            return Seen(call.number, "no answer", 0.0, problem=type(error).__name__, engine=True)
        return Seen(call.number, "hung up", 0.0)


def refused_for_now(seen: Seen) -> bool:
    """Say whether it was said that nothing was started and nothing will be: a repetition is safe without a key."""
    return seen.outcome == "503" and seen.source == "gateway" and not seen.engine and not seen.told


def read(call: Call, answer: httpx.Response) -> Seen:
    """Read which jobs an answer tells of, and how they stand."""
    if "flowport-request-id" not in answer.headers:
        return Seen(call.number, str(answer.status_code), 0.0, problem=answer.text[:200], engine=True)
    document = _json(answer)
    items = document["items"] if call.kind == "batch" and "items" in document else [document]
    return Seen(
        call.number,
        str(answer.status_code),
        0.0,
        told=tuple(told for index, item in enumerate(items) if (told := _told(index, item)) is not None),
        source=answer.headers.get("flowport-error-source"),
        problem=document.get("type"),
    )


def _told(index: int, item: dict[str, Any]) -> Told | None:
    """Find the job: in a batch's item, in a problem of a run that failed, or the answer is the job itself."""
    job = item.get("job", item)
    if "id" not in job or "status" not in job or not isinstance(job["status"], str):
        return None
    return Told(index, job["id"], job["status"])


def _then(seen: Seen, job_id: str, status: int, job_status: str | None) -> Seen:
    more = (Told(0, job_id, job_status),) if isinstance(job_status, str) else ()
    return replace(seen, told=(*seen.told, *more), then=str(status))


def _path(call: Call) -> str:
    return f"/v1/run/{call.endpoint}" + ("/batch" if call.kind == "batch" else "")


def _body(call: Call) -> bytes:
    return json.dumps(call.inputs if call.kind == "batch" else call.inputs[0]).encode()


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
