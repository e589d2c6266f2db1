"""What a workflow's states send to the park function, read strictly: a misspelt member is refused, not ignored.

{"reserve": {"expires_in": 3600}}
{"park": {"task_token": …, "execution": …, "callback_id": … or "name": …, "expires_in": 3600}}
"""

from collections.abc import Mapping
from typing import Any, Final

from flowport.domain.callbacks import EXPIRES_IN_AT_MOST, Parking, key_of_parking
from flowport.domain.errors import InvalidRequest
from flowport.usecases.parked.park_run import Reserve

_USES: Final = 'Send {"reserve": {…}} or {"park": {…}}.'
_RESERVE: Final = frozenset({"expires_in"})
_PARK: Final = frozenset({"task_token", "execution", "callback_id", "name", "expires_in"})


def command_of(event: object) -> Reserve | Parking:
    """Read an invocation; raise `InvalidRequest`, which becomes the error of the state."""
    if not isinstance(event, Mapping) or len(event) != 1:
        raise InvalidRequest(_USES)
    ((action, given),) = event.items()
    match action:
        case "reserve":
            return Reserve(_expires_in(_members(action, given, _RESERVE)))
        case "park":
            return _parking(_members(action, given, _PARK))
    message = f"There is no {str(action)[:40]!r} here. {_USES}"
    raise InvalidRequest(message)


def _members(action: str, given: object, known: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        message = f"{action!r} must be an object."
        raise InvalidRequest(message)
    if unknown := sorted(set(given) - known):
        message = f"{action!r} does not know {', '.join(unknown)[:200]}; it knows {', '.join(sorted(known))}."
        raise InvalidRequest(message)
    return given


def _parking(given: Mapping[str, Any]) -> Parking:
    execution = _text(given, "execution")
    token = _text(given, "task_token")
    if execution is None or token is None:
        message = (
            "'park' needs task_token ({% $states.context.Task.Token %}, in a state whose resource ends in "
            ".waitForTaskToken) and execution ({% $states.context.Execution.Id %})."
        )
        raise InvalidRequest(message)
    key = key_of_parking(execution, _text(given, "callback_id"), _text(given, "name"))
    return Parking(key, token, execution, _expires_in(given))


def _text(given: Mapping[str, Any], member: str) -> str | None:
    value = given.get(member)
    if value is not None and (not isinstance(value, str) or not value):
        message = f"{member!r} must be a text with at least one character."
        raise InvalidRequest(message)
    return value


def _expires_in(given: Mapping[str, Any]) -> int | None:
    value = given.get("expires_in")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= EXPIRES_IN_AT_MOST:
        message = f"'expires_in' must be a number of seconds from 1 to {EXPIRES_IN_AT_MOST}."
        raise InvalidRequest(message)
    return int(value)
