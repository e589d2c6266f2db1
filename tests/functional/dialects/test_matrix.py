"""docs/dialects.md says what the code declares, and every declared feature is shown by a case."""

import pytest

from flowport.dialects import REGISTRY
from flowport.dialects.features import FEATURES
from tests.functional.dialects.cases import read_cases
from tests.functional.harness import ROOT

WORDS = {"yes": "yes", "own": "in its own way", None: ""}


def matrix() -> list[str]:
    """Give the table as the code has it."""
    lines = ["| | " + " | ".join(REGISTRY) + " |", "|---" * (len(REGISTRY) + 1) + "|"]
    for feature, meaning in FEATURES.items():
        support = (WORDS[dialect.features.get(feature)] for dialect in REGISTRY.values())
        lines.append(f"| {meaning} | " + " | ".join(support) + " |")
    return lines


def test_the_matrix_of_the_docs_is_what_the_dialects_declare() -> None:
    written = (ROOT / "docs" / "dialects.md").read_text().splitlines()
    table = [" ".join(line.split()) for line in written[written.index("## What each can be asked for") :]]
    shown = [line for line in table if line.startswith("|")][: len(FEATURES) + 2]
    assert shown == [" ".join(line.split()) for line in matrix()]


@pytest.mark.parametrize("name", REGISTRY)
def test_a_dialect_declares_known_features_only(name: str) -> None:
    assert set(REGISTRY[name].features) <= set(FEATURES)


@pytest.mark.parametrize("name", REGISTRY)
def test_every_declared_feature_is_shown_by_a_case(name: str) -> None:
    shown = {feature for case in read_cases(name).values() for feature in case.proves}
    assert set(REGISTRY[name].features) - shown == set()


@pytest.mark.parametrize("name", REGISTRY)
def test_no_case_shows_a_feature_that_its_dialect_does_not_declare(name: str) -> None:
    shown = {feature for case in read_cases(name).values() for feature in case.proves}
    assert shown - set(REGISTRY[name].features) == set()
