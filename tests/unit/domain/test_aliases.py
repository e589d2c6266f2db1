"""What can be an alias, and what endpoints say to dialects."""

import pytest

from flowport.domain.aliases import alias, alias_problem
from flowport.domain.dialect_settings import DialectSettings, Iolinker, PhixFlow, TheEye, settings_of, stored_settings


@pytest.mark.parametrize(
    "text",
    [
        "v10:My API",
        "theeye:5f3c9e1b2d4a6b7c8d9e0f1a",
        "workfloplus:b62f2507-b4e7-4248-83d3-29c03a158fbe",
        "nebulagraph:4216617528",
        "nebulagraph:9007199254740991",
        "v10:a:b/c%2Fü+",
    ],
)
def test_the_identifiers_of_the_dialects_are_aliases(text: str) -> None:
    assert alias_problem(text) is None
    assert alias(*text.split(":", 1)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "My API",
        "v11:My API",
        "native:x",
        "v10:",
        "v10:a\nb",
        "theeye:" + "x" * 129,
        "nebulagraph:x",
        "nebulagraph:007",
        "nebulagraph:-1",
        "nebulagraph:9007199254740992",
        "nebulagraph:٣",
    ],
)
def test_what_no_client_could_send_back_is_no_alias(text: str) -> None:
    assert alias_problem(text) is not None


def test_of_settings_only_what_is_said_is_stored() -> None:
    said = DialectSettings(iolinker=Iolinker(), phixflow=PhixFlow(timeout_ms=500), theeye=TheEye(()))
    assert stored_settings(said) == {"iolinker": {}, "phixflow": {"timeout_ms": 500}, "theeye": {"arguments": []}}
    assert settings_of(stored_settings(said)) == said
    assert stored_settings(DialectSettings()) == {}
