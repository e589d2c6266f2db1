"""The document: the API itself, and every endpoint that its reader may use."""

import json
from typing import Any, Final
from urllib.parse import quote

from flowport.domain.addresses import endpoint_address
from flowport.domain.records import AuthMode, Endpoint
from flowport.domain.schemas.graph import Graph, escaped
from flowport.openapi import admin, components, native
from flowport.openapi.components import Json, an_object, answers, ref, refused
from flowport.openapi.native import body, parameter
from flowport.usecases.read_openapi import OpenApiRead

VERSION: Final = "3.1.0"
_ABOUT: Final = (
    "Runs AWS Step Functions workflows over HTTP. What is refused is application/problem+json (RFC 9457), and "
    "Flowport-Error-Source says whose fault it was. A call that outlives its answer is 202 with its job."
)
_LEFT_OUT: Final = " There are more endpoints than one document holds: ?endpoint=module/name tells of one."
_SECURITY: Final[dict[AuthMode, Json]] = {"none": {}, "token": {"bearer": []}, "password": {"basic": []}}


def document(read: OpenApiRead, base_url: str) -> Json:
    """Build the document for one reader."""
    schemas = components.schemas()
    paths: Json = {}
    for endpoint in read.endpoints:
        schemas |= _schemas_of(endpoint)
        paths |= _paths_of(endpoint)
    if not read.operates:
        paths |= native.paths() | admin.MINE
    if read.administers or read.operates:
        schemas |= admin.schemas()
        paths |= admin.paths(administers=read.administers, operates=read.operates)
    return {
        "openapi": VERSION,
        "info": {
            "title": f"Flowport: {read.principal.workspace}",
            "version": "1",
            "description": _ABOUT + ("" if read.complete else _LEFT_OUT),
        },
        "servers": [{"url": base_url}],
        "paths": paths,
        "webhooks": {"jobEnded": native.CALLBACKS["jobEnded"]["{$request.header.Callback-Url}"]},
        "components": {
            "schemas": schemas,
            "responses": components.responses(),
            "headers": dict(components.HEADERS),
            "securitySchemes": components.SECURITY,
        },
    }


# -- endpoints ---------------------------------------------------------------------------------------------------------


def component_name(endpoint: Endpoint, which: str) -> str:
    """Name an endpoint's schema: letters, digits, dots, dashes and underscores, and no other endpoint's."""
    safe = "".join(
        letter if letter.isascii() and letter.isalnum() else f"_{ord(letter):x}_" for letter in endpoint.path
    )
    return f"{which}.{safe}"


def _schemas_of(endpoint: Endpoint) -> Json:
    texts = {"input": endpoint.input_schema, "output": endpoint.output_schema}
    made: Json = {}
    for which, text in texts.items():
        if text is not None:
            name = component_name(endpoint, which)
            made[name] = Graph.of(json.loads(text)).rewritten(f"/components/schemas/{escaped(name)}")
    return made


def _paths_of(endpoint: Endpoint) -> Json:
    address = "/".join(quote(part, safe="") for part in (endpoint.module, endpoint.name))
    stem = component_name(endpoint, "run")
    taken: Json = {} if endpoint.input_schema is None else ref(component_name(endpoint, "input"))
    given = None if endpoint.output_schema is None else ref(component_name(endpoint, "output"))
    common: Json = {
        "tags": [endpoint.module],
        "security": [_SECURITY[mode] for mode in endpoint.auth],
        "parameters": [native.WORKSPACE, native.VIEW, *native.HEADERS_OF_RUNS, *native.OWN_NAME],
        "responses": native.ran(given),
        "callbacks": native.CALLBACKS,
    }
    about = {"summary": endpoint.title or endpoint_address(endpoint.module, endpoint.name)}
    run: Json = {}
    if "POST" in endpoint.methods:
        run["post"] = {**about, **common, "operationId": stem, "requestBody": _body(endpoint, taken)}
    if "GET" in endpoint.methods:
        query = {**parameter("query", "input", taken or {"type": "object"}), "style": "form", "explode": True}
        run["get"] = {**about, **common, "operationId": f"get.{stem}", "parameters": [*common["parameters"], query]}
    batch: Json = {
        **common,
        "summary": f"{about['summary']}: several inputs",
        "operationId": f"batch.{stem}",
        "parameters": [native.WORKSPACE, *native.HEADERS_OF_RUNS],
        "requestBody": body({"type": "array", "minItems": 1, "maxItems": 100, "items": taken}, required=True),
        "responses": native.BATCH,
    }
    fits = answers(an_object(("valid", "input"), valid={"const": True}, input={}), "It fits; with the defaults.")
    validate: Json = {
        **about,
        "tags": common["tags"],
        "security": common["security"],
        "summary": f"{about['summary']}: check an input",
        "operationId": f"validate.{stem}",
        "parameters": [native.WORKSPACE],
        "requestBody": _body(endpoint, taken),
        "responses": {"200": fits, **refused()},
    }
    made: Json = {f"/v1/run/{address}": run, f"/v1/validate/{address}": {"post": validate}}
    if "POST" in endpoint.methods:
        made[f"/v1/run/{address}/batch"] = {"post": batch}
    return made


def _body(endpoint: Endpoint, taken: Json) -> Json:
    sample: Any = endpoint.sample
    return body(taken, required=endpoint.input_schema is not None, example=sample)
