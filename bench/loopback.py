"""A loopback HTTP server that gives canned AWS answers at once, and remembers what it was asked.

It stands in for the network and for AWS's own time: what is left is what the caller spends. Runs as a process of its
own (`python -m bench.loopback`), so that its work is not counted as the caller's; ends when its standard input does.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
import urllib.request
import zlib
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"
OUTPUT = '{"name":"hello world"}'
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TARGET = re.compile(rb"\r\nx-amz-target: *\w+\.(\w+)", re.IGNORECASE)

Items = dict[str, list[dict[str, Any]]]


class Canned:
    """Answers by operation. Reads find the items they were given; writes always succeed and change nothing."""

    def __init__(self) -> None:
        self.items: Items = {}
        self.output = OUTPUT
        self.recording = False
        self.asked: list[dict[str, Any]] = []
        self.known: dict[bytes, bytes] = {}

    def answer(self, head: bytes, body: bytes) -> bytes:
        line = head.partition(b"\r\n")[0].decode()
        target = _TARGET.search(head)
        if "/_bench" in line:
            return _http(200, self._control(body))
        operation = target[1].decode() if target else "Invoke" if "/invocations" in line else line
        if self.recording:
            self.asked.append({"operation": operation, "request": json.loads(body or b"{}")})
        match operation:
            case "BatchGetItem" | "GetItem":
                if body not in self.known:
                    self.known[body] = _http(200, self._read(json.loads(body)), crc=True)
                return self.known[body]
            case "PutItem" | "UpdateItem" | "TransactWriteItems":
                return _http(200, b"{}", crc=True)
            case "StartSyncExecution" | "StartExecution":
                return _http(200, self._start(json.loads(body), operation))
            case "Invoke":
                return _http(202, b"")
        return _http(400, b'{"__type":"UnknownOperationException"}')

    def _control(self, body: bytes) -> bytes:
        wanted = json.loads(body)
        asked, self.asked = self.asked, []
        self.recording = wanted.get("recording", self.recording)
        self.items = wanted.get("items", self.items)
        self.output = wanted.get("output", self.output)
        self.known.clear()
        return json.dumps(asked).encode()

    def _read(self, request: dict[str, Any]) -> bytes:
        if "Key" in request:
            found = self._find(request["TableName"], request["Key"])
            return json.dumps({"Item": found} if found else {}).encode()
        responses = {
            table: [item for key in part["Keys"] if (item := self._find(table, key))]
            for table, part in request["RequestItems"].items()
        }
        return json.dumps({"Responses": responses, "UnprocessedKeys": {}}).encode()

    def _find(self, table: str, key: dict[str, Any]) -> dict[str, Any] | None:
        return next((item for item in self.items.get(table, []) if key.items() <= item.items()), None)

    def _start(self, request: dict[str, Any], operation: str) -> bytes:
        kind = ":express:" if operation == "StartSyncExecution" else ":execution:"
        now = time.time()
        answer = {
            "executionArn": f"{request['stateMachineArn'].replace(':stateMachine:', kind)}:{request.get('name', 'x')}",
            "startDate": now,
        }
        if operation == "StartSyncExecution":
            answer |= {
                "stateMachineArn": request["stateMachineArn"],
                "name": request.get("name", "x"),
                "status": "SUCCEEDED",
                "stopDate": now,
                "input": request.get("input", "{}"),
                "inputDetails": {"included": True},
                "output": self.output,
                "outputDetails": {"included": True},
                "billingDetails": {"billedDurationInMilliseconds": 100, "billedMemoryUsedInMB": 64},
            }
        return json.dumps(answer).encode()


def _http(status: int, body: bytes, *, crc: bool = False) -> bytes:
    check = f"x-amz-crc32: {zlib.crc32(body)}\r\n" if crc else ""
    head = (
        f"HTTP/1.1 {status} OK\r\nServer: Server\r\nDate: Sun, 22 Nov 2026 02:19:59 GMT\r\n"
        f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\nConnection: keep-alive\r\n"
        f"x-amzn-RequestId: 4KBNVRGD25RG1KEO9UT4V3FQDJVV4KQNSO5AEMVJF66Q9ASUAAJG\r\n{check}\r\n"
    )
    return head.encode() + body


class _Connection(asyncio.Protocol):
    def __init__(self, canned: Canned) -> None:
        self.canned = canned
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            match = _LENGTH.search(head)
            stop = end + 4 + (int(match[1]) if match else 0)
            if len(self.buffer) < stop:
                return
            body, self.buffer = self.buffer[end + 4 : stop], self.buffer[stop:]
            if isinstance(self.transport, asyncio.WriteTransport):
                self.transport.write(self.canned.answer(head, body))


async def serve() -> None:
    """Serve on a free port, which is printed, until standard input ends."""
    canned = Canned()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(canned), HOST, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


class Loopback:
    """The server as its user sees it."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.loopback"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self._process.stdout is None:
            raise RuntimeError("the loopback server has no standard output")
        self.url = f"http://{HOST}:{int(self._process.stdout.readline())}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def control(self, **wanted: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # JSON
        """Set `items`, `output` or `recording`; give what was asked since the last time, and forget it."""
        request = urllib.request.Request(f"{self.url}/_bench", data=json.dumps(wanted).encode())  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310  # our own loopback address
            asked: list[dict[str, Any]] = json.load(answer)
        return asked


if __name__ == "__main__":
    asyncio.run(serve())
