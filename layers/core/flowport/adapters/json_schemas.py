"""JSON Schema 2020-12 by jsonschema-rs, which is imported where an endpoint has a schema and nowhere else.

Patterns run on the validator's linear-time engine, so that none of them can be catastrophic; what that engine cannot
compile (lookaround, back-references) is refused at publishing. Nothing is ever fetched.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from flowport.domain.errors import InputInvalid
from flowport.domain.payload import check_size, parse_json
from flowport.domain.schemas import danger
from flowport.domain.schemas.defaults import Defaults, Endless
from flowport.domain.schemas.graph import DIALECT, LISTS, NAMED, Graph, escaped

if TYPE_CHECKING:
    import jsonschema_rs

VIOLATIONS_AT_MOST: Final = 1_000
# All violations are looked for at once, 35 us each: beyond so many looks only the first is told of.
LOOKS_FOR_ALL: Final = 50_000
# Linear in the input, but by the size of what a pattern is compiled to: of 1 MiB, `[ab]{1,5000}x` takes 18 s for the
# largest input, of 128 KiB no pattern was found that takes more than 3 s. What was published before may have the first.
_PATTERN_BYTES: Final = 1 << 20
_PUBLISHED_PATTERN_BYTES: Final = 1 << 17
_DETAIL: Final = 300
_VALUES: Final = re.compile(r"[,\[{]")
_ALTERNATIVES: Final = ("anyOf", "oneOf")
_NO_PATTERN: Final = (
    "is not a regular expression that can be checked in linear time: lookaround and back-references cannot, and it "
    "must not be very large when compiled (bound a long text by maxLength instead of {1,2000})"
)


class Compiled:
    """One schema, ready to check inputs. Only what has been published comes here, so that it compiles."""

    def __init__(self, schema: str) -> None:
        """Compile the JSON text of a schema."""
        document = parse_json(schema)
        self._graph = Graph.of(document)
        self._defaults = Defaults(self._graph)
        self._validator = _validator(document)

    def fit(self, endpoint: str, text: str) -> str:
        """Give the input with the defaults filled in. Raises `InputInvalid`, `PayloadTooLarge`, `InvalidJson`."""
        filled = self._defaults.filled(text)
        if filled is not text:
            check_size(filled)
        value = parse_json(filled)
        try:
            if self._validator.is_valid(value):
                return filled
            violations, complete = self._violations(value, len(_VALUES.findall(filled)) + 1)
        except UnicodeEncodeError as error:
            detail = "has half of a surrogate pair (\\ud800 to \\udfff), which cannot be checked"
            raise InputInvalid.of(endpoint, [{"pointer": "", "detail": detail, "keyword": "string"}]) from error
        raise InputInvalid.of(endpoint, violations, complete=complete)

    def _violations(self, value: Any, values: int) -> tuple[list[dict[str, str]], bool]:  # noqa: ANN401
        if values * danger.LOOKS_AT_MOST > LOOKS_FOR_ALL and values * danger.looks(self._graph)[0] > LOOKS_FOR_ALL:
            return [_first(self._validator, value)], False
        found = [*_distinct(self._validator.evaluate(value).list())]
        return found[:VIOLATIONS_AT_MOST], len(found) <= VIOLATIONS_AT_MOST


@lru_cache(maxsize=64)
def compiled(schema: str) -> Compiled:
    """Compile a schema once a process: what it means is in its text alone, which is read at every request."""
    return Compiled(schema)


class JsonSchemas:
    """Checks inputs by their endpoint's schema, and schemas when they are published."""

    def fit(self, endpoint: str, schema: str, text: str) -> str:
        """See `InputSchemas`."""
        return compiled(schema).fit(endpoint, text)

    def problems(self, schema: Mapping[str, Any], text: str) -> list[tuple[str, str]]:
        """See `SchemaRules`: everything that is wrong with a schema or dangerous about it, with JSON Pointers."""
        if (message := danger.size_problem(text)) is not None:
            return [("", message)]
        found = _against_meta_schema(schema)
        if found:
            return found
        graph = Graph.of(schema)
        found = [*danger.dangers(graph), *_patterns(graph)]
        return found or [*_unfit_defaults(schema, graph)] or _refused(schema)


def _options(pattern_bytes: int = _PATTERN_BYTES) -> dict[str, Any]:
    import jsonschema_rs  # noqa: PLC0415  # 30 ms

    patterns = jsonschema_rs.RegexOptions(size_limit=pattern_bytes, dfa_size_limit=_PATTERN_BYTES)
    return {"pattern_options": patterns, "validate_formats": True, "offline": True}


