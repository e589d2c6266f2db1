"""Read what a client of NebulaGraph Explorer sends: its account, the tasks' parameters, the filters of lists.

[S] is the vendor's page "Add a new job", [F] the other pages of its workflow API, [C] a choice of ours.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flowport.dialects.nebulagraph.documents import STATUS, STATUSES, job_name
from flowport.dialects.wire import HttpRequest
from flowport.domain.access import refuse_credential
from flowport.domain.errors import CredentialMissing, InvalidJson, UnsupportedMediaType
from flowport.domain.job import Status
from flowport.domain.parameters import Parameter, ParameterRefused, of_values
from flowport.domain.payload import check_size, dumps, members_of, parse_json, quoted
from flowport.domain.records import ENDPOINT_PART_MAX, WORKSPACE_NAME

TOKEN: Final = "explorer_token"  # noqa: S105  # the name of the cookie [F] and of the header [S]
_BEARER: Final = re.compile(r"Bearer +(\S+) *", re.IGNORECASE)
_JSON_TYPE: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json", re.IGNORECASE)
_POSITIVE: Final = re.compile(r"[1-9][0-9]{0,8}")
ADDRESS_AT_MOST: Final = 255
PORTS: Final = range(65_536)
ORDERS: Final = ("desc", "asc")
# The latest time that a filter can mean, in epoch milliseconds: a number that every client reads exactly.
LATEST: Final = 2**53 - 1


# -- connecting --------------------------------------------------------------------------------------------------------


def account(request: HttpRequest) -> tuple[str | None, str, str]:
    """Read the workspace, if it is named, the user and the password.

    They are base64 of `user:password` or of `["user","password"]` [F]. [C] `workspace/user` names the workspace.
    """
    header = request.headers.get("authorization")
    if header is None:
        message = "There is no Authorization."
        raise CredentialMissing(message)
    match = _BEARER.fullmatch(header.strip())
    user, password = _pair(match[1]) if match else (None, None)
    if user is None or password is None:
        raise refuse_credential()
    workspace, slash, name = user.rpartition("/")
    if not 0 < len(name) <= ENDPOINT_PART_MAX or (slash and not WORKSPACE_NAME.fullmatch(workspace)):
        raise refuse_credential()
    return workspace or None, name, password


def _pair(encoded: str) -> tuple[str | None, str | None]:
    try:
        text = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None, None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    match value:
        case [str(user), str(password)]:
            return user, password
    user, colon, password = text.partition(":")
    return (user, password) if colon else (None, None)


def address(request: HttpRequest) -> dict[str, Any]:
    """Read the address and port of the database [F]: nothing is connected to, the token keeps them [C]."""
    text = _body(request)
    value = parse_json(text) if text else {}
    if not isinstance(value, dict):
        message = 'The body must be an object: {"address":"…","port":…}.'
        raise InvalidJson(message)
    named, port = value.get("address"), value.get("port")
    if named is not None and (not isinstance(named, str) or len(named) > ADDRESS_AT_MOST):
        message = f"address must be a string of at most {ADDRESS_AT_MOST} characters."
        raise ParameterRefused("address", message)
    if port is not None and (not isinstance(port, int) or isinstance(port, bool) or port not in PORTS):
        message = "port must be a whole number from 0 to 65535."
        raise ParameterRefused("port", message)
    return {name: sent for name, sent in (("address", named), ("port", port)) if sent is not None}


# -- parameters of tasks -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Given:
    """The parameters as they were sent, by task and name: their values, and their JSON texts in their exact form."""

    values: Mapping[str, Mapping[str, Any]]
    texts: Mapping[str, Mapping[str, str]]


def given(request: HttpRequest) -> Given:
    """Read `{"input":{"<task>":{"<name>":string or number}}}`, all of it optional [S].

    Raises:
        InvalidJson, PayloadTooLarge, UnsupportedMediaType: the body is none that a workflow can take.
        ParameterRefused: it is not of that form; nothing of it is dropped in silence.
    """
    text = _body(request)
    if not text:
        return Given({}, {})
    value = parse_json(text)
    if not isinstance(value, dict):
        message = 'The body must be an object: {"input":{"<task_id>":{"<param_name>":…}}}.'
        raise InvalidJson(message)
    for name in value:
        if name != "input":
            message = f"The parameter {name[:64]!r} is not supported; there is only input."
            raise ParameterRefused(name, message)
    tasks = value.get("input")
    if tasks is None:
        return Given({}, {})
    _must_be_object("input", tasks)
    for task, parameters in tasks.items():
        _must_be_object(task, parameters)
        for name, sent in parameters.items():
            if isinstance(sent, bool) or not isinstance(sent, str | int | float):
                message = f"The parameter {name[:64]!r} of {task[:64]!r} must be a string or a number."
                raise ParameterRefused(name, message)
    texts = members_of(members_of(text)["input"])
    return Given(tasks, {task: members_of(parameters) for task, parameters in texts.items()})


def _must_be_object(name: str, value: Any) -> None:  # noqa: ANN401  # any JSON value
    if not isinstance(value, dict):
        message = f"The parameter {name[:64]!r} must be an object."
        raise ParameterRefused(name, message)


def workflow_input(sent: Given, declared: Sequence[Parameter]) -> str:
    """Give the workflow's input: [C] what `input` holds, so that the state `query_1` finds its own under `query_1`.

    An endpoint that declares parameters takes those alone, and gets its defaults; one that declares none takes any.
    What is declared for no task stands beside the tasks, and can only be its default.
    """
    tasks = dict(sent.texts)
    beside: dict[str, Any] = {}
    if declared:
        known = dict.fromkeys(parameter.task for parameter in declared if parameter.task is not None)
        for task in sent.values:
            if task not in known:
                message = (
                    f"The parameter {task[:64]!r} is no task of this workflow; it has: {', '.join(known) or 'none'}."
                )
                raise ParameterRefused(task, message)
        for task in known:
            filled = of_values(declared, sent.values.get(task, {}), task=task)
            texts = sent.texts.get(task, {})
            tasks[task] = {name: texts.get(name) or dumps(value) for name, value in filled.items()}
        beside = of_values(declared, {})
    members = {name: dumps(value) for name, value in beside.items()}
    members |= {task: _object(parameters) for task, parameters in tasks.items() if parameters or task in sent.values}
    text = _object(members)
    check_size(text)
    return text if text.strip() else ""


def _object(members: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{quoted(name)}:{text}" for name, text in members.items()) + "}"


# -- lists -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to. Times are epoch milliseconds."""

    name: str | None = None
    statuses: frozenset[Status] | None = None
    since: int | None = None
    until: int | None = None
    ascending: bool = False


