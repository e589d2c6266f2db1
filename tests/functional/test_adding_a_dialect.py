"""The dialect that docs/adding-a-dialect.md writes down is whole: taken from the page, it passes its own cases."""

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
import yaml

from flowport.dialects import REGISTRY, paths
from flowport.domain.records import Endpoint
from tests.functional.dialects.cases import Case, play
from tests.functional.harness import EXPRESS_ARN, Aws, Handler

PAGE: Final = (Path(__file__).parents[2] / "docs" / "adding-a-dialect.md").read_text()
BLOCKS: Final = re.findall(r"^```(python|yaml)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def _block(kind: str, begins: str) -> str:
    (found,) = [text for of, text in BLOCKS if of == kind and text.startswith(begins)]
    return str(found)


def _module(name: str, text: str) -> ModuleType:
    module = ModuleType(name)
    exec(compile(text, f"docs/adding-a-dialect.md: {name}", "exec"), module.__dict__)  # noqa: S102  # it is our page's
    return module


def _cases() -> list[Case]:
    return [
        Case(one["says"], tuple(one["exchanges"]), one.get("given") or {}, tuple(one["proves"]), one.get("express"))
        for one in yaml.safe_load(_block("yaml", "- says: A flow is run"))
    ]


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Register the page's dialect with the page's line of the table of paths, for one test."""
    dialect = _module("relay", _block("python", '"""Relay: flows')).Relay()
    territories: dict[str, tuple[str, ...]] = ast.literal_eval("{" + _block("python", '"relay": (') + "}")
    lines = [(name, paths.Pattern.of(text)) for name, texts in territories.items() for text in texts]
    # As a line there would do.
    monkeypatch.setattr(paths, "_BY_WORD", paths.by_first_word((*paths.LINES, *lines)))
    monkeypatch.setitem(REGISTRY.makers, "relay", lambda: dialect)
    return dialect


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.says)
def test_the_pages_dialect_passes_the_pages_cases(
    relay: Any, case: Case, published: Aws, load: Callable[..., Handler]
) -> None:
    del relay
    settings: dict[str, Any] = {name: tuple(value) for name, value in case.given.items()}
    published.put(replace(Endpoint("default", "relay", "billing", express_arn=EXPRESS_ARN), **settings))
    play(case, published, load("GatewayFunction"), load("RecordCompletionFunction"))


def test_the_pages_dialect_proves_what_it_declares(relay: Any) -> None:
    assert {feature for case in _cases() for feature in case.proves} == set(relay.features)


def test_the_pages_test_stands_on_what_there_is() -> None:
    tree = ast.parse(_block("python", '"""Relay\'s literal exchanges'))
    imports = "\n".join(ast.unparse(one) for one in tree.body if isinstance(one, ast.ImportFrom))
    assert "from tests.functional.dialects.cases import" in imports
    _module("the test's imports", imports)
