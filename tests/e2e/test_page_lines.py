"""The lines of the five systems' own pages, run by a shell as they are printed there; host and credentials replaced.

NebulaGraph Explorer's line is in `test_nebulagraph.py`, beside the numbers that it needs. PhixFlow's and WorkfloPlus's
pages print a method, a URL, headers and a body; curl is given just those.
"""

import os
import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx
import pytest

from tests.e2e.conftest import Local
from tests.e2e.test_workfloplus import ANSWER, PAGE

VOLATILE: Final = (
    (re.compile(r'"uid":"[1-9]\d{0,38}"'), '"uid":"UID"'),
    (re.compile(r'(?<="date)(\\?":\\?")20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z'), r"\g<1>2022-01-28T17:00:22.676Z"),
    (re.compile(r'"(processId|jobId)":"[0-9a-f-]{36}"'), r'"\1":"ID"'),
)


def run(line: str) -> tuple[int, dict[str, str], str]:
    """Run a line by bash; give status, headers and body of what curl was answered with, volatile parts made equal."""
    shown = subprocess.run(
        ["/bin/bash", "-c", line.replace("curl ", "curl -sS -i ", 1)],
        capture_output=True,
        check=True,
        text=True,
        env=os.environ | {"NO_PROXY": "*"},
    )
    with_lines = shown.stdout.replace("\r\n", "\n")
    head, _, body = with_lines.partition("\n\n")
    first, *fields = head.splitlines()
    headers = {name.lower(): value.strip() for name, value in (field.split(":", 1) for field in fields)}
    for pattern, text in VOLATILE:
        body = pattern.sub(text, body)
    return int(first.split()[1]), headers, body


# -- iolinker ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def switch(local: Local) -> Iterator[Callable[..., None]]:
    """Publish the page's one URL otherwise; as it was before at the end."""
    path = "/v1/admin/endpoints/test/sync"
    with local.http(local.description["dialects"]["iolinker"]["admin_token"]) as owner:
        before = owner.get(path).json()

        def publish(machine: str, **spec: Any) -> None:
            body = {"express_arn": local.machines[machine], "methods": ["GET", "POST"]} | spec
            owner.put(path, json=body).raise_for_status()

        yield publish
        kept = ("express_arn", "methods", "auth", "title", "sample", "log_group")
        owner.put(path, json={name: before[name] for name in kept}).raise_for_status()


def _refused(message: str) -> str:
    return f'{{"response":{{"error":{{"code":"requestError.invalidParams","message":"{message}"}}}}}}'


OK = '{"response":{"data":{"code":0,"msg":"ok"},"code":0,"msg":"","uid":"UID"}}'
IOLINKER = (
    (
        ("SyncApiTextExpressArn", "none"),
        "curl -d '{}' http://8.218.xxx.xx/v1/api/iolinker/test/sync",
        (200, '{"response":{"data":"iolinker.com","code":0,"msg":"","uid":"UID"}}'),
    ),
    (
        ("SyncApiExpressArn", "token"),
        "curl http://8.218.xxx.xx/v1/api/iolinker/test/sync",
        (400, _refused("Token is required")),
    ),
    (
        ("SyncApiExpressArn", "token"),
        "curl -H'token:123456' http://8.218.xxx.xx/v1/api/admin/test/sync",
        (200, OK),
    ),
    (
        ("SyncApiExpressArn", "password"),
        "curl http://8.218.xxx.xx/v1/api/iolinker/test/sync",
        (400, _refused("User/Password is required")),
    ),
    (
        ("SyncApiExpressArn", "password"),
        "curl -H'user:iolinker' -H'password:123456' http://8.218.xxx.xx/v1/api/iolinker/test/sync",
        (200, OK),
    ),
)


def test_iolinkers_lines(local: Local, switch: Callable[..., None]) -> None:
    for (machine, auth), line, expected in IOLINKER:
        switch(machine, auth=[auth])
        status, headers, body = run(line.replace("http://8.218.xxx.xx", local.base_url))
        assert (status, body) == expected, line
        assert headers["content-type"] == "application/json"


# -- PhixFlow ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://app.phixflow.com/phixflow/api/1/action/MyApp/My%20API/trigger",
        "https://app.phixflow.com/phixflow/api/1/action/My%20API/trigger",
    ],
)
def test_phixflows_urls(local: Local, url: str) -> None:
    status, headers, body = run(f"curl -X POST {url.replace('https://app.phixflow.com', local.base_url)}")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert body == (
        '{"success":true,"processId":"ID","message":"Success","data":{"output":{"field":"abc","record":""}}}'
    )


