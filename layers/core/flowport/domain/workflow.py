"""From the definition of a state machine to what can be drawn of it: states and ways, and nothing that they do.

Fields as the Amazon States Language specification names them. What a state is given, calls or compares stays out: a
definition holds ARNs, queries and sometimes more than its author meant to show.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_ENDS: Final = frozenset({"Succeed", "Fail"})
_LABEL_AT_MOST: Final = 120


@dataclass(frozen=True, slots=True)
class Way:
    """A way from a state to the next one of the same level. The label says when it is taken, where that is not always.

    A Choice's rule is labelled with its author's comment, else its place; a Catch with the errors that it catches.
    """

    to: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class WorkflowState:
    """A state. `path` tells it apart from all others; `parent` is the path of the Parallel or Map state around it.

    `starts` are, for such a state, the paths at which its branches begin; `ends` says that it can end its level.
    """

    name: str
    type: str
    path: str
    next: tuple[Way, ...] = ()
    ends: bool = False
    parent: str | None = None
    starts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow as a graph, its states in the order of the definition, each container before what is in it."""

    start_at: str
    states: tuple[WorkflowState, ...]


def workflow_of(definition: str) -> Workflow:
    """Read a definition. What it leaves out is left out: AWS has accepted it, so it is whole."""
    document = json.loads(definition)
    return Workflow(str(document.get("StartAt", "")), tuple(_states(document, prefix="", parent=None)))


def _states(level: Mapping[str, Any], *, prefix: str, parent: str | None) -> Iterator[WorkflowState]:
    for name, state in level.get("States", {}).items():
        path = prefix + name
        branches = list(_branches(state, path))
        yield WorkflowState(
            name=name,
            type=str(state.get("Type", "")),
            path=path,
            next=tuple(Way(prefix + way.to, way.label) for way in _ways(state)),
            ends=bool(state.get("End")) or state.get("Type") in _ENDS,
            parent=parent,
            starts=tuple(within + str(branch.get("StartAt", "")) for within, branch in branches),
        )
        for within, branch in branches:
            yield from _states(branch, prefix=within, parent=path)


def _branches(state: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give what runs inside a Parallel or Map state, with what the paths in there begin with."""
    for number, branch in enumerate(state.get("Branches", [])):
        yield f"{path}/{number}/", branch
    for field in ("ItemProcessor", "Iterator"):  # the second is the older name
        if field in state:
            yield f"{path}/", state[field]


def _ways(state: Mapping[str, Any]) -> Iterator[Way]:
    if "Next" in state:
        yield Way(state["Next"])
    for number, rule in enumerate(state.get("Choices", []), 1):
        if "Next" in rule:
            yield Way(rule["Next"], _shortened(rule.get("Comment") or f"rule {number}"))
    if "Default" in state:
        yield Way(state["Default"], "otherwise")
    for catch in state.get("Catch", []):
        if "Next" in catch:
            yield Way(catch["Next"], _shortened("on " + ", ".join(map(str, catch.get("ErrorEquals", [])))))


def _shortened(text: str) -> str:
    return text if len(text) <= _LABEL_AT_MOST else text[: _LABEL_AT_MOST - 1] + "…"
