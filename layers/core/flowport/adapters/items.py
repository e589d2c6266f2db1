"""DynamoDB's typed values, written and read by hand.

boto3's own serializer needs the import of boto3, which the gateway function's cold start does not otherwise pay for
(see docs/operations.md); the tables use strings, whole numbers, booleans, lists, maps and sets of strings only.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Item = Mapping[str, Any]


def encode(value: Any) -> dict[str, Any]:  # noqa: ANN401  # any storable value
    """Write one value with its type."""
    match value:
        case str():  # first, as most are
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case Mapping():
            return {"M": {key: encode(item) for key, item in value.items()}}
        case list() | tuple():
            return {"L": [encode(item) for item in value]}
    message = f"{type(value).__name__} is not storable"
    raise TypeError(message)


def encode_set(values: Iterable[str]) -> dict[str, Any]:
    """Write a set of strings, which has at least one."""
    return {"SS": sorted(set(values))}


def decode(value: Mapping[str, Any]) -> Any:  # noqa: ANN401  # any stored value
    """Read one value."""
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return int(content)
        case "M":
            return {key: decode(item) for key, item in content.items()}
        case "SS":
            return frozenset(content)
        case "L":
            return [decode(item) for item in content]
    return None


def encode_item(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write an item; attributes that are None are left out, as indexes need it."""
    return {key: encode(value) for key, value in values.items() if value is not None}


def decode_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Read an item."""
    return {key: decode(value) for key, value in item.items()}