# -- WorkfloPlus -------------------------------------------------------------------------------------------------------

SYNC = r"""curl -X POST https://gateway.workfloplus.com/jobs/v1/basicSync --header 'Authorization: Bearer {token}' \
       --data-binary '%s'"""


@pytest.fixture
def bearer(local: Local) -> str:
    known = local.description["dialects"]["workfloplus"]
    form = {name: known[name] for name in ("client_id", "client_secret")} | {"grant_type": "client_credentials"}
    answer = httpx.post(f"{local.base_url}/connect/token", data=form, timeout=60, trust_env=False)
    return str(answer.json()["access_token"])


def test_workfloplus_request(local: Local, bearer: str) -> None:
    job = str(uuid.uuid4())
    page = PAGE.replace("cb3dc8dc-4162-47c4-af05-3575034f99e5", job)
    line = SYNC.replace("https://gateway.workfloplus.com", local.base_url).replace("{token}", bearer)
    status, headers, body = run(line % page)
    assert (status, headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert body == ANSWER.replace("cb3dc8dc-4162-47c4-af05-3575034f99e5", job).replace("JOB", "ID")
    # As it is printed, with a comma too many.
    status, _, body = run(line % page.replace('"Key1":"V1"', '"Key1":"V1",'))
    message = "The body is not JSON: Illegal trailing comma before end of object at line 8, column 18."
    assert (status, body) == (
        400,
        f'{{"message":"{message}","errors":[{{"field":"","message":"{message}"}}]}}',
    )


# -- TheEye ------------------------------------------------------------------------------------------------------------

REFUSED = (
    r'["{\"message\":\"Validation Error. Invalid Argument Value\",\"statusCode\":418,'
    r'\"name\":\"ClientError\",\"code\":\"\",\"status\":418}"]'
)
REFUSED_PARSED = (
    '{"message":"Validation Error. Invalid Argument Value","statusCode":418,'
    '"name":"ClientError","code":"","status":418}'
)
THEEYE = (
    (
        r"""curl -i -X POST 'https://sync.theeye.io/${customer_id}/task/${task_id}/job?access_token=${token}' \
       --header 'content-type: application/json' \
       --data '{"task_arguments":[200]}'""",
        (500, "135", REFUSED),
    ),
    (
        r"""curl -i -X POST 'https://sync.theeye.io/${customer_id}/task/${task_id}/job?access_token=${token}' \
       --header 'content-type: application/json' \
       --data '{"task_arguments":[100]}'""",
        (200, "62", r'["{\"name\":\"tomer\",\"date\":\"2022-01-28T17:00:22.676Z\"}"]'),
    ),
    (
        r"""curl -i -X POST 'https://sync.theeye.io/${customer_id}/task/${task_id}/job?parse&access_token=${token}' \
       --header 'content-type: application/json' \
       --data '{"task_arguments":[100]}'""",
        (200, "50", '{"name":"tomer","date":"2022-01-28T17:00:22.676Z"}'),
    ),
    (
        r"""curl -i -X POST 'https://sync.theeye.io/${customer_id}/task/${task_id}/job?parse&access_token=${token}' \
       --header 'content-type: application/json' \
       --data '{"task_arguments":[200]}'""",
        (418, "115", REFUSED_PARSED),
    ),
    # The page pipes this one into `jq .output`, which none of its own samples has.
    (
        'customer="" taskId="" token="" && curl -s -X POST "https://sync.theeye.io/${customer}/task/${taskId}/job?access_token=${token}"',
        (500, "135", REFUSED),
    ),
)


@pytest.mark.parametrize(("lines", "expected"), THEEYE, ids=["failure", "success", "parse", "parse failure", "first"])
def test_theeyes_lines(local: Local, lines: str, expected: tuple[int, str, str]) -> None:
    known = local.description["dialects"]["theeye"]
    values = {
        "https://sync.theeye.io": local.base_url,
        "${customer_id}": known["customer"],
        "${task_id}": known["task"],
        'customer=""': f'customer="{known["customer"]}"',
        'taskId=""': f'taskId="{known["task"]}"',
        'token=""': f'token="{known["access_token"]}"',
    }
    if 'token=""' not in lines:  # the quotes of these lines keep the shell from filling it in
        values["${token}"] = known["access_token"]
    for name, value in values.items():
        lines = lines.replace(name, value)
    status, headers, body = run(lines)
    assert (status, headers["content-length"], body) == expected
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["access-control-allow-methods"] == "GET,PUT,PATCH,POST,DELETE,OPTIONS"
