"""The file of `flowport apply`: endpoints as YAML, with the line of everything in it.

    version: 1
    workspace: default            # whose endpoints these are; may be left out
    endpoints:
      billing/quote:              # MODULE/NAME, as `flowport call` takes it
        express_arn: arn:aws:states:eu-central-1:123456789012:stateMachine:quote
        mode: sync                # … and every other member of the API's document of an endpoint

Scalars are read as JSON has them (YAML 1.2's core schema): `yes` and `2026-11-22` are texts.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from flowport_cli.errors import Violation, WrongUse
from flowport_cli.inputs import endpoint_parts

VERSION: Final = 1
# What an endpoint's address says already, and what the API alone writes.
NOT_IN_THE_FILE: Final = ("endpoint", "module", "name", "version", "created_at", "updated_at")
_TOP: Final = ("version", "workspace", "endpoints")
_DEEPEST: Final = 100
_HEADER: Final = "# Written by `flowport export`; `flowport apply -f FILE` makes a workspace's endpoints so again.\n"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """An endpoint as the file has it: its address, its document, and where each part stands, by JSON Pointer."""

    address: str
    module: str
    name: str
    document: Mapping[str, Any]
    places: Mapping[str, Place]

    def place(self, pointer: str) -> Place:
        """Give the place of a part, or of the smallest part around it that is in the file."""
        while pointer not in self.places:
            pointer = pointer.rpartition("/")[0]
        return self.places[pointer]


@dataclass(frozen=True, slots=True)
class EndpointFile:
    """What a file says."""

    name: str
    workspace: str | None
    endpoints: tuple[Wanted, ...]

    def refusal(self, found: Sequence[tuple[Wanted, Violation]]) -> WrongUse:
        """Make violations that the API found the file's own errors."""
        at = [(wanted.place(violation.pointer), wanted, violation) for wanted, violation in found]
        at.sort(key=lambda one: (one[0].line, one[0].column))
        return _refuse(
            self.name,
            [(place, f"{wanted.address}{violation.pointer}: {violation.message}") for place, wanted, violation in at],
        )


class _Loader(yaml.SafeLoader):
    """Reads scalars as JSON has them."""

    yaml_implicit_resolvers: Mapping[str, list[tuple[str, re.Pattern[str]]]] = {}  # type: ignore[assignment]


_FLOAT: Final = r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?"
_LOOKS_LIKE_A_NUMBER: Final = re.compile(_FLOAT)
for _tag, _form, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"~|null|", ["~", "n", ""]),
    ("int", r"-?(?:0|[1-9]\d*)", "-0123456789"),
    ("float", _FLOAT, "-0123456789"),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_form})$"), list(_first))


class _Errors:
    """What is wrong with a file, in its order."""

    def __init__(self) -> None:
        self.found: list[tuple[Place, str]] = []

    def add(self, node: yaml.Node, message: str) -> None:
        self.found.append((_place(node), message))


