"""The pages in which everything is looked up list what there is: errors, settings, exit codes, commands."""

import importlib
import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]

import flowport
from flowport.admin.models import EndpointDocument
from flowport.domain.errors import FlowportError
from flowport.openapi.components import FURTHER_KINDS
from flowport_cli.errors import ExitCode
from flowport_cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
PARAMETERS: dict[str, dict[str, Any]] = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
COMMAND: Any = typer.main.get_command(app)
# Kinds that no class has: their status and whose fault they are.
_FURTHER: Final = {
    "job-failed": ("500", "workflow"),
    "job-timed-out": ("504", "workflow"),
    "job-aborted": ("409", "workflow"),
    "throttled": ("429", "gateway"),
}


def text(name: str) -> str:
    return (ROOT / name).read_text()


def section(name: str, heading: str) -> str:
    found = text(name).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert found, heading
    return found


def rows(page: str) -> list[list[str]]:
    """Give the cells of every row of a text's tables."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


# -- errors ----------------------------------------------------------------------------------------------------------


def kinds() -> dict[str, set[tuple[str, str]]]:
    """Give every problem type with its statuses and sources."""
    for module in pkgutil.walk_packages(flowport.__path__, "flowport."):
        importlib.import_module(module.name)
    found: dict[str, set[tuple[str, str]]] = {kind: {said} for kind, said in _FURTHER.items()}
    classes = [FlowportError]
    while classes:
        one = classes.pop()
        classes += one.__subclasses__()
        if one.__module__.startswith("flowport."):
            found.setdefault(one.kind, set()).add((str(one.status), one.source))
    return found


def test_every_problem_type_is_in_the_catalogue_with_its_status_and_source() -> None:
    said = {
        row[0].strip("`"): {(status.strip(), row[2]) for status in row[1].split(",")}
        for row in rows(text("docs/errors.md"))
        if row[0].startswith("`") and row[1][:1].isdigit()
    }
    assert said == kinds()


def test_every_problem_type_has_a_cause_and_a_remedy() -> None:
    found = [row for row in rows(text("docs/errors.md")) if row[0].startswith("`") and row[1][:1].isdigit()]
    assert len(found) == len({row[0] for row in found})
    assert [row[0] for row in found if len(row) != 5 or not row[3] or not row[4]] == []


def test_the_kinds_that_no_class_has_are_known_here() -> None:
    assert set(FURTHER_KINDS) == _FURTHER.keys()


# -- settings --------------------------------------------------------------------------------------------------------


def test_every_parameter_of_the_stack_is_described_with_its_default() -> None:
    said = {row[0].strip("`"): row[1].strip("`") for row in rows(section("docs/settings.md", "The stack"))[1:]}
    assert said == {name: str(one["Default"]) for name, one in PARAMETERS.items()}


def test_every_parameter_of_the_stack_is_in_the_changelog() -> None:
    # Whoever upgrades reads there which are new.
    assert sorted(name for name in PARAMETERS if f"`{name}`" not in text("CHANGELOG.md")) == []


def test_every_member_of_an_endpoint_is_described() -> None:
    told = section("docs/settings.md", "An endpoint")
    assert sorted(name for name in EndpointDocument.model_fields if f"`{name}`" not in told) == []


def test_every_option_that_sets_up_an_endpoint_is_described() -> None:
    told = section("docs/settings.md", "An endpoint")
    options = {one for param in COMMAND.commands["publish"].params for one in param.opts if one.startswith("--")}
    # --machine stands for --express or --standard.
    assert sorted(one for one in options - {"--json", "--help", "--machine"} if f"`{one}`" not in told) == []


def test_every_variable_that_the_command_reads_is_described() -> None:
    told = section("docs/settings.md", "The command")
    code = "".join(path.read_text() for path in (ROOT / "cli").rglob("*.py"))
    assert sorted(name for name in set(re.findall(r'"(FLOWPORT_[A-Z_]+)"', code)) if f"`{name}`" not in told) == []


def test_every_variable_that_the_local_engine_reads_is_described() -> None:
    told = section("docs/settings.md", "The local engine")
    code = "".join(path.read_text() for path in (ROOT / "dev").rglob("*.py"))
    read = set(re.findall(r'os\.environ(?:\.get\()?\[?"(FLOWPORT_[A-Z_]+)"', code))
    assert read >= {"FLOWPORT_PORT", "FLOWPORT_HOME"}
    assert sorted(name for name in read if f"`{name}`" not in told) == []


def test_every_exit_code_is_described() -> None:
    codes = rows(section("docs/settings.md", "The command").partition("| exit code |")[2])
    assert {int(row[0]) for row in codes if row[0].isdigit()} == set(ExitCode)


# -- commands --------------------------------------------------------------------------------------------------------


def code(page: Path) -> Iterator[str]:
    """Give what a page shows as code: the lines of its blocks, and what stands in backquotes."""
    whole = page.read_text()
    for block in re.findall(r"^```[a-z]*\n(.*?)^```", whole, re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()
    prose = re.sub(r"^```.*?^```", "", whole, flags=re.MULTILINE | re.DOTALL)
    yield from (" ".join(span.split()).replace("\\|", "|") for span in re.findall(r"`([^`]+)`", prose))


def shown(page: Path) -> list[list[str]]:
    """Give the words of each flowport command that a page shows."""
    found = []
    for line in code(page):
        match = re.match(r"(?:\$ )?(?:\S*/)?flowport ([^#|>]*)", line.strip())
        if match:
            try:
                words = shlex.split(match[1].replace("…", "X"))
            except ValueError:  # a quote that is closed on another line
                words = match[1].split()
            found.append(words)
    return found


def unknown(words: list[str]) -> str | None:
    """Say which word of a command there is not."""
    command = COMMAND
    options = {one for param in command.params for one in (*param.opts, *param.secondary_opts)}
    given = iter(words)
    for word in given:
        if word.startswith("--"):
            name = word.partition("=")[0]
            if name not in options | {"--help", "--install-completion", "--show-completion"}:
                return name
            if name in {"--profile", "--base-url", "--token"}:
                next(given, None)
        elif hasattr(command, "commands"):
            if word == "X":
                return None
            if word not in command.commands:
                return word
            command = command.commands[word]
            options |= {one for param in command.params for one in (*param.opts, *param.secondary_opts)}
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_shows_is_one_that_there_is(page: Path) -> None:
    assert [" ".join(words) for words in shown(page) if unknown(words) is not None] == []


def test_commands_are_looked_for_where_they_stand() -> None:
    assert len([words for page in PAGES for words in shown(page)]) > 80
    assert unknown(["tokens", "make", "x"]) == "make"
    assert unknown(["publish", "a/b", "--expres", "X"]) == "--expres"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_a_page_shows_is_one_that_there_is(page: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", text("Makefile"), re.MULTILINE))
    named = {match[1] for line in code(page) if (match := re.match(r"(?:\$ )?make ([a-z][a-z0-9-]*)", line.strip()))}
    assert sorted(named - targets) == []
