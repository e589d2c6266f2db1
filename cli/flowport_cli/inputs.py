"""What people write on the command line, made into what the API takes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import typer

from flowport_cli.errors import WrongUse

ENDPOINT_HELP = "The endpoint's address, MODULE/NAME; a slash inside a part is %2F, a percent sign %25."
_PARTS_OF_AN_ADDRESS = 2


def endpoint_parts(address: str) -> tuple[str, str]:
    """Split `module/name`, each part decoded once as in a URL.

    Raises:
        WrongUse: it is not of that form; `.` and `..` would be taken for steps in the path.
    """
    parts = [unquote(part) for part in address.split("/")]
    if len(parts) != _PARTS_OF_AN_ADDRESS or any(part in {"", ".", ".."} for part in parts):
        raise WrongUse(f"{address!r} is not an endpoint's address.", hint="An address is MODULE/NAME: samples/hello")
    return parts[0], parts[1]


def read_json(given: str, what: str) -> bytes:
    """Give the JSON text of an argument: itself, the content of @FILE, or stdin's for `-`. It is sent as it is.

    Raises:
        WrongUse: it cannot be read, or is not JSON; the sentence says at which line and column.
    """
    if given == "-":
        content, where = typer.get_binary_stream("stdin").read(), "stdin"
    elif given.startswith("@"):
        where = given[1:]
        try:
            content = Path(where).read_bytes()
        except OSError as error:
            raise WrongUse(f"The {what} cannot be read from {where!r}: {error.strerror}.") from error
    else:
        content, where = given.encode(errors="surrogateescape"), "the command line"
    content = content.removeprefix(b"\xef\xbb\xbf")  # some editors put a byte order mark first, JSON has none
    _check_json(content, what, where)
    return content


def _check_json(content: bytes, what: str, where: str) -> None:
    try:
        json.loads(content.decode())
    except UnicodeDecodeError as error:
        raise WrongUse(f"The {what} from {where} is not UTF-8 (byte {error.start + 1}).") from error
    except json.JSONDecodeError as error:
        raise WrongUse(
            f"The {what} from {where} is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).",
            hint="""Quote it for the shell: '{"name": "Ada"}', or give @FILE or - for stdin.""",
        ) from error
    except (RecursionError, ValueError):
        return  # valid, but more than this program takes apart; the API says what it takes


def query_of(content: bytes) -> list[tuple[str, str]]:
    """Give a JSON object as query parameters, which are the input of a GET.

    Raises:
        WrongUse: it is not a flat object.
    """
    value = json.loads(content)
    if not isinstance(value, dict) or any(isinstance(member, dict | list) for member in value.values()):
        raise WrongUse("With --method GET the input becomes query parameters, so it must be a flat JSON object.")
    return [(name, member if isinstance(member, str) else json.dumps(member)) for name, member in value.items()]


def secret_from_stdin(what: str) -> str:
    """Read a secret, which is never an argument, without the line's end.

    Raises:
        WrongUse: there is none, or it is not UTF-8.
    """
    try:
        text = typer.get_binary_stream("stdin").read().decode()
    except UnicodeDecodeError as error:
        raise WrongUse(f"The {what} on stdin is not UTF-8.") from error
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise WrongUse(f"There is no {what} on stdin.")
    return secret


def labels_header(labels: Sequence[str]) -> str:
    """Join labels to the header Flowport-Labels.

    Raises:
        WrongUse: one is not of the form k=v, or the header could not carry it.
    """
    for label in labels:
        name, equals, _ = label.partition("=")
        if not (name.strip() and equals) or "," in label or not (label.isascii() and label.isprintable()):
            raise WrongUse(
                f"{label!r} is not a label.",
                hint="A label is KEY=VALUE in plain ASCII, without a comma: --label team=a",
            )
    return ", ".join(labels)


def given(**members: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON value
    """Keep the members that were given, so that the API's own defaults hold for the others."""
    return {name: value for name, value in members.items() if value not in (None, [])}
