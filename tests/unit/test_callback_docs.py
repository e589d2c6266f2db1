"""The code that docs/callbacks.md gives to receivers does what it says."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from flowport.domain.webhooks import key_of, new_secret, signature

PAGE = Path(__file__).parents[2] / "docs" / "callbacks.md"
BODY = b'{"id":"j","status":"SUCCEEDED"}'


def functions() -> dict[str, Any]:
    """Run the page's Python; give what it defines."""
    defined: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(block, defined)  # noqa: S102  # our own page
    return defined


def message(*secrets: str, age: int = 0) -> dict[str, str]:
    at = int(time.time()) - age
    keys = [key for key in map(key_of, secrets) if key]
    return {
        "webhook-id": "msg_j_1",
        "webhook-timestamp": str(at),
        "webhook-signature": signature(keys, "msg_j_1", at, BODY),
    }


@pytest.mark.parametrize("name", ["received", "verified"])
def test_a_receiver_takes_what_its_secret_signed_and_nothing_else(name: str) -> None:
    receive, mine, other = functions()[name], new_secret(), new_secret()
    assert receive(mine, message(mine), BODY) == json.loads(BODY)
    assert receive(mine, message(other, mine), BODY) == json.loads(BODY)
    for headers, body in ((message(other), BODY), (message(mine), BODY + b" "), (message(mine, age=600), BODY)):
        with pytest.raises(Exception, match=r".+"):
            receive(mine, headers, body)