def read_endpoint_file(text: str, name: str) -> EndpointFile:
    """Read a file.

    Raises:
        WrongUse: it is no such file; every error is named with its line.
    """
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        raise _refuse(name, [(place, f"is not YAML: {error.problem or error.context}")]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise WrongUse(f"{name} is not YAML: {error}") from error
    if root is None:
        raise WrongUse(f"{name} is empty.", hint="It needs at least `version: 1` and `endpoints: {}`.")
    errors = _Errors()
    top = _members(root, errors, "the file")
    workspace = _top(root, top, errors)
    endpoints = _endpoints(root, top.get("endpoints"), errors)
    if errors.found:
        raise _refuse(name, errors.found)
    return EndpointFile(name, workspace, endpoints)


def _top(root: yaml.Node, top: Mapping[str, yaml.Node], errors: _Errors) -> str | None:
    """Check what stands beside the endpoints, and give the workspace."""
    for member, node in top.items():
        if member not in _TOP:
            errors.add(node, f"{member!r} is not known here; there are: {', '.join(_TOP)}")
    if "version" not in top or _value(top["version"], "", {}, errors) != VERSION:
        errors.add(top.get("version", root), f"version must be {VERSION}")
    workspace = _value(top["workspace"], "", {}, errors) if "workspace" in top else None
    if workspace is None or isinstance(workspace, str):
        return workspace
    errors.add(top["workspace"], "workspace must be the name of one")
    return None


def _endpoints(root: yaml.Node, node: yaml.Node | None, errors: _Errors) -> tuple[Wanted, ...]:
    if node is None:
        errors.add(root, "endpoints is missing; write `endpoints: {}` for none")
    if node is None or _is_null(node):
        return ()
    members = _members(node, errors, "endpoints")
    found = [one for key, value in members.items() if (one := _endpoint(key, value, errors)) is not None]
    seen: dict[tuple[str, str], str] = {}
    for one in found:
        if (other := seen.setdefault((one.module, one.name), one.address)) != one.address:
            errors.found.append((one.places[""], f"{one.address!r} is the same endpoint as {other!r}"))
    return tuple(found)


def _endpoint(address: str, node: yaml.Node, errors: _Errors) -> Wanted | None:
    try:
        module, name = endpoint_parts(address)
    except WrongUse as error:
        errors.add(node, f"{error.message} {error.hint}")
        return None
    places: dict[str, Place] = {}
    document = _value(node, "", places, errors)
    if not isinstance(document, dict):
        errors.add(node, f"{address} must be a mapping of settings")
        return None
    for member in NOT_IN_THE_FILE:
        if member in document:
            errors.found.append((places[f"/{member}"], f"{address}: {member!r} is not a setting; leave it out"))
    return Wanted(address, module, name, document, places)


def _members(node: yaml.Node, errors: _Errors, what: str) -> dict[str, yaml.Node]:
    """Give the members of a mapping, merge keys (`<<`) applied; a key that is there twice is an error."""
    if not isinstance(node, yaml.MappingNode):
        errors.add(node, f"{what} must be a mapping")
        return {}
    own: dict[str, yaml.Node] = {}
    merged: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if key.tag == "tag:yaml.org,2002:merge":
            sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for source in reversed(sources):
                merged |= _members(source, errors, "what << names")
        elif not isinstance(key, yaml.ScalarNode):
            errors.add(key, "a key must be a text")
        elif key.value in own:
            errors.add(key, f"{key.value!r} is there twice")
        else:
            own[key.value] = value
    return merged | own


def _value(node: yaml.Node, pointer: str, places: dict[str, Place], errors: _Errors) -> Any:  # noqa: ANN401  # JSON
    """Give a node as a JSON value, and keep where it stands."""
    places[pointer] = _place(node)
    if pointer.count("/") > _DEEPEST:
        errors.add(node, "is nested too deeply, or contains itself")
        return None
    match node:
        case yaml.MappingNode():
            members = _members(node, errors, "this")
            return {key: _value(value, f"{pointer}/{_escaped(key)}", places, errors) for key, value in members.items()}
        case yaml.SequenceNode():
            return [_value(value, f"{pointer}/{place}", places, errors) for place, value in enumerate(node.value)]
    return _scalar(node, errors)


def _scalar(node: yaml.Node, errors: _Errors) -> Any:  # noqa: ANN401  # any JSON scalar
    text = str(node.value)
    match node.tag.rpartition(":")[2]:
        case "str":
            return text
        case "bool":
            return text == "true"
        case "null":
            return None
        case "int":
            return int(text)
        case "float" if math.isfinite(number := float(text)):
            return number
    errors.add(node, f"{text!r} is not a value that JSON has")
    return None


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")


def _escaped(member: str) -> str:
    return member.replace("~", "~0").replace("/", "~1")


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _refuse(name: str, found: Sequence[tuple[Place, str]]) -> WrongUse:
    lines = [f"{name}:{place.line}:{place.column}: {message}" for place, message in found]
    count = len(lines)
    return WrongUse("\n  ".join([f"{count} error{'' if count == 1 else 's'}; nothing was changed.", *lines]))


# -- writing -----------------------------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Writes texts so that the loader above, and every YAML reader, gives them back as texts; no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # the base class asks for each value
        return True


def _text_node(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None
    if _LOOKS_LIKE_A_NUMBER.fullmatch(text):
        style = "'"  # 1e3 is a text to YAML 1.1 and a number to the loader
    elif not text.isprintable():
        # What no line of a block can have as it is, PyYAML folds: only between quotes it is escaped.
        style = "|" if re.fullmatch(r"(?:[\x21-\x7e][\x20-\x7e]*(?<! )\n)+", text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text_node)


def write_endpoint_file(workspace: str | None, documents: Sequence[Mapping[str, Any]]) -> str:
    """Write endpoints, as the API shows them, as a file that gives them again."""
    endpoints = {str(one["endpoint"]): _settings(one) for one in documents}
    top = {"version": VERSION, **({"workspace": workspace} if workspace else {}), "endpoints": endpoints}
    return _HEADER + yaml.dump(top, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def _settings(document: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what says something: null and empty lists are every member's default, and `enabled` is on by default."""
    left_out = {"enabled": True, "title": "", "dialects": {}}
    return {
        name: value
        for name, value in document.items()
        if name not in NOT_IN_THE_FILE
        and value is not None
        and not (isinstance(value, list) and not value and name != "sample")
        and not (name in left_out and value == left_out[name])
    }
