"""An API endpoint of PhixFlow as a Python program calls it.

python phixflow.py URL APPLICATION ACTIONFLOW [BODY [NAME=VALUE ...]]     the API key, if any, is in PHIXFLOW_API_KEY
"""

import json
import os
import sys
import time
from typing import Any
from urllib.parse import quote

import requests


class ActionFailed(Exception):
    """The action was refused, or it failed."""


def trigger(url: str, application: str, actionflow: str, body: str, parameters: dict[str, str], key: str) -> Any:  # noqa: ANN401
    """Run an action and give the data that it puts out, whether it is waited or polled for."""
    actions = f"{url}/phixflow/api/1/action"
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    name = f"{quote(application, safe='')}/{quote(actionflow, safe='')}"
    answer = requests.post(
        f"{actions}/{name}/trigger", data=body.encode(), params=parameters, headers=headers, timeout=60
    ).json()
    if not answer["success"]:
        raise ActionFailed(answer["message"])
    while "data" not in answer:
        time.sleep(1)
        answer = requests.get(f"{actions}/status/{answer['processId']}", headers=headers, timeout=60).json()
        if answer["status"] == "Fail":
            raise ActionFailed(answer["message"])
    return answer["data"]


if __name__ == "__main__":
    body = sys.argv[4] if len(sys.argv) > 4 else "{}"  # noqa: PLR2004
    parameters = dict(text.split("=", 1) for text in sys.argv[5:])
    try:
        data = trigger(*sys.argv[1:4], body, parameters, os.environ.get("PHIXFLOW_API_KEY", ""))  # noqa: TID251
    except ActionFailed as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")
