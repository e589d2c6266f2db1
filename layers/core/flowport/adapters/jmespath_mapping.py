"""Output mappings in JMESPath (https://jmespath.org), by the library that botocore uses.

It is imported where an endpoint has a mapping and nowhere else. An expression can double its result with a few
characters (`[@,@][]|[@,@][]|…`), so that steps, lengths and the result's size are bounded.
"""

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from flowport.domain.errors import OutputMappingFailed
from flowport.domain.payload import MAX_BYTES, dumps

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult

MAPPING_CHARACTERS: Final = 2_048
STEPS_AT_MOST: Final = 500_000
LENGTH_AT_MOST: Final = MAX_BYTES
# Step Functions' own limit for an output; a mapping may write what it selects more than once, but not endlessly.
RESULT_AT_MOST: Final = 4 * MAX_BYTES
_SHOWN: Final = 300


class _TooMuch(Exception):  # it is told of as a sentence
    pass


class JmesPathMapping:
    """Applies mappings to outputs, and checks them when they are published."""

    def apply(self, expression: str, output: str) -> str:
        """See `OutputMapping`: numbers of the result are written anew, 1.50 as 1.5."""
        from jmespath.exceptions import JMESPathError, JMESPathTypeError  # noqa: PLC0415  # where an endpoint has one

        try:
            return _written(_search(compiled(expression), json.loads(output)))
        except JMESPathTypeError as error:  # whose own sentence would show what the run gave
            wanted = " or ".join(map(str, error.expected_types))
            reason = f"{error.function_name}() was given {error.actual_type}, and takes {wanted}"
        except (JMESPathError, _TooMuch, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            reason = " ".join(str(error).split())[:_SHOWN] or type(error).__name__
        except RecursionError:
            reason = "the output is nested too deeply"
        message = (
            f"The run succeeded, but the endpoint's output mapping cannot be applied to what it gave: {reason}. The "
            "job's /output gives that as it is."
        )
        raise OutputMappingFailed(message)

    def problem(self, expression: str) -> str | None:
        """See `MappingRules`: say what is wrong with an expression, and at which character."""
        from jmespath.exceptions import JMESPathError  # noqa: PLC0415  # where an endpoint has a mapping

        if len(expression) > MAPPING_CHARACTERS:
            return f"has {len(expression)} characters; a mapping has at most {MAPPING_CHARACTERS}"
        try:
            parsed = compiled(expression)
        except JMESPathError as error:
            position = getattr(error, "lex_position", None)
            where = "" if position is None else f" at character {position + 1}"
            return f"is no JMESPath expression: {_sentence(error)}{where}"
        except (RecursionError, ValueError):
            return "is no JMESPath expression"
        return _function_problem(expression, parsed.parsed)


def _sentence(error: Exception) -> str:
    return " ".join(str(error).partition("\n")[0].split()).partition(": Parse error at")[0].rstrip(":")[:_SHOWN]


@lru_cache(maxsize=64)
def compiled(expression: str) -> "ParsedResult":
    """Parse an expression once a process: what it means is in its text alone."""
    import jmespath  # noqa: PLC0415  # where an endpoint has a mapping

    return jmespath.compile(expression)


def _function_problem(expression: str, node: Any) -> str | None:  # noqa: ANN401  # the parser's own tree
    """Find what the library itself finds only at run time: functions that are not there, and numbers of arguments."""
    from jmespath.functions import Functions  # noqa: PLC0415  # where an endpoint has a mapping

    if not isinstance(node, dict):
        return None
    if node["type"] == "function_expression":
        name, given = node["value"], len(node["children"])
        known = Functions.FUNCTION_TABLE.get(name)
        where = f" at character {expression.find(str(name)) + 1}"
        if known is None:
            return f"calls the function {name!r}, which JMESPath does not have,{where}"
        signature = known["signature"]
        variadic = bool(signature) and signature[-1].get("variadic", False)
        if given < len(signature) or (given > len(signature) and not variadic):
            least = "at least " if variadic else ""
            return f"calls {name} with {given} arguments, which takes {least}{len(signature)},{where}"
    return next(filter(None, (_function_problem(expression, child) for child in node.get("children", ()))), None)


def _search(parsed: "ParsedResult", value: Any) -> Any:  # noqa: ANN401  # any JSON value
    from jmespath.visitor import TreeInterpreter  # noqa: PLC0415  # where an endpoint has a mapping

    class Bounded(TreeInterpreter):
        left = STEPS_AT_MOST

        def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the library's own
            self.left -= 1
            if self.left < 0:
                raise _TooMuch(f"it takes more than {STEPS_AT_MOST} steps")
            result = super().visit(node, *args, **kwargs)
            if isinstance(result, str | list) and len(result) > LENGTH_AT_MOST:
                raise _TooMuch(f"a list or string in it is longer than {LENGTH_AT_MOST}")
            return result

    return Bounded().visit(parsed.parsed, value)


def _written(value: Any) -> str:  # noqa: ANN401  # any JSON value
    if _size(value, {}) > RESULT_AT_MOST:
        raise _TooMuch(f"its result has more than {RESULT_AT_MOST} bytes")
    text = dumps(value)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(value, separators=(",", ":"))
    return text


def _size(value: Any, known: dict[int, int]) -> int:  # noqa: ANN401  # any JSON value
    """Say how long a value is when it is written, without writing what is in it many times."""
    if isinstance(value, str):
        return len(value) + 2
    if not isinstance(value, dict | list):
        return 8
    if (size := known.get(id(value))) is None:
        members = value.values() if isinstance(value, dict) else value
        names = sum(map(len, value)) + 3 * len(value) if isinstance(value, dict) else 0
        size = known[id(value)] = 2 + names + sum(_size(one, known) + 1 for one in members)
    return size
