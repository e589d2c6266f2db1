"""JSON as Step Functions takes it, checked before anything is started.

Limits: 262,144 bytes of UTF-8 (AWS service quota for the input of an execution); strict JSON (RFC 8259), so no NaN or
Infinity; no duplicate keys, of which each parser keeps another one; bounded nesting.
"""

import json
import re
from typing import Any, Final

from flowport.domain.errors import InvalidJson, PayloadTooLarge

MAX_BYTES: Final = 262_144
MAX_DEPTH: Final = 100
_SPACE = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"[ \t\r\n]*,?[ \t\r\n]*")
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_STRING_OR_SPACE = re.compile(r'"(?:[^"\\]|\\.)*+"|[ \t\r\n]+', re.DOTALL)
# Possessive, and taking an unterminated string to the end: linear in whatever is sent.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)


class _Duplicate(ValueError):
    pass


def _refuse_constant(name: str) -> Any:  # noqa: ANN401  # the hook's signature is json's
    message = f"{name} is not JSON; send null or a string instead"
    raise _Duplicate(message)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        name = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        message = f"the key {json.dumps(name)} appears twice in one object; send each key once"
        raise _Duplicate(message)
    return result


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique)
_LENIENT = json.JSONDecoder()


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for character in _STRING.sub("", text):
        if character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                message = f"The JSON is nested deeper than {MAX_DEPTH} levels; flatten it."
                raise InvalidJson(message)
        elif character in "]}":
            depth -= 1


def check_size(text: str) -> None:
    """Refuse a text over Step Functions' limit, naming both sizes."""
    if len(text) * 4 > MAX_BYTES and (size := len(text.encode("utf-8", "surrogatepass"))) > MAX_BYTES:
        message = (
            f"The input is {size} bytes; Step Functions takes at most {MAX_BYTES} bytes (256 KiB). "
            "Put large data in S3 and send its key."
        )
        raise PayloadTooLarge(message, members={"size": size, "limit": MAX_BYTES})


def parse_json(text: str) -> Any:  # noqa: ANN401  # any JSON value
    """Parse a JSON text strictly; errors name line and column."""
    _check_depth(text)
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        message = f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        raise InvalidJson(message) from error
    except _Duplicate as error:
        message = f"The body is not acceptable JSON: {error}."
        raise InvalidJson(message) from error
    except ValueError as error:  # an integer of more digits than Python converts
        message = "The body has a number with too many digits; send it as a string."
        raise InvalidJson(message) from error


def split_array(text: str) -> list[str]:
    """Give the texts of an array's elements, each exactly as it was sent."""
    if not isinstance(parse_json(text), list):
        message = "The body must be an array: one input an element."
        raise InvalidJson(message)
    return elements_of(text)


def elements_of(text: str) -> list[str]:
    """Give the texts of the elements of what is known to be an array."""
    elements = []
    position = _SPACE.match(text, text.index("[") + 1).end()  # type: ignore[union-attr]  # it matches the empty text
    while text[position] != "]":
        _, end = _LENIENT.raw_decode(text, position)
        elements.append(text[position:end])
        position = _BETWEEN.match(text, end).end()  # type: ignore[union-attr]
    return elements


def members_of(text: str) -> dict[str, str]:
    """Give the texts of the members of what is known to be an object, each exactly as it was sent."""
    members = {}
    position = _SPACE.match(text, text.index("{") + 1).end()  # type: ignore[union-attr]
    while text[position] != "}":
        name, end = _LENIENT.raw_decode(text, position)
        position = _COLON.match(text, end).end()  # type: ignore[union-attr]
        _, end = _LENIENT.raw_decode(text, position)
        members[name] = text[position:end]
        position = _BETWEEN.match(text, end).end()  # type: ignore[union-attr]
    return members


def compact(text: str) -> str:
    """Take the white space between the tokens out of a JSON text; numbers and strings keep their exact form."""
    return _STRING_OR_SPACE.sub(lambda found: found[0] if found[0][0] == '"' else "", text)


def checked_input(text: str) -> str:
    """Give the text back unchanged when a workflow can take it; numbers keep their exact form."""
    check_size(text)
    parse_json(text)
    return text


# Made once: `json.dumps` with settings of one's own makes a new one for every value.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def dumps(value: Any) -> str:  # noqa: ANN401  # any JSON value
    """Write compact JSON."""
    return _ENCODER.encode(value)


def joined(*objects: str) -> str:
    """Write one object of the members of several, in order; each is compact JSON and has at least one member."""
    return "{" + ",".join(text[1:-1] for text in objects) + "}"


def quoted(text: str) -> str:
    """Write a JSON string; half a surrogate pair, which no UTF-8 can carry, stays an escape."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return dumps(text)
