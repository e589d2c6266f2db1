"""Check an input as a run would, without running: no job, and nothing is kept."""

from collections.abc import Callable
from dataclasses import dataclass

from flowport.usecases.access import Access, Caller
from flowport.usecases.ports import InputSchemas


@dataclass(frozen=True, slots=True)
class ValidateInput:
    """A request to check an input. `read_input` gives the JSON text or raises what is wrong with it."""

    endpoint: str
    read_input: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Fitting:
    """An input that the endpoint takes, with its schema's defaults filled in: the JSON text that a run would get."""

    text: str


@dataclass(frozen=True, slots=True)
class CheckInput:
    """The use case."""

    access: Access
    schemas: InputSchemas

    def __call__(self, caller: Caller, command: ValidateInput) -> Fitting:
        """Let in who may run the endpoint, by whatever method, and give the input; or raise what a run would."""
        _, endpoint = self.access.to_run(caller, command.endpoint, None)
        text = command.read_input()
        if endpoint.input_schema is not None:
            text = self.schemas.fit(endpoint.path, endpoint.input_schema, text)
        return Fitting(text)
