"""WorkfloPlus's job API as a Python program calls it: a job that is synced step by step until it is completed.

python workfloplus.py URL WORKFLOW CLIENT_ID CLIENT_SECRET [CLIENT_JOB_ID]
"""

import json
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

import requests


class WorkfloPlus:
    """A client; its token needs the scopes workflow.execute and job.read."""

    def __init__(self, url: str, client_id: str, client_secret: str) -> None:
        """Exchange the secret for a token, which is good for an hour."""
        self._jobs = f"{url}/jobs/v1"
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        answer = requests.post(f"{url}/connect/token", data=form, timeout=60)
        answer.raise_for_status()
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def sync(self, document: dict[str, Any]) -> dict[str, Any]:
        """Create, update or abort a job; gives the document that the server has now."""
        answer = self._http.post(f"{self._jobs}/basicSync", json=document, timeout=60)
        answer.raise_for_status()
        return dict(answer.json())

    def read(self, client_job_id: str) -> list[dict[str, Any]]:
        """Give a job, as an array of one."""
        answer = self._http.get(f"{self._jobs}/{client_job_id}", timeout=60)
        answer.raise_for_status()
        return list(answer.json())


def main(url: str, workflow: str, client_id: str, client_secret: str, client_job_id: str | None = None) -> None:
    """Do a job of two steps."""
    client = WorkfloPlus(url, client_id, client_secret)
    client_job_id = client_job_id or str(uuid.uuid4())
    metadata = {"clientJobId": client_job_id, "workflowId": workflow, "metadata": {}}
    steps: list[dict[str, Any]] = []
    for number, status in ((1, "InProgress"), (2, "Completed")):
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        steps.append({"singleStep": {"stepNumber": number, "stepType": "ConfirmStep"}, "reportStep": None})
        client.sync({"metadata": metadata | {"updated": now, "status": status}, "completedSteps": steps})
    sys.stdout.write(json.dumps(client.read(client_job_id)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:6])
