"""The parameters that an endpoint declares: what a caller may give, of which type, and what stands in for it.

A dialect that reads them from text (a query string) converts with `from_text`; one that gets JSON values checks with
`of_values`. Both refuse by the parameter's name, before anything is started.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

from flowport.domain.errors import InvalidJson, InvalidRequest
from flowport.domain.payload import parse_json

ParameterType = Literal["string", "number", "integer", "boolean", "object", "array"]


class Default(Enum):
    """Tells a parameter without a default from one whose default is null."""

    NONE = "none"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter. `type` None takes any value; `task` names the state that it is for, where that counts."""

    name: str
    type: ParameterType | None = None
    required: bool = False
    default: Any = Default.NONE
    task: str | None = None


class ParameterRefused(InvalidRequest):
    """A parameter is missing, not declared, or of another type; `parameter` is its name."""

    kind = "invalid-parameter"
    title = "Invalid parameter"

    def __init__(self, parameter: str, detail: str) -> None:
        """Keep the name beside the sentence."""
        super().__init__(detail, members={"parameter": parameter})
        self.parameter = parameter


_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}
# What 1e999 is read as; no JSON can say it.
_INFINITE: Final = (math.inf, -math.inf)


def fits(value: Any, kind: ParameterType | None) -> bool:  # noqa: ANN401  # any JSON value
    """Whether a JSON value is of a declared type; true and false are no numbers."""
    if kind is None:
        return True
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def of_values(
    declared: Sequence[Parameter], values: Mapping[str, Any], *, task: str | None = None, closed: bool = True
) -> dict[str, Any]:
    """Check JSON values against what is declared for `task`, and fill in the defaults.

    `closed` refuses what is not declared; otherwise it is passed on. Raises `ParameterRefused`.
    """
    mine = {parameter.name: parameter for parameter in declared if parameter.task == task}
    where = f" of {task!r}" if task is not None else ""
    for name in values:
        if name not in mine and closed:
            known = ", ".join(mine) or "none"
            raise ParameterRefused(name, f"The parameter {name!r}{where} is not declared; declared are: {known}.")
    filled = dict(values)
    for name, parameter in mine.items():
        if name not in values:
            if parameter.default is not Default.NONE:
                filled[name] = parameter.default
            elif parameter.required:
                raise ParameterRefused(name, f"The parameter {name!r}{where} is required.")
        elif not fits(values[name], parameter.type):
            message = f"The parameter {name!r}{where} must be of the type {parameter.type}."
            raise ParameterRefused(name, message)
    return filled


def of_texts(declared: Sequence[Parameter], texts: Mapping[str, str], *, task: str | None = None) -> dict[str, Any]:
    """Take the declared parameters out of texts, converted to their types; what is not declared is left aside."""
    mine = [parameter for parameter in declared if parameter.task == task]
    values = {one.name: from_text(one, texts[one.name]) for one in mine if one.name in texts}
    return of_values(mine, values, task=task)


def from_text(parameter: Parameter, text: str) -> Any:  # noqa: ANN401  # any JSON value
    """Convert a text to the declared type: a string stays as it is, everything else is read as JSON."""
    if parameter.type in {None, "string"}:
        return text
    try:
        value = parse_json(text)
    except InvalidJson:
        value = None
    if not fits(value, parameter.type) or value in _INFINITE:
        message = f"The parameter {parameter.name!r} must be of the type {parameter.type}; {text[:64]!r} is none."
        raise ParameterRefused(parameter.name, message)
    return value


def parameters_text(declared: Iterable[Parameter]) -> str:
    """Write declared parameters as JSON text, without what is not set: as items keep them."""
    return json.dumps([plain(parameter) for parameter in declared], ensure_ascii=False, separators=(",", ":"))


def plain(parameter: Parameter) -> dict[str, Any]:
    """Write one as JSON values, without what is not set."""
    written: dict[str, Any] = {"name": parameter.name}
    if parameter.task is not None:
        written["task"] = parameter.task
    if parameter.type is not None:
        written["type"] = parameter.type
    if parameter.required:
        written["required"] = True
    if parameter.default is not Default.NONE:
        written["default"] = parameter.default
    return written


def parameters_of(sent: Iterable[Mapping[str, Any]]) -> tuple[Parameter, ...]:
    """Read what `plain` wrote."""
    return tuple(Parameter(**one) for one in sent)
