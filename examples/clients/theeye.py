"""TheEye's Sync API as a Python program calls it, with nothing but the standard library.

python theeye.py URL CUSTOMER TASK TOKEN [ARGUMENT ...]     each ARGUMENT is JSON, or else a text
"""

import json
import sys
import urllib.error
import urllib.request
from typing import Any


def run_task(url: str, customer: str, task: str, token: str, arguments: list[Any]) -> tuple[int, Any]:
    """Run a task, wait for its end and give its status and the first element of its output."""
    request = urllib.request.Request(  # noqa: S310  # the caller's own URL
        f"{url}/{customer}/task/{task}/job?parse",
        data=json.dumps({"task_arguments": arguments}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def _argument(text: str) -> Any:  # noqa: ANN401  # any JSON value
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    status, body = run_task(*sys.argv[1:5], [_argument(text) for text in sys.argv[5:]])
    sys.stdout.write(f"{status} {json.dumps(body, ensure_ascii=False)}\n")
    sys.exit(0 if status < 400 else 1)  # noqa: PLR2004  # where HTTP's refusals begin
