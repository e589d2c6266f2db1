"""Every refusal that Flowport gives, as one root error and small subclasses.

An error says what is wrong, with which value, and what to do. A dialect renders it; the native one as
`application/problem+json` (RFC 9457), whose `type` ends in the error's `kind`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

from flowport.domain.limits import Quota

Source = Literal["gateway", "workflow", "unknown"]


# So many are told of in the sentence that dialects give, which have no list of violations.
NAMED_VIOLATIONS: Final = 3


class FlowportError(Exception):
    """A refusal or failure that a caller is told about.

    `status` is the HTTP status of the native contract. `source` says whose fault it was: `gateway` (nothing was
    started and nothing will be), `workflow` (the run itself failed) or `unknown` (it cannot be told).
    """

    kind: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"
    status: ClassVar[int] = 500
    source: ClassVar[Source] = "gateway"

    def __init__(
        self,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep `detail` (a sentence for the caller), further response headers and further problem members."""
        super().__init__(detail)
        self.detail = detail
        self.headers: Mapping[str, str] = headers or {}
        self.members: Mapping[str, Any] = members or {}


class InvalidRequest(FlowportError):
    """The request itself is malformed."""

    kind = "invalid-request"
    title = "Invalid request"
    status = 400


class InvalidJson(FlowportError):
    """The body is not the JSON that a workflow can take."""

    kind = "invalid-json"
    title = "Invalid JSON"
    status = 400


class Unauthenticated(FlowportError):
    """No credential where one is needed, or one that is not valid."""

    kind = "unauthenticated"
    title = "Authentication required"
    status = 401


class CredentialMissing(Unauthenticated):
    """No credential, where one is needed. `modes` are the endpoint's, in its order."""

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None, modes: Sequence[str] = ()) -> None:
        """Keep them for the families whose answer names what is missing."""
        super().__init__(detail, headers=headers)
        self.modes = tuple(modes)


class CredentialInvalid(Unauthenticated):
    """A credential that is not valid: which part of it is wrong is not said."""


class CredentialExpired(CredentialInvalid):
    """A credential that was valid until its time was over."""


class KeyTooShort(FlowportError):
    """The signing key that an operator stored is shorter than HS256 needs; nothing can be signed or verified by it."""

    kind = "signing-key-too-short"
    title = "Signing key too short"


class KeyMissing(FlowportError):
    """There is no signing key under the alias that was asked for."""

    kind = "signing-key-missing"
    title = "Signing key missing"


class Forbidden(FlowportError):
    """The credential is valid but may not do this."""

    kind = "forbidden"
    title = "Forbidden"
    status = 403


class CredentialUnfit(Forbidden):
    """A valid credential of a kind that the endpoint does not take. `modes` are the endpoint's, in its order."""

    def __init__(self, detail: str, *, modes: Sequence[str] = ()) -> None:
        """Keep them for the families whose answer names what is missing."""
        super().__init__(detail)
        self.modes = tuple(modes)


class EndpointDisabled(Forbidden):
    """The endpoint exists but is switched off."""

    kind = "endpoint-disabled"
    title = "Endpoint disabled"


class WorkspaceDisabled(Forbidden):
    """The workspace is switched off by the stack's operator."""

    kind = "workspace-disabled"
    title = "Workspace disabled"


class AddressRefused(Forbidden):
    """The caller's address is not on the endpoint's allow list."""

    kind = "address-refused"
    title = "Address not allowed"


class ConsentWithdrawn(Forbidden):
    """Step Functions denied the start: the state machine has lost its consent tag."""

    kind = "consent-withdrawn"
    title = "Consent withdrawn"


class CallbackRefused(Forbidden):
    """The endpoint does not allow callbacks to the host that was named."""

    kind = "callback-refused"
    title = "Callback not allowed"


class NotFound(FlowportError):
    """There is no such thing for this caller."""

    kind = "not-found"
    title = "Not found"
    status = 404


class OtherWorkspace(NotFound):
    """The credential is valid, in another workspace than the one that the request names."""


class MethodNotAllowed(FlowportError):
    """The path exists, the method does not."""

    kind = "method-not-allowed"
    title = "Method not allowed"
    status = 405


class Conflict(FlowportError):
    """The request does not fit the present state."""

    kind = "conflict"
    title = "Conflict"
    status = 409


class PreconditionFailed(FlowportError):
    """`If-Match` names another version."""

    kind = "precondition-failed"
    title = "Precondition failed"
    status = 412


class PayloadTooLarge(FlowportError):
    """The input is larger than Step Functions takes."""

    kind = "payload-too-large"
    title = "Payload too large"
    status = 413


class UnsupportedMediaType(FlowportError):
    """The body is not declared as JSON."""

    kind = "unsupported-media-type"
    title = "Unsupported media type"
    status = 415


class Unprocessable(FlowportError):
    """The request is well formed, but what it says cannot be done."""

    kind = "unprocessable"
    title = "Unprocessable content"
    status = 422


class JobEnded(Conflict):
    """What was asked does not fit the state that the job is in."""

    kind = "job-state"
    title = "The job is not in a state for that"


class AlreadyRedriven(Conflict):
    """The job was redriven; its newer job is the one to go on with."""

    kind = "already-redriven"
    title = "Already redriven"


