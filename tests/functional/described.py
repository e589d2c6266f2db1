"""Holds real answers of the admin API against their descriptions in the OpenAPI document.

The document leaves room for members of later releases. Here it does not: what is shown and not described is a failure.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import jsonschema_rs

from flowport.dialects.native.answers import PROBLEM
from flowport.openapi import admin, components

Json = dict[str, Any]


def closed(schema: Any) -> Any:
    """Let every object have the members that it is described with and no others."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(said) for name, said in schema.items() if name != "examples"}
    if isinstance(schema.get("properties"), dict) and isinstance(schema.get("type"), str):
        made.setdefault("additionalProperties", False)
    return made


@cache
def parts() -> Json:
    """Give what the document refers to."""
    return {"schemas": components.schemas() | admin.schemas(), "responses": components.responses()}


@cache
def operations() -> Mapping[tuple[str, str], Json]:
    """Give every operation of the administration by method and path."""
    paths = admin.paths(administers=True, operates=True)
    return {(method.upper(), path): said for path, methods in paths.items() for method, said in methods.items()}


@cache
def validator(text: str, *, close: bool) -> Any:
    """Give what validates by a schema, which is JSON; once for each, since it takes its time."""
    schema = {**json.loads(text), "components": {"schemas": parts()["schemas"]}}
    return jsonschema_rs.Draft202012Validator(
        closed(schema) if close else schema, validate_formats=True, formats={"date-time": _is_time}
    )


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def operation_of(method: str, path: str) -> tuple[str, Json] | None:
    """Find what describes a request; None where there is no such route."""
    segments = path.split("/")
    fitting = [
        (pattern.count("{"), f"{verb} {pattern}", said)
        for (verb, pattern), said in operations().items()
        if verb == method.replace("HEAD", "GET") and _fits(pattern.split("/"), segments)
    ]
    # A route's own word goes before a name that is the same.
    _, name, said = min(fitting, key=lambda one: one[0], default=(0, "", None))
    return None if said is None else (name, said)


def _fits(pattern: list[str], segments: list[str]) -> bool:
    return len(pattern) == len(segments) and all(
        own == sent or own.startswith("{") for own, sent in zip(pattern, segments, strict=True)
    )


def wrong_with(method: str, path: str, status: int, headers: Mapping[str, str], text: str) -> list[str]:
    """Say what about an answer is not as it is described."""
    found = operation_of(method, path)
    if found is None:
        return []
    name, operation = found
    said = operation["responses"].get(str(status))
    if said is None:
        return [f"{name} answers {status}, which is not described"]
    if "$ref" in said:
        said = parts()["responses"][said["$ref"].rpartition("/")[2]]
    wrong = [
        f"{name} {status} has the header {header}, which is not described"
        for header in ("ETag", "Location", "Retry-After", "Allow")
        if header in headers and header not in said["headers"]
    ]
    content = said.get("content")
    if content is None or method == "HEAD":
        return [*wrong, *([f"{name} {status} has a body"] if text else [])]
    ((declared, body),) = content.items()
    if headers["Content-Type"] != declared:
        wrong.append(f"{name} {status} is {headers['Content-Type']}, not {declared}")
    check = validator(json.dumps(body["schema"]), close=declared != PROBLEM)
    errors = [
        f"/{'/'.join(map(str, error.instance_path))}: {error.message}" for error in check.iter_errors(json.loads(text))
    ]
    return [*wrong, *(f"{name} {status} {one}" for one in errors)]
