"""Every kind of error that the system knows, for the tests that hold an answer's form to all of them."""

import pkgutil
from functools import cache
from importlib import import_module
from typing import Any, Final

import flowport
from flowport.domain.errors import FlowportError

_ATTRIBUTES: Final[dict[str, Any]] = {"modes": (), "quotas": (), "problems": (("f", "is wrong"),), "name": "f"}


@cache
def _load_all() -> None:
    """Import all of Flowport: a class of a module that no test has needed so far is an error all the same."""
    for module in pkgutil.walk_packages(flowport.__path__, "flowport."):
        import_module(module.name)


def kinds(of: type[FlowportError] = FlowportError) -> list[type[FlowportError]]:
    """Give an error's class and all below it, by name."""
    _load_all()
    found = {of}.union(*(kinds(below) for below in of.__subclasses__()))
    return sorted(found, key=lambda kind: (kind.__name__, kind.__module__))


def an_error(kind: type[FlowportError], **more: Any) -> FlowportError:
    """Make one whose detail is `What is wrong.`, whatever its own constructor asks for."""
    error = kind.__new__(kind)
    FlowportError.__init__(error, "What is wrong.", **more)
    for name, value in _ATTRIBUTES.items():
        setattr(error, name, value)
    return error
