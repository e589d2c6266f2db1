"""The calls that docs/dialects.md and README.md show are answered as they show; ids, times and tokens made equal.

Each section's blocks are run by one shell, in their order. A line that begins with `$ ` is a command, what follows it
its output; a block without such lines is commands, whose answer is the `http` block after it, if one follows. What the
page shows in the place of an id is replaced by what really came in all that follows, as somebody who reads it would.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tests.e2e.conftest import Local

ROOT: Final = Path(__file__).parents[2]
BIN: Final = Path(sys.executable).parent
END: Final = "--- end of an output ---"
BLOCK: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What differs from call to call, by what it is; in this order.
VOLATILE: Final = {
    "jwt": re.compile(r"eyJ[\w-]+\.[\w.…-]+"),
    "uuid": re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "uid": re.compile(r'(?<="uid":")\d+'),
    "number": re.compile(r'(?<="id":)\d+'),
    "total": re.compile(r'(?<="total":)\d+'),
    "time": re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)"),
    "milliseconds": re.compile(r"(?<=:)\d{13}\b"),
    "digits": re.compile(r"(?<=_)20\d{12}"),
    "host": re.compile(r"https?://127\.0\.0\.1:\d+"),
}
# Which of them somebody takes from an answer and sends again.
TAKEN: Final = ("uuid", "number")
SENT_AGAIN: Final = 40.0


@dataclass(frozen=True)
class Command:
    """A command of a page, and the answer that is shown: None where none is. `http`: with status and headers."""

    text: str
    shown: str | None = None
    http: bool = False

    @property
    def reads(self) -> bool:
        """Whether it may be sent again until the answer is the one that is shown: a job takes its time."""
        return self.text.startswith("curl ") and not re.search(r" -(?:X|d|-data|-data-binary)\b", self.text)


def section(page: str, title: str) -> str:
    """Give the part of a page below a heading of the second level."""
    (found,) = re.findall(
        rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL
    )
    return str(found)


def commands_of(text: str) -> Iterator[Command]:
    """Read a section's blocks, those that call something."""
    blocks = [(match[1], match[2]) for match in BLOCK.finditer(text)]
    for (kind, block), (after, answer) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind not in {"sh", ""} or "curl" not in block:
            continue
        if not block.startswith("$ "):
            for command in _split(block):
                yield Command(command, answer if after == "http" and "curl -i" in command else None, http=True)
            continue
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            last = next(number for number, line in enumerate(lines) if not line.endswith("\\"))
            command = "\n".join(lines[: last + 1])
            shown = "\n".join(lines[last + 1 :]).strip("\n")
            yield Command(command, shown or None, http=shown.startswith("HTTP/"))


def _split(block: str) -> Iterator[str]:
    """Give a block's commands: a line, with those that it is continued by, up to the end of a text that follows."""
    command: list[str] = []
    until = None
    for line in block.splitlines():
        command.append(line)
        if until is None and (here := re.search(r"<<'(\w+)'$", line)):
            until = here[1]
        if (line == until) if until else not line.endswith("\\") and line:
            yield "\n".join(command)
            command, until = [], None


