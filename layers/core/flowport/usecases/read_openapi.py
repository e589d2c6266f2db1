"""Gather what an OpenAPI document is to tell a caller: the endpoints that it may use, and whether it administers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flowport.domain.access import RUN, Principal, check_address, check_run
from flowport.domain.errors import FlowportError, NotFound
from flowport.domain.records import OPERATOR_WORKSPACE, Endpoint
from flowport.usecases.access import Access, Caller
from flowport.usecases.ports import PublishedEndpoints

PAGE: Final = 100
ENDPOINTS_AT_MOST: Final = 500
# An answer of a function has 6 MB at most. What an endpoint adds besides its schemas is small.
SCHEMA_BYTES_AT_MOST: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class ReadOpenApi:
    """A request for the document; `endpoint` (`module/name`) limits it to that one."""

    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class OpenApiRead:
    """What is told. `complete` is False when there are more endpoints than one document holds."""

    principal: Principal
    endpoints: tuple[Endpoint, ...]
    complete: bool

    @property
    def administers(self) -> bool:
        """Whether the administration's routes are the caller's."""
        return self.principal.has("admin")

    @property
    def operates(self) -> bool:
        """Whether the operator's routes are."""
        return self.principal.workspace == OPERATOR_WORKSPACE


@dataclass(frozen=True, slots=True)
class OpenApiReader:
    """The use case. `published` makes what lists endpoints, which only this needs."""

    access: Access
    published: Callable[[], PublishedEndpoints]

    def __call__(self, caller: Caller, command: ReadOpenApi) -> OpenApiRead:
        """Let in whoever has a credential, and gather what it may run."""
        principal = self.access.identified(caller)
        if principal.workspace == OPERATOR_WORKSPACE:
            return OpenApiRead(principal, (), complete=True)
        if command.endpoint is not None:
            found = self.published().get(principal.workspace, command.endpoint, deadline=caller.answer_by)
            if found is None or not _usable(found, principal, caller):
                message = f"There is no endpoint {command.endpoint!r} that this credential may use."
                raise NotFound(message)
            return OpenApiRead(principal, (found,), complete=True)
        return self._all(caller, principal)

    def _all(self, caller: Caller, principal: Principal) -> OpenApiRead:
        found: list[Endpoint] = []
        size, after = 0, None
        while True:
            page = self.published().page(principal.workspace, PAGE, after, deadline=caller.answer_by)
            for endpoint in page.items:
                if not _usable(endpoint, principal, caller):
                    continue
                size += len(endpoint.input_schema or "") + len(endpoint.output_schema or "")
                if size > SCHEMA_BYTES_AT_MOST or len(found) == ENDPOINTS_AT_MOST:
                    return OpenApiRead(principal, tuple(found), complete=False)
                found.append(endpoint)
            after = page.after
            if after is None:
                return OpenApiRead(principal, tuple(found), complete=True)


def _usable(endpoint: Endpoint, principal: Principal, caller: Caller) -> bool:
    try:
        check_address(endpoint, caller.source_ip)
        check_run(endpoint, principal, None, caller.any_of or RUN)
    except FlowportError:
        return False
    return principal.reaches(endpoint.path)