class NotRedrivable(Conflict):
    """Step Functions refused to let the execution go on."""

    kind = "not-redrivable"
    title = "Not redrivable"


class KeyReused(Unprocessable):
    """An idempotency key was sent again with another input."""

    kind = "idempotency-key-reused"
    title = "Idempotency key reused"


class InputInvalid(Unprocessable):
    """The input does not fit the endpoint's input schema; every violation is listed.

    A violation has `pointer` (a JSON Pointer into the input), `detail` (a sentence) and `keyword` (the schema's).
    """

    kind = "input-invalid"
    title = "Input does not fit the schema"

    @classmethod
    def of(cls, endpoint: str, violations: Sequence[Mapping[str, str]], *, complete: bool = True) -> "InputInvalid":
        """List the violations, the first of them in the sentence too; `complete` says whether these are all."""
        first = "; ".join(f"{one['pointer'] or 'the input'}: {one['detail']}" for one in violations[:NAMED_VIOLATIONS])
        left = len(violations) - NAMED_VIOLATIONS
        more = f"; and {left} more" if left > 0 else "" if complete else "; and others"
        members: dict[str, Any] = {"errors": [dict(one) for one in violations]}
        if not complete:
            members["complete"] = False
        return cls(f"The input does not fit the schema of {endpoint!r}: {first}{more}.", members=members)


class InputNotKept(Conflict):
    """What was asked needs the input of a job, which is not kept."""

    kind = "input-not-kept"
    title = "The input is not kept"


class PayloadNotKept(FlowportError):
    """The job's input or output was asked for and is not kept, or not any more."""

    kind = "payload-not-kept"
    title = "The payload is not kept"
    status = 410
    source = "workflow"


class ClientJobIdTaken(Conflict):
    """The caller's name for a job belongs to another job."""

    kind = "client-job-id-taken"
    title = "Client job id taken"


class CallbackRepeated(Conflict):
    """The run that was parked on this callback has been resumed already."""

    kind = "callback-repeated"
    title = "Callback already used"


class CallbackExpired(FlowportError):
    """Nobody resumed the run in time; the callback is over."""

    kind = "callback-expired"
    title = "Callback expired"
    status = 410


class CallbackTaken(Conflict):
    """A run asked to be parked on a callback that belongs to another run, or that has been used."""

    kind = "callback-taken"
    title = "Callback taken"


class MachineMissing(FlowportError):
    """The endpoint points to a state machine that no longer exists."""

    kind = "state-machine-missing"
    title = "State machine missing"
    status = 500


class NotSupported(FlowportError):
    """The request asks for something that this release does not do; nothing is dropped in silence."""

    kind = "not-supported"
    title = "Not supported"
    status = 400


class TooManyAttempts(FlowportError):
    """Too many wrong passwords or secrets came from there, or for that user; for a while nothing is looked at."""

    kind = "too-many-attempts"
    title = "Too many attempts"
    status = 429


class LimitReached(FlowportError):
    """A limit of the credential or the endpoint is reached; nothing was started. `quotas` say how they all stand."""

    kind = "rate-limited"
    title = "Too many requests"
    status = 429

    def __init__(self, detail: str, quotas: Sequence[Quota], *, violated: str, retry_after: int) -> None:
        """Name the limit that is reached, and ask the caller to come back after `retry_after` seconds."""
        headers, members = {"Retry-After": str(retry_after)}, {"violated-policies": [violated]}
        super().__init__(detail, headers=headers, members=members)
        self.quotas = tuple(quotas)


class RateLimited(LimitReached):
    """More requests in a time than the credential or the endpoint may have."""


class TooManyJobs(LimitReached):
    """More jobs at one time than the credential or the endpoint may have."""

    kind = "too-many-jobs"
    title = "Too many jobs at one time"


class Unavailable(FlowportError):
    """AWS throttled or did not answer, and it is certain that nothing was started."""

    kind = "unavailable"
    title = "Temporarily unavailable"
    status = 503

    def __init__(self, detail: str, *, retry_after: int = 2) -> None:
        """Ask the caller to come back after `retry_after` seconds."""
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class ExecutionsUnavailable(Unavailable):
    """It was Step Functions that throttled or did not answer, for the families that tell it from the stores."""


class UnknownOutcome(FlowportError):
    """Something was asked of AWS and its answer never came."""

    kind = "outcome-unknown"
    title = "Outcome unknown"
    status = 500
    source = "unknown"


class OutputNotHttp(FlowportError):
    """`view=http` was asked for, and the output is not an HTTP answer."""

    kind = "output-not-http"
    title = "Output is not an HTTP answer"
    status = 500
    source = "workflow"


class OutputMappingFailed(FlowportError):
    """The run succeeded, and the endpoint's output mapping cannot be applied to what it gave."""

    kind = "output-mapping-failed"
    title = "The output cannot be mapped"
    status = 500
    source = "workflow"

    def __init__(
        self,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
        output: str | None = None,
    ) -> None:
        """Keep `output`, the JSON text that the run gave, where this answer is the only one that can have it."""
        super().__init__(detail, headers=headers, members=members)
        self.output = output