class Shell:
    """One bash for a section, which keeps the variables that its lines set."""

    def __init__(self, local: Local, **variables: str) -> None:
        known = {"FLOWPORT_BASE_URL": local.base_url, "NO_PROXY": "*", "COLUMNS": "200", **local.machines, **variables}
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        self._bash = subprocess.Popen(
            ["/bin/bash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | known | {"PATH": path, "HOME": "/nonexistent"},
            cwd=ROOT,
        )

    def run(self, command: str) -> str:
        """Run one command and give what it wrote."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{command}\nprintf '\\n%s\\n' '{END}'\n")
        self._bash.stdin.flush()
        written: list[str] = []
        while (line := self._bash.stdout.readline()) != f"{END}\n":
            assert line, f"the shell ended at: {command}"
            written.append(line)
        return "".join(written).replace("\r\n", "\n").strip("\n")

    def close(self) -> None:
        assert self._bash.stdin is not None
        self._bash.stdin.close()
        self._bash.wait(30)


class Reader:
    """Somebody who pastes what a page shows, with what the answers so far have told."""

    def __init__(self, shell: Shell, **replaced: str) -> None:
        self.shell, self.replaced = shell, dict(replaced)
        self.compared = 0

    def follow(self, commands: list[Command]) -> None:
        for command in commands:
            text = self.filled(command.text)
            until = time.monotonic() + SENT_AGAIN
            while (differs := self.differs(command, self.shell.run(text))) is not None:
                assert command.reads, f"$ {text}\n{differs}"
                assert time.monotonic() < until, f"$ {text}\n{differs}"
                time.sleep(0.5)

    def filled(self, text: str) -> str:
        if not self.replaced:
            return text
        known = "|".join(map(re.escape, self.replaced))
        return re.sub(rf"(?<![\w-])(?:{known})(?![\w-])", lambda found: self.replaced[found[0]], text)

    def differs(self, command: Command, written: str) -> str | None:
        """Compare an output with the one that is shown, and learn what its ids are; say what differs."""
        if command.shown is None:
            return None
        shown, real = command.shown.strip("\n"), written
        if command.http:
            shown, real = _parts(shown, real)
        # Three dots stand for what is not shown.
        pattern = re.escape(made_equal(shown)).replace("…", r"[\s\S]*")
        if re.fullmatch(pattern, made_equal(real)) is None:
            return f"shown:\n{made_equal(shown)}\ncame:\n{made_equal(real)}"
        self.compared += 1
        for kind in TAKEN:
            found = zip(VOLATILE[kind].findall(shown), VOLATILE[kind].findall(real), strict=True)
            self.replaced |= {old: new for old, new in found if old != new}
        return None


def made_equal(text: str) -> str:
    """Write what differs from call to call as what it is."""
    for kind, pattern in VOLATILE.items():
        text = pattern.sub(f"<{kind}>", text)
    return text


def _fields(head: str) -> list[list[str]]:
    return [field.split(":", 1) for field in head.splitlines()[1:]]


def _parts(shown: str, real: str) -> tuple[str, str]:
    """Give status, the fields that are shown, and body of both; a number's digits are counted by `Content-Length`."""
    (head, _, body), (real_head, _, real_body) = shown.partition("\n\n"), real.partition("\n\n")
    fields, given = ({name.lower(): value.strip() for name, value in _fields(one)} for one in (head, real_head))
    if "content-length" in fields and (length := given.get("content-length")) is not None:
        assert int(length) == len(real_body.encode())
        more = sum(len(one) for one in VOLATILE["number"].findall(body))
        shorter = sum(len(one) for one in VOLATILE["number"].findall(real_body))
        given["content-length"] = str(int(length) + more - shorter)
    named = "\n".join(f"{name}: {given.get(name, 'is not there')}" for name in fields)
    status = real_head.partition("\n")[0].split()[1]
    texts = "\n".join(f"{name}: {value}" for name, value in fields.items())
    return f"{head.split()[1]}\n{texts}\n\n{body}", f"{status}\n{named}\n\n{real_body}"


def admin_of(local: Local, family: str) -> str:
    return str(local.description["dialects"][family].get("admin_token") or local.description["admin_token"])


def follow(local: Local, title: str, family: str, at_least: int, **variables: str) -> Reader:
    """Do what a family's section says, and put its workspace's endpoints back as they were."""
    shell = Shell(local, FLOWPORT_TOKEN=admin_of(local, family), **variables)
    reader = Reader(shell)
    try:
        before = shell.run("flowport export")
        assert "endpoints" in before, before
        try:
            if family == "nebulagraph":
                reader.replaced["eyJhbxxx"] = _connected(local)
            reader.follow(list(commands_of(section("docs/dialects.md", title))))
        finally:
            shell.run(f"flowport apply -f - <<'BEFORE'\n{before}\nBEFORE")
    finally:
        shell.close()
    assert reader.compared >= at_least, "the page shows fewer answers than before"
    return reader


def _connected(local: Local) -> str:
    known = local.description["dialects"]["nebulagraph"]
    with local.http(None) as http:
        account = {"Authorization": f"Bearer {known['account_base64']}"}
        return str(http.post("/api-open/v1/connect", headers=account).cookies["explorer_token"])


def test_iolinkers_section(local: Local) -> None:
    follow(local, "iolinker", "iolinker", 10)


def test_phixflows_section(local: Local) -> None:
    follow(local, "PhixFlow", "phixflow", 9, PHIXFLOW_API_KEY=local.description["dialects"]["phixflow"]["api_key"])


def test_workfloplus_section(local: Local) -> None:
    known = local.description["dialects"]["workfloplus"]
    follow(local, "WorkfloPlus", "workfloplus", 1, client_id=known["client_id"], client_secret=known["client_secret"])


def test_theeyes_section(local: Local) -> None:
    known = local.description["dialects"]["theeye"]
    variables = {"customer_id": known["customer"], "task_id": known["task"], "token": known["access_token"]}
    follow(local, "TheEye", "theeye", 1, **variables)
    row = r"^\| `\?(\S*)access_token=…`, `(\[\d+\])` \| (\d+) \| (\d+) \| `(.*)` \|$"
    rows = re.findall(row, section("docs/dialects.md", "TheEye"), re.MULTILINE)
    assert len(rows) == 3
    with local.http(None) as http:
        for option, arguments, status, length, body in rows:
            url = f"/{quote(known['customer'])}/task/{known['task']}/job?{option}access_token={known['access_token']}"
            answer = http.post(url, content=f'{{"task_arguments":{arguments}}}')
            assert (answer.status_code, answer.headers["content-length"]) == (int(status), length)
            assert made_equal(answer.text) == made_equal(body)


def test_nebulagraphs_section(local: Local) -> None:
    follow(local, "NebulaGraph Explorer", "nebulagraph", 9)


def test_the_readmes_five_minutes(local: Local) -> None:
    shell = Shell(local, FLOWPORT_TOKEN=local.description["run_token"])
    commands = [one for one in commands_of(section("README.md", "Five minutes")) if one.text.startswith("curl")]
    reader = Reader(shell)
    try:
        reader.follow([Command(one.text, one.shown) for one in commands])
    finally:
        shell.close()
    assert reader.compared == 2


def test_the_readmes_way_from_a_machine_to_a_revoked_token(local: Local) -> None:
    blocks = re.findall(r"^```\n(.*?)^```", section("README.md", "Five minutes"), re.MULTILINE | re.DOTALL)
    [commands] = [block for block in blocks if "flowport publish billing/quote" in block]
    environment = os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "FLOWPORT_BASE_URL": local.base_url,
        "FLOWPORT_TOKEN": local.description["admin_token"],
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        ["/bin/bash", "-c", commands], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert '"total_cents": 900' in done.stdout
    assert "100/60s, 5 jobs" in done.stdout
    # Everything is let in but the call with the revoked token.
    assert re.findall(r"\((\d{3} [a-z-]+)\)", done.stderr) == ["401 unauthenticated"]
    assert "Deleted billing/quote." in done.stderr