def filtered(request: HttpRequest) -> Filter:
    """Read `filter`, a JSON object in the query [F]; [C] a member that is null or empty text counts as not sent."""
    text = request.one("filter")
    if not text:
        return Filter()
    try:
        value = parse_json(text)
    except InvalidJson as error:
        message = f"filter must be JSON, URL-encoded. {error.detail.replace('The body', 'It', 1)}"
        raise ParameterRefused("filter", message) from error
    if not isinstance(value, dict):
        message = "filter must be an object."
        raise ParameterRefused("filter", message)
    wanted = {name: sent for name, sent in value.items() if sent not in (None, "")}
    for name in wanted:
        if name not in _MEMBERS:
            message = f"filter has no member {name[:64]!r}; it has: {', '.join(_MEMBERS)}."
            raise ParameterRefused(name, message)
    for name, sent in wanted.items():
        fits, what = _MEMBERS[name]
        if not fits(sent):
            message = f"{name} of the filter must be {what}."
            raise ParameterRefused(name, message)
    status = wanted.get("status")
    return Filter(
        wanted.get("name"),
        None if status is None else frozenset(ours for ours, theirs in STATUS.items() if theirs == status),
        wanted.get("fromCreateTime"),
        wanted.get("toCreateTime"),
        wanted.get("orderByCreateTime") == "asc",
    )


def _whole(value: Any, among: range) -> bool:  # noqa: ANN401  # any JSON value
    return isinstance(value, int) and not isinstance(value, bool) and value in among


_TIME: Final[tuple[Callable[[Any], bool], str]] = (
    lambda value: _whole(value, range(LATEST + 1)),
    "a time in epoch milliseconds",
)
_MEMBERS: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "name": (lambda value: isinstance(value, str), "a string"),
    "status": (lambda value: _whole(value, STATUSES), "a whole number from 0 to 5"),
    "fromCreateTime": _TIME,
    "toCreateTime": _TIME,
    "orderByCreateTime": (lambda value: value in ORDERS, " or ".join(ORDERS)),
}


def checked_name(part: str | None) -> Callable[[str, int], bool] | None:
    """Give what decides by a job's name: [C] it has the text somewhere in it."""
    if part is None:
        return None
    return lambda endpoint, created_at: part in job_name(endpoint, created_at)


def positive(request: HttpRequest, name: str, default: int, *, at_most: int | None = None) -> int:
    """Read a number of the query, from 1 on; [C] an empty one counts as not sent."""
    text = request.one(name)
    if not text:
        return default
    if not _POSITIVE.fullmatch(text) or (at_most is not None and int(text) > at_most):
        bounds = "from 1 on" if at_most is None else f"from 1 to {at_most}"
        message = f"{name} must be a whole number {bounds}; {text[:64]!r} is none."
        raise ParameterRefused(name, message)
    return int(text)


# -- bodies ------------------------------------------------------------------------------------------------------------


def _body(request: HttpRequest) -> str:
    """Give the body's text, nothing for one of white space alone; it must be declared as JSON [S].

    A cookie goes with whatever a page of another site makes a browser send; of what needs no leave of ours
    to be sent, nothing is JSON. So with a cookie the type must be declared for no body, too.
    """
    try:
        text = request.body.decode()
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8: byte {error.start} cannot be read."
        raise InvalidJson(message) from error
    if not text.strip() and not request.cookie(TOKEN):
        return ""
    essence = request.headers.get("content-type", "").partition(";")[0].strip()
    if not _JSON_TYPE.fullmatch(essence):
        message = f"The body is declared as {essence[:100]!r}; send Content-Type: application/json."
        raise UnsupportedMediaType(message)
    check_size(text)
    return text