def _validator(schema: Any, **options: Any) -> "jsonschema_rs.Draft202012Validator":  # noqa: ANN401  # a schema
    import jsonschema_rs  # noqa: PLC0415  # 30 ms

    return jsonschema_rs.Draft202012Validator(schema, **_options(), **options)


# -- violations of an input --------------------------------------------------------------------------------------------


def _distinct(evaluated: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    seen = set()
    for unit in evaluated["details"]:
        for keyword, sentences in unit.get("errors", {}).items():
            path = unit["evaluationPath"]
            for sentence in [sentences] if isinstance(sentences, str) else sentences:
                if keyword == "falseSchema" and path.endswith("/unevaluatedProperties"):
                    continue  # said of the object as a whole
                violation = _violation(unit["instanceLocation"], keyword, sentence, _alternative(path))
                if (key := tuple(violation.values())) not in seen:
                    seen.add(key)
                    yield violation


def _violation(pointer: str, keyword: str, sentence: str, alternative: str = "") -> dict[str, str]:
    detail = sentence if len(sentence) <= _DETAIL else sentence[:_DETAIL] + "…"
    return {"pointer": pointer, "detail": detail + alternative, "keyword": keyword}


def _first(validator: "jsonschema_rs.Draft202012Validator", value: Any) -> dict[str, str]:  # noqa: ANN401
    import jsonschema_rs  # noqa: PLC0415  # it is imported by now

    try:
        validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        return _violation(_pointer(error.instance_path), error.kind.name, error.message)
    return _violation("", "schema", "does not fit")


def _pointer(path: list[str | int]) -> str:
    return "".join(f"/{escaped(part)}" for part in path)


def _alternative(path: str) -> str:
    """Say of which alternative of the innermost `anyOf` or `oneOf` an evaluation path speaks."""
    parts = path.split("/")[1:]
    said = ""
    place = 0
    while place < len(parts):
        keyword = parts[place]
        if keyword in _ALTERNATIVES and place + 1 < len(parts):
            said = f" (alternative {int(parts[place + 1]) + 1} of {keyword})"
        place += 2 if keyword in LISTS or keyword in NAMED else 1
    return said


# -- what is wrong with a schema ---------------------------------------------------------------------------------------


def _against_meta_schema(schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give what the meta-schema says, which knows all dialects' keywords of 2020-12 and their types."""
    evaluated = _validator({"$ref": DIALECT}).evaluate(schema).list()
    return [(one["pointer"], one["detail"]) for one in _distinct(evaluated) if one["keyword"] != "format"]


def _patterns(graph: Graph) -> Iterator[tuple[str, str]]:
    for pointer, node in graph.nodes.items():
        if not isinstance(node, dict):
            continue
        if isinstance(pattern := node.get("pattern"), str) and not _compiles(pattern):
            yield f"{pointer}/pattern", f"{pattern[:100]!r} {_NO_PATTERN}"
        for name in node.get("patternProperties", ()):
            if not _compiles(name):
                yield f"{pointer}/patternProperties/{escaped(name)}", f"{name[:100]!r} {_NO_PATTERN}"


def _compiles(pattern: str) -> bool:
    import jsonschema_rs  # noqa: PLC0415  # it is imported by now

    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, **_options(_PUBLISHED_PATTERN_BYTES))
    except jsonschema_rs.ValidationError:
        return False
    return True


def _unfit_defaults(schema: Mapping[str, Any], graph: Graph) -> Iterator[tuple[str, str]]:
    import jsonschema_rs  # noqa: PLC0415  # it is imported by now

    defaults = Defaults(graph)
    with_defaults = [at for at, node in graph.nodes.items() if isinstance(node, dict) and "default" in node]
    try:
        validators = jsonschema_rs.validator_map_for(dict(schema), **_options()) if with_defaults else None
    except (jsonschema_rs.ValidationError, ValueError):
        return  # it is refused as a whole
    for pointer in with_defaults:
        try:
            value = parse_json(defaults.filled_default(pointer))
        except Endless:
            yield f"{pointer}/default", "has so many defaults in it, each in another, that filling it in would not end"
            continue
        validator = validators.get(f"#{pointer}") if validators else None
        if validator is not None and not validator.is_valid(value):
            first = next(_distinct(validator.evaluate(value).list()), None)
            why = f": {first['pointer']} {first['detail']}".replace(":  ", ": ") if first else ""
            yield f"{pointer}/default", f"does not fit its own schema{why}"


def _refused(schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give what only compiling the whole schema shows."""
    import jsonschema_rs  # noqa: PLC0415  # it is imported by now

    try:
        _validator(dict(schema))
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        return [("", str(error).partition("\n")[0][:_DETAIL])]
    return []
