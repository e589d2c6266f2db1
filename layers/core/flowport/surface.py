"""The public surface: parse, one use case, render. Everything that is the same for all dialects is here."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from flowport import observability
from flowport.adapters.api_gateway import answer_of, request_of
from flowport.dialects import dialect_of
from flowport.dialects.native.addressed import addressed_by
from flowport.dialects.rate_limit import with_limits
from flowport.dialects.wire import Dialect, HttpRequest, HttpResponse
from flowport.domain.errors import FlowportError, LimitReached, UnknownOutcome
from flowport.usecases.access import ACCEPT_WITHIN_SECONDS, Caller, Noted
from flowport.usecases.map_output import mapped_result
from flowport.usecases.page_origins import WITHIN_SECONDS, PageOrigins
from flowport.usecases.ports import Clock, OutputMapping

UseCase = Callable[[Caller, Any], Any]
SERVER_ERROR: Final = 500
EXPOSED: Final = (
    "Location, Retry-After, ETag, Preference-Applied, WWW-Authenticate, Allow, Idempotency-Replayed, "
    "Flowport-Job-Id, Flowport-Request-Id, Flowport-Error-Source, Flowport-Removed-Headers, Flowport-Redrive, "
    "RateLimit, RateLimit-Policy"
)
METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


# Somebody may put a token into a path by mistake; a callback id lies in one, and is a credential too.
_TOKEN: Final = re.compile(r"(?:fp|cb)_[A-Za-z0-9_-]+")
_CALLBACK: Final = re.compile(r"(?<=/callback)(s?/)[^/]+")


class InternalError(FlowportError):
    """An error that nobody foresaw; its trace is in the log, under the request id."""


@dataclass(frozen=True, slots=True)
class PublicSurface:
    """Serves requests: `usecases` maps a command's type to what carries it out."""

    usecases: Mapping[type, UseCase]
    clock: Clock
    default_workspace: str
    custom_domain: str = ""
    base_path: str = ""
    cors_origins: tuple[str, ...] = ()
    mapping: OutputMapping | None = None
    page_origins: PageOrigins | None = None

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one API Gateway event."""
        started = self.clock.monotonic()
        request = request_of(event, self.custom_domain, self.base_path)
        dialect = dialect_of(request)
        if request.method == "OPTIONS":
            cors = self._cors(dialect, request)
            return answer_of(HttpResponse(204, "", {"Allow": METHODS, **cors}))
        noted = Noted()
        response, failure = self._serve(dialect, request, started + ACCEPT_WITHIN_SECONDS, noted)
        cors = self._cors(dialect, request)
        headers: dict[str, str | tuple[str, ...]] = {"Cache-Control": "no-store", **cors, **response.headers}
        if "Vary" in cors and isinstance(own := response.headers.get("Vary"), str):
            headers["Vary"] = f"{own}, {cors['Vary']}"
        if request.request_id:
            headers["Flowport-Request-Id"] = request.request_id
        self._report(dialect, request, response, failure, started, noted)
        body = "" if request.method == "HEAD" else response.body
        return answer_of(HttpResponse(response.status, body, headers))

    def _cors(self, dialect: Dialect, request: HttpRequest) -> dict[str, str]:
        """Say which pages may read the answer; whatever that is, a refusal or a failure too."""
        if dialect.cors is not None:
            return own_cors(request, dialect.cors)
        if not request.headers.get("origin"):
            return {}
        headers, addressed = cors_headers(request, self.cors_origins), addressed_by(request.segments)
        if self.page_origins is None or addressed is None or "Access-Control-Allow-Origin" in headers:
            return headers
        try:
            deadline = self.clock.monotonic() + WITHIN_SECONDS
            own = self.page_origins.of(self._workspace(dialect, request), addressed, deadline=deadline)
        except FlowportError:
            own = ()  # it cannot be told; the answer itself is more important
        except Exception:  # noqa: BLE001  # for the same reason
            observability.report_failure("the origins of an endpoint cannot be read", request_id=request.request_id)
            own = ()
        return cors_headers(request, own) or {"Vary": "Origin"}

    def _workspace(self, dialect: Dialect, request: HttpRequest) -> str:
        """Give the workspace that a request is for, whether its credential is good or not."""
        named = None
        with suppress(FlowportError):
            sender = dialect.sender(request)
            named = sender.presented.workspace if sender.presented is not None else sender.workspace
        return named or self.default_workspace

    def _serve(
        self, dialect: Dialect, request: HttpRequest, deadline: float, noted: Noted
    ) -> tuple[HttpResponse, FlowportError | None]:
        """Give the answer, and the error that it tells of: a dialect's own words need not say what it was."""
        command: Any = None
        try:
            command = dialect.parse(request)
            if isinstance(command, HttpResponse):
                return command, None
            sender = dialect.sender(request)
            presented = sender.presented
            if sender.of_workspace is not None:
                presented = sender.of_workspace(sender.workspace or self.default_workspace)
            caller = Caller(
                presented=presented,
                workspace=sender.workspace,
                default_workspace=self.default_workspace,
                source_ip=request.source_ip,
                deadline=deadline,
                request_id=request.request_id,
                any_of=sender.any_of,
                optional=sender.optional,
                base_url=request.base_url,
                noted=noted,
            )
            result = self.usecases[type(command)](caller, command)
            if self.mapping is not None:
                result = mapped_result(self.mapping, result)
            return with_limits(dialect.render(request, command, result), getattr(result, "quotas", ())), None
        except LimitReached as error:
            return with_limits(dialect.refuse(request, error), error.quotas, error.headers), error
        except FlowportError as error:
            return with_limits(dialect.refuse(request, error), noted.quotas), error
        except Exception:  # noqa: BLE001  # the last net: no trace may leave the system
            observability.report_failure("unforeseen error", request_id=request.request_id)
            message = f"Something went wrong that should not; its trace is logged under {request.request_id}."
            may_run = getattr(command, "begins_runs", False)
            failure = UnknownOutcome(message) if may_run else InternalError(message)
            return with_limits(dialect.refuse(request, failure), noted.quotas), failure

    def _report(
        self,
        dialect: Dialect,
        request: HttpRequest,
        response: HttpResponse,
        failure: FlowportError | None,
        started: float,
        noted: Noted,
    ) -> None:
        source = failure.source if failure else response.headers.get("Flowport-Error-Source")
        status = failure.status if failure else response.status
        observability.report(
            "request",
            dialect=dialect.name,
            method=request.method,
            path=masked(request.path),
            status=response.status,
            source=source,
            workspace=noted.workspace,
            endpoint=noted.endpoint,
            principal=noted.principal,
            job_id=response.headers.get("Flowport-Job-Id"),
            request_id=request.request_id,
            duration_ms=round((self.clock.monotonic() - started) * 1000),
        )
        if status >= SERVER_ERROR and source in {"gateway", "unknown"}:
            observability.count("Errors", dimensions={"source": str(source)})


def own_cors(request: HttpRequest, headers: Mapping[str, str]) -> dict[str, str]:
    """Give a dialect's own CORS headers, for whichever origin asks."""
    origin = request.headers.get("origin")
    echoed = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {}
    return {"Access-Control-Allow-Origin": "*", **headers, **echoed}


def masked(path: str) -> str:
    """Take the credentials out of a path that is to be logged."""
    return _TOKEN.sub(lambda found: found[0][:3] + "…", _CALLBACK.sub(r"\1…", path))


def cors_headers(request: HttpRequest, origins: tuple[str, ...]) -> dict[str, str]:
    """Give the CORS headers of an answer, errors and preflights included, where the origin is one of the stack's."""
    origin = request.headers.get("origin")
    if not origins or not origin:
        return {}
    if "*" not in origins and origin not in origins:
        return {"Vary": "Origin"}
    headers = {
        "Access-Control-Allow-Origin": "*" if "*" in origins else origin,
        "Access-Control-Expose-Headers": EXPOSED,
        "Vary": "Origin",
    }
    if request.method == "OPTIONS":
        headers |= {
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": request.headers.get("access-control-request-headers", "*"),
            "Access-Control-Max-Age": "600",
        }
    return headers
