"""Schemas made of the models by which requests are read: as they are sent, as they patch, and as they are shown."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from flowport.admin.document import Document
from flowport.openapi.components import Json, an_object, nullable

_DEFINITIONS: Final = "#/components/schemas/"
_PATCH: Final = "A JSON merge patch (RFC 7396): what is not named stays."
# What a model says of requests only.
_OF_REQUESTS: Final = frozenset({"additionalProperties", "default", "title"})


def sent(models: Collection[type[Document]]) -> Json:
    """Give the schemas of what is sent, by their models' names."""
    written: Json = {}
    for model in models:
        made, definitions = _made(model)
        written |= definitions
        written[model.__name__] = made
    return written


def patch(model: type[Document], *, without: Collection[str] = ()) -> Json:
    """Describe a merge patch of what a model reads; `null` takes back what need not be there."""
    made, definitions = _made(model)
    properties = {name: said for name, said in made["properties"].items() if name not in without}
    whole = {**made, "properties": properties, "required": [n for n in made.get("required", []) if n not in without]}
    return {**_patched(whole, definitions), "description": _PATCH}


def shown(model: type[Document], *, without: Collection[str] = (), **further: Json) -> Json:
    """Describe an answer that shows what a model reads: every member is there, and more may come."""
    made, definitions = _made(model)
    properties = {
        name: _plain(said, definitions) for name, said in made["properties"].items() if name not in without
    } | further
    return an_object(properties, **properties)


def with_all(schema: Json) -> Json:
    """Let every member of an object be there."""
    return {**schema, "required": sorted(schema["properties"])}


def _made(model: type[Document]) -> tuple[Json, Json]:
    made: Json = model.model_json_schema(ref_template=f"{_DEFINITIONS}{{model}}")
    return made, made.pop("$defs", {})


def _resolved(schema: Json, definitions: Mapping[str, Any]) -> Json:
    name = str(schema.get("$ref", "")).removeprefix(_DEFINITIONS)
    return {**definitions[name], **{k: v for k, v in schema.items() if k != "$ref"}} if name else schema


def _plain(schema: Any, definitions: Mapping[str, Any]) -> Any:  # noqa: ANN401  # any part of a schema
    """Put what is referred to in its place, and leave out what holds for requests only."""
    if isinstance(schema, list):
        return [_plain(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = _resolved(schema, definitions)
    plain = {k: _plain(v, definitions) for k, v in found.items() if k not in _OF_REQUESTS and k != "properties"}
    if "properties" in found:
        plain["properties"] = {name: _plain(said, definitions) for name, said in found["properties"].items()}
    return plain


def _patched(schema: Json, definitions: Mapping[str, Any]) -> Json:
    """Let every member of an object be left out, at every depth to which a patch is merged."""
    found = _resolved(schema, definitions)
    if "anyOf" in found:
        return {"anyOf": [_patched(one, definitions) for one in found["anyOf"]]}
    left = {k: v for k, v in found.items() if k not in {"default", "title", "required", "properties", "description"}}
    if "properties" not in found:
        return left
    always = found.get("required", [])
    members = {name: _patched(said, definitions) for name, said in found["properties"].items()}
    return {
        **left,
        "properties": {name: said if name in always else _or_null(said) for name, said in members.items()},
    }


def _or_null(schema: Json) -> Json:
    if not schema or {"type": "null"} in schema.get("anyOf", ()):
        return schema
    return nullable(schema)
