"""What `flowport publish` is told for the dialects, made into members of the endpoint's document."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from flowport_cli.errors import WrongUse
from flowport_cli.inputs import given

_TYPES: Final = ("string", "number", "integer", "boolean", "object", "array")

Aliases = Annotated[
    list[str] | None,
    typer.Option(
        "--alias",
        help="Another identifier: v10:My API, theeye:ID, workfloplus:ID or nebulagraph:NUMBER; repeatable.",
        metavar="KIND:ID",
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter",
        help="Declared parameter: name, name:integer, name=default, or a JSON object (with a task, too); repeatable.",
        metavar="NAME[:TYPE][=DEFAULT]|JSON",
    ),
]
Arguments = Annotated[
    list[str] | None,
    typer.Option(
        "--argument", help="TheEye: a declared argument, in order; optional with a ? at its end.", metavar="NAME[?]"
    ),
]
PhixFlow = Annotated[
    bool,
    typer.Option("--phixflow", help="PhixFlow: it is called so (an Express run: --abandon-at-timeout)."),
]
OutputName = Annotated[str | None, typer.Option(help="PhixFlow: name of the output in `data`.", metavar="NAME")]
SuccessMessage = Annotated[str | None, typer.Option(help="PhixFlow: the message of a success.", metavar="TEXT")]
FailMessage = Annotated[str | None, typer.Option(help="PhixFlow: the message of a failure.", metavar="TEXT")]
TimeoutMs = Annotated[int | None, typer.Option(min=1, help="PhixFlow: the endpoint's own time-out.", metavar="MS")]
PerRecord = Annotated[bool, typer.Option("--per-record", help="PhixFlow: one job for each record of an array.")]
AbandonAtTimeout = Annotated[
    bool,
    typer.Option("--abandon-at-timeout", help="PhixFlow: an Express run may go on behind a job that timed out."),
]
EmptyOutputIsNone = Annotated[
    bool, typer.Option("--empty-output-is-none", help="iolinker: an output of null or {} counts as none.")
]


def dialects(
    *, iolinker: Mapping[str, Any], phixflow: Mapping[str, Any], arguments: Sequence[str] | None, marked: bool
) -> dict[str, Any]:
    """Give the member `dialects`: of each dialect what was said to it, nothing where nothing was."""
    said: dict[str, Any] = {}
    to_iolinker = {name: value for name, value in iolinker.items() if value}
    to_phixflow = {name: value for name, value in phixflow.items() if value not in (None, False)}
    if to_iolinker:
        said["iolinker"] = to_iolinker
    if to_phixflow or marked:
        said["phixflow"] = to_phixflow
    if arguments:
        said["theeye"] = {"arguments": [_argument(text) for text in arguments]}
    return said


def parameter(text: str) -> dict[str, Any]:
    """Read one declared parameter.

    Raises:
        WrongUse: it is neither NAME[:TYPE][=DEFAULT] nor a JSON object.
    """
    if text.startswith("{"):
        return _object(text)
    declared, equals, default = text.partition("=")
    name, _, kind = declared.partition(":")
    if kind and kind not in _TYPES:
        raise WrongUse(
            f"The parameter {text!r} has the type {kind!r}, which there is not.", hint=f"Types: {', '.join(_TYPES)}"
        )
    made = given(name=name, type=kind or None)
    if equals:
        made["default"] = default if kind in {"", "string"} else _value(text, default)
    return made


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise WrongUse(f"The parameter {text!r} is not JSON: {error}.") from error
    return dict(value)


def _value(text: str, default: str) -> Any:  # noqa: ANN401  # any JSON value
    try:
        return json.loads(default)
    except ValueError as error:
        raise WrongUse(f"The parameter {text!r} has a default that is not JSON: {default!r}.") from error


def _argument(text: str) -> dict[str, Any]:
    name = text.removesuffix("?")
    return {"name": name, "optional": True} if name != text else {"name": name}
