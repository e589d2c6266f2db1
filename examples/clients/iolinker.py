"""An API of iolinker as a Python program calls it.

python iolinker.py URL OWNER MODULE FUNCTION [INPUT]     the token is in IOLINKER_TOKEN, INPUT is JSON
"""

import json
import os
import sys
from typing import Any

import requests


class ApiError(Exception):
    """The API refused the call, or the workflow failed."""


def call(url: str, owner: str, module: str, function: str, parameters: Any, token: str) -> Any:  # noqa: ANN401
    """Run the workflow behind an API and give the data that it put out."""
    answer = requests.post(
        f"{url}/v1/api/{owner}/{module}/{function}", json=parameters, headers={"token": token}, timeout=60
    )
    response = answer.json()["response"]
    if "error" in response:
        raise ApiError(f"{response['error']['code']}: {response['error']['message']}")
    if response["code"] != 0:
        raise ApiError(f"{response['uid']}: {response['msg']}")
    return response["data"]


if __name__ == "__main__":
    parameters = json.loads(sys.argv[5]) if len(sys.argv) > 5 else {}  # noqa: PLR2004
    try:
        data = call(*sys.argv[1:5], parameters, os.environ["IOLINKER_TOKEN"])  # noqa: TID251
    except ApiError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")
