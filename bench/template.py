"""What template.yaml says that costs money: the tables' indexes, the functions' memory, the number of alarms."""

from dataclasses import dataclass
from typing import Any

import yaml

from bench import ROOT
from bench.environment import TABLES
from dev.included import included


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index: its key attributes, and the table's; `whole` when it holds the other attributes too."""

    keys: tuple[str, ...]
    table_keys: tuple[str, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Template:
    """The stack."""

    indexes: dict[str, tuple[Index, ...]]
    keys: dict[str, tuple[str, ...]]
    memory_mb: dict[str, int]
    architecture: str
    alarms: int


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Ref`, `!Sub`, …) as the plain values behind them."""


def _plain(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> Any:  # noqa: ANN401  # any YAML value
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True) if isinstance(node, yaml.MappingNode) else None


_Loader.add_multi_constructor("!", _plain)


def load(text: str) -> dict[str, Any]:
    """Load a template; what a short form stands for is left to whoever reads it."""
    template: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506  # a SafeLoader
    return template


def read_template() -> Template:
    """Read it."""
    template = load(included(ROOT / "template.yaml"))
    resources: dict[str, Any] = template["Resources"]
    functions = {
        resource["Properties"]["CodeUri"].rpartition("/")[2]: resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    default_memory = template["Globals"]["Function"]["MemorySize"]
    tables = {
        TABLES[f"{name.removesuffix('Table').upper()}_TABLE"]: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }
    keys = {name: _names(table["KeySchema"]) for name, table in tables.items()}
    return Template(
        indexes={
            name: tuple(
                Index(_names(index["KeySchema"]), keys[name], index["Projection"]["ProjectionType"] == "ALL")
                for index in table.get("GlobalSecondaryIndexes", ())
            )
            for name, table in tables.items()
        },
        keys=keys,
        memory_mb={name: function.get("MemorySize", default_memory) for name, function in functions.items()},
        architecture=template["Parameters"]["Architecture"]["Default"],
        alarms=sum(resource["Type"] == "AWS::CloudWatch::Alarm" for resource in resources.values()),
    )


def _names(schema: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(part["AttributeName"] for part in schema)
