"""TheEye's Sync API as a Python program calls it.

python theeye.py URL CUSTOMER TASK TOKEN [ARGUMENT ...]     each ARGUMENT is JSON, or else a text
"""

import json
import sys
from typing import Any

import requests


def run_task(url: str, customer: str, task: str, token: str, arguments: list[Any]) -> tuple[int, Any]:
    """Run a task, wait for its end and give its status and the first element of its output."""
    answer = requests.post(
        f"{url}/{customer}/task/{task}/job?parse",
        json={"task_arguments": arguments},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    return answer.status_code, answer.json()


def _argument(text: str) -> Any:  # noqa: ANN401  # any JSON value
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    status, body = run_task(*sys.argv[1:5], [_argument(text) for text in sys.argv[5:]])
    sys.stdout.write(f"{status} {json.dumps(body, ensure_ascii=False)}\n")
    sys.exit(0 if status < 400 else 1)  # noqa: PLR2004  # where HTTP's refusals begin
