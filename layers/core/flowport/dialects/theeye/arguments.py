"""Read what a TheEye client sends: its token, its options and the arguments of the task.

[S] is the vendor's page on the Sync API, [F] its published source, [C] a choice of ours where neither says.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from flowport.dialects.wire import HttpRequest
from flowport.domain.dialect_settings import Argument
from flowport.domain.errors import InvalidJson, InvalidRequest, UnsupportedMediaType
from flowport.domain.payload import check_size, elements_of, members_of, parse_json, quoted

TOKEN: Final = "access_token"  # noqa: S105  # the parameter's name
WAIT_RESULT: Final = "wait_result"
ARGUMENTS: Final = "task_arguments"
RESULT_LOOP: Final = ("counter", "limit", "timeout")
# [C] What steers the call is no argument where the whole query or body is one; a token least of all.
_OPTIONS: Final = frozenset({TOKEN, WAIT_RESULT, "result", "full", "parse"})
_OF_THE_BODY: Final = frozenset({TOKEN, WAIT_RESULT})
_FORM: Final = "application/x-www-form-urlencoded"
_JSON_TYPE: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json", re.IGNORECASE)
_BEARER: Final = re.compile(r"Bearer +(\S+) *", re.IGNORECASE)
_TOO_FEW: Final = "Invalid Task Arguments. An array of length {} is required. Optionals must be null"  # [F]
_NO_ARRAY: Final = "Invalid Task Arguments. task_arguments must be an array."  # [C]


def access_token(request: HttpRequest) -> str | None:
    """Give the token: of the header, else the query [S], else the body. [C] The first that is there counts."""
    if match := _BEARER.fullmatch(request.headers.get("authorization", "").strip()):
        return match[1]
    return request.one(TOKEN) if TOKEN in request.query else token_of_body(request)


def token_of_body(request: HttpRequest) -> str | None:
    """Give the token that is in the body, whatever else is sent."""
    token = _of_body(request, TOKEN)
    return token if isinstance(token, str) else None


def wants_redirect(request: HttpRequest) -> bool:
    """Whether the client asks to be sent on to the result at once [F]."""
    return request.one(WAIT_RESULT) == "true" or _of_body(request, WAIT_RESULT) in (True, "true")


def _of_body(request: HttpRequest, name: str) -> Any:  # noqa: ANN401  # any JSON value
    """Read one member of the body, before anything else is known of it."""
    if name.encode() not in request.body:
        return None
    try:
        text = request.body.decode()
        if _is_form(request, text):
            return dict(parse_qsl(text, keep_blank_values=True)).get(name)
        value = parse_json(text)
    except (InvalidJson, ValueError):
        return None  # it is refused later, to a caller who was let in
    return value.get(name) if isinstance(value, dict) else None


def input_of(request: HttpRequest, declared: tuple[Argument, ...] | None) -> str:
    """Give the workflow's input `{"task_arguments":[…]}` [C], each argument's text as it was sent.

    Raises:
        InvalidRequest: there are fewer arguments than declared, or what should be an array is none.
        InvalidJson, PayloadTooLarge, UnsupportedMediaType: the body is not one that a workflow can take.
    """
    arguments = _arguments(request)
    if arguments is None or len(arguments) < len(declared or ()):
        raise InvalidRequest(_TOO_FEW.format(len(declared)) if declared else _NO_ARRAY)
    text = f'{{"{ARGUMENTS}":[{",".join(arguments)}]}}'
    check_size(text)
    return text


def _arguments(request: HttpRequest) -> list[str] | None:
    """Read the arguments' texts in the order of [F]; None where `task_arguments` is no array."""
    text = _text(request)
    form = _grouped(parse_qsl(text, keep_blank_values=True)) if _is_form(request, text) else {}
    check_size(text)
    sent = parse_json(text) if text and not form else None
    if isinstance(sent, dict) and ARGUMENTS in sent:
        return elements_of(members_of(text)[ARGUMENTS]) if isinstance(sent[ARGUMENTS], list) else None
    for fields in (form, request.query):
        if ARGUMENTS in fields or f"{ARGUMENTS}[]" in fields:
            return _of_fields(fields)
    return elements_of(text) if isinstance(sent, list) else _whole(request, text, form, sent)


def _whole(request: HttpRequest, text: str, form: Mapping[str, tuple[str, ...]], sent: Any) -> list[str]:  # noqa: ANN401
    """Make one argument of the whole body, or of the whole query where there is no body."""
    if text and not form and not isinstance(sent, dict):
        return [text.strip()]
    if isinstance(sent, dict):
        members = {name: value for name, value in members_of(text).items() if name not in _OF_THE_BODY}
    elif form:
        members = _texts(form, _OF_THE_BODY)
    else:
        members = _texts(request.query, _OPTIONS.union(RESULT_LOOP) if wants_redirect(request) else _OPTIONS)
    if not members and sent != {}:
        return []  # [C] nothing sent is no argument
    return ["{" + ",".join(f"{quoted(name)}:{value}" for name, value in members.items()) + "}"]


def _of_fields(fields: Mapping[str, tuple[str, ...]]) -> list[str] | None:
    """Read `task_arguments` of a query or form: one JSON array [C], or repeated, each a string."""
    values = fields.get(ARGUMENTS, ())
    if len(values) != 1 or f"{ARGUMENTS}[]" in fields:
        return [quoted(value) for value in (*values, *fields.get(f"{ARGUMENTS}[]", ()))]
    try:
        is_array = isinstance(parse_json(values[0]), list)
    except InvalidJson:
        return None
    return elements_of(values[0]) if is_array else None


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        fields[name] = (*fields.get(name, ()), value)
    return fields


def _texts(fields: Mapping[str, tuple[str, ...]], taken: frozenset[str]) -> dict[str, str]:
    return {
        name: quoted(values[0]) if len(values) == 1 else f"[{','.join(map(quoted, values))}]"
        for name, values in fields.items()
        if name not in taken
    }


def _text(request: HttpRequest) -> str:
    try:
        text = request.body.decode()
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8: byte {error.start} cannot be read."
        raise InvalidJson(message) from error
    if not text.strip():
        return ""
    essence = _essence(request)
    if essence and essence != _FORM and not _JSON_TYPE.fullmatch(essence):
        message = f"The body is declared as {essence[:100]!r}; send Content-Type: application/json."
        raise UnsupportedMediaType(message)
    return text


def _essence(request: HttpRequest) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_form(request: HttpRequest, text: str) -> bool:
    """Whether a body is a form: [C] not where it is JSON that curl, told nothing, declared as one."""
    return _essence(request) == _FORM and text.lstrip()[:1] not in {"{", "["}
