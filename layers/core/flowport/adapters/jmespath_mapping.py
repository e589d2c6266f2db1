"""Output mappings in JMESPath (https://jmespath.org), by the library that botocore uses.

It is imported where an endpoint has a mapping and nowhere else. An expression can double a value with a few characters
(`[@,@]|[@,@]|…`) and look at it as often as it likes. So every value on the way has a bound, by how long it would be if
it were written, and what a step copies or looks through counts as steps, too.
"""

import json
from collections.abc import Iterable
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
VALUE_AT_MOST: Final = 64 * MAX_BYTES
# One step is as long as it takes to copy so many members, or to look through so many bytes.
_MEMBERS_A_STEP: Final = 8
_BYTES_A_STEP: Final = 64
_SMALL: Final = 8
_EQUALITY: Final = frozenset({"eq", "ne"})
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
            reason = "it or the output is nested too deeply"
        message = f"The run succeeded, but the endpoint's output mapping cannot be applied to what it gave: {reason}."
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
    from jmespath.functions import Functions  # noqa: PLC0415  # where an endpoint has a mapping
    from jmespath.visitor import TreeInterpreter  # noqa: PLC0415

    work, functions = _Work(value), Functions()

    class Bounded(TreeInterpreter):
        def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the library's own
            work.spend(1)
            return work.checked(super().visit(node, *args, **kwargs))

        def visit_function_expression(self, node: Any, value: Any) -> Any:  # noqa: ANN401  # the library's own
            given = [self.visit(child, value) for child in node["children"]]
            work.look_through(given)
            return functions.call_function(node["value"], given)

        def visit_comparator(self, node: Any, value: Any) -> Any:  # noqa: ANN401  # the library's own
            if node["value"] not in _EQUALITY:
                return super().visit_comparator(node, value)
            sides = [self.visit(child, value) for child in node["children"]]
            work.look_through(sides)
            return self.COMPARATOR_FUNC[node["value"]](*sides)

    return Bounded().visit(parsed.parsed, value)


class _Work:
    """What evaluating an expression has cost so far, and the sizes of the values that it has come to."""

    def __init__(self, given: Any) -> None:  # noqa: ANN401  # any JSON value
        self._left = STEPS_AT_MOST
        self._sizes = _Sizes()
        self._sizes.of(given)  # which costs nothing: it has a bound of its own

    def spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise _TooMuch(f"it takes more than {STEPS_AT_MOST} steps")

    def checked(self, value: Any) -> Any:  # noqa: ANN401  # any JSON value, or an expression
        """Give a value back that a step came to, unless it is too large."""
        if isinstance(value, str | list) and len(value) > LENGTH_AT_MOST:
            raise _TooMuch(f"a list or string in it is longer than {LENGTH_AT_MOST}")
        if isinstance(value, list | dict) and not self._sizes.knows(value):
            self.spend(len(value) // _MEMBERS_A_STEP)
            if self._sizes.of(value) > VALUE_AT_MOST:
                raise _TooMuch(f"a value in it has more than {VALUE_AT_MOST} bytes")
        return value

    def look_through(self, values: Iterable[Any]) -> None:
        """Pay for what may look at every part of these values."""
        self.spend(sum(map(self._sizes.of, values)) // _BYTES_A_STEP)


def _written(value: Any) -> str:  # noqa: ANN401  # any JSON value
    if _Sizes().of(value) > RESULT_AT_MOST:
        raise _TooMuch(f"its result has more than {RESULT_AT_MOST} bytes")
    text = dumps(value)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(value, separators=(",", ":"))
    return text


class _Sizes:
    """How long values are when they are written, without writing what is in them many times.

    A list or object that is known is kept, so that no other one takes its place in memory.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, int]] = {}

    def knows(self, value: Any) -> bool:  # noqa: ANN401  # any JSON value
        return id(value) in self._known

    def of(self, value: Any) -> int:  # noqa: ANN401  # any JSON value
        if isinstance(value, str):
            return len(value) + 2
        if not isinstance(value, dict | list):
            return 8
        if (known := self._known.get(id(value))) is not None:
            return known[1]
        members = value.values() if isinstance(value, dict) else value
        names = sum(map(len, value)) + 3 * len(value) if isinstance(value, dict) else 0
        size = 2 + names + sum(map(self.of, members)) + len(value)
        if len(value) > _SMALL or any(isinstance(one, dict | list) for one in members):
            self._known[id(value)] = (value, size)
        return size
