"""A workflow of NebulaGraph Explorer as a Python program runs it.

python nebulagraph.py URL WORKFLOW TASK [INPUT]     user:password is in EXPLORER_ACCOUNT, INPUT is JSON
"""

import base64
import json
import os
import sys
import time
from typing import Any

import requests

RUNNING = {0, 1}
SUCCESS = 2


class ExplorerError(Exception):
    """Explorer refused a call, or the job did not succeed."""


class Explorer:
    """A connection: the token is in the session's cookies."""

    def __init__(self, url: str, account: str) -> None:
        self.api = f"{url}/api-open/v1"
        self.session = requests.Session()
        encoded = base64.b64encode(json.dumps(account.split(":", 1)).encode()).decode()
        self.call("POST", "/connect", {"address": "192.168.8.111", "port": 9669}, Authorization=f"Bearer {encoded}")

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:  # noqa: ANN401
        answer = self.session.request(method, self.api + path, json=body, headers=headers, timeout=60).json()
        if answer["code"] != 0:
            message = f"{answer['code']}: {answer['message']}"
            raise ExplorerError(message)
        return answer["data"]

    def run(self, workflow: str, parameters: object) -> int:
        """Add a job and wait for its end."""
        job: int = self.call("POST", f"/workflows/{workflow}/jobs", {"input": parameters})["id"]
        while (status := self.call("GET", f"/jobs/{job}")["status"]) in RUNNING:
            time.sleep(0.5)
        if status != SUCCESS:
            message = f"job {job} ended with status {status}"
            raise ExplorerError(message)
        return job


if __name__ == "__main__":
    url, workflow, task, *rest = sys.argv[1:]
    try:
        explorer = Explorer(url, os.environ["EXPLORER_ACCOUNT"])  # noqa: TID251
        done = explorer.run(workflow, json.loads(rest[0]) if rest else {})
        rows = explorer.call("GET", f"/jobs/{done}/tasks/{task}/sample_result?limit=10")["items"]
    except ExplorerError as error:
        sys.exit(str(error))
    for row in rows:
        sys.stdout.write("\t".join(row) + "\n")
