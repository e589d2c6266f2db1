"""AWS clients and the one place where their errors are told apart.

Every client makes one attempt; what may be repeated is repeated here, until a deadline that the caller sets. So the
time before a job's row is written is bounded, and nothing that must not be repeated ever is.
"""

import gzip
import json
import random
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.loaders import JSONFileLoader, Loader
from botocore.utils import parse_timestamp

from flowport.domain.errors import Unavailable, UnknownOutcome
from flowport.usecases.ports import Clock

# One DynamoDB attempt takes at most this long: time to connect plus time to answer.
ATTEMPT_SECONDS: Final = 1.5
PATIENCE_SECONDS: Final = 10.0
_FIRST_PAUSE: Final = 0.05

THROTTLED: Final = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "LimitExceededException",
        "ExecutionLimitExceeded",
        "SlowDown",
        "TransactionInProgressException",
        "TransactionConflictException",
    }
)
_SERVER_SIDE: Final = frozenset({"InternalServerError", "InternalFailure", "ServiceUnavailable", "ServiceException"})
_PASSING: Final = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_NOT_CONNECTED: Final = (EndpointConnectionError, ConnectTimeoutError)

Doubt = Literal["refused", "unknown"]


class _PlainDicts(JSONFileLoader):
    """Reads botocore's data into dicts, which keep their order too: into OrderedDict takes more than twice as long."""

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401  # any JSON value
        """Read a file that is named without its ending; None where there is none."""
        with suppress(FileNotFoundError, NotADirectoryError):
            return json.loads(Path(file_path + ".json").read_bytes())
        with suppress(FileNotFoundError, NotADirectoryError):
            return json.loads(gzip.decompress(Path(file_path + ".json.gz").read_bytes()))
        return None


class _OurServices(Loader):
    """Knows the services that we call: to list all of AWS's takes a third of the first client's time."""

    FILE_LOADER_CLASS = _PlainDicts

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002  # the base class asks by type
        """Name them."""
        return [
            "cloudwatch",
            "dynamodb",
            "lambda",
            "logs",
            "resourcegroupstaggingapi",
            "secretsmanager",
            "stepfunctions",
        ]


def session() -> botocore.session.Session:
    """Make the botocore session that all clients of a process share.

    Two settings take a seventh off what a call costs: the header `User-Agent`, which botocore else makes anew for each,
    is written once, and parameters are not checked on this side: AWS checks them, and so do the tests' clients.
    """
    made = botocore.session.get_session()
    made.register_component("data_loader", _OurServices())
    made.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_instant)
    made.set_default_client_config(Config(user_agent=made.user_agent(), parameter_validation=False))
    return made


def _instant(value: float | str) -> datetime:
    """Read a time in UTC: in the local time zone, as botocore does it, a number takes ten times as long."""
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else parse_timestamp(value)


def fast_config() -> Config:
    """Settings for short calls: one attempt of 1.5 s at most."""
    return Config(connect_timeout=0.5, read_timeout=1.0, retries={"total_max_attempts": 1}, max_pool_connections=20)


def patient_config(read_timeout: float = 10.0) -> Config:
    """Settings for calls that may take their time, still one attempt."""
    return Config(
        connect_timeout=1.0, read_timeout=read_timeout, retries={"total_max_attempts": 1}, max_pool_connections=20
    )


def error_code(error: ClientError) -> str:
    """Give AWS's name of an error."""
    return str(error.response.get("Error", {}).get("Code", "")).rpartition("#")[2]


def cancellation_reasons(error: ClientError) -> list[str]:
    """Give the reason for each item of a cancelled transaction, in order (`None` where it was not the cause)."""
    return [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]


def _busy(error: ClientError) -> bool:
    reasons = set(cancellation_reasons(error))
    return bool(reasons & _PASSING) and "ConditionalCheckFailed" not in reasons


def doubt_of(error: Exception) -> Doubt | None:
    """Tell what a failed call means: `refused` (it did nothing), `unknown` (it may have worked), None (an error)."""
    if isinstance(error, ClientError):
        code = error_code(error)
        if code in THROTTLED or (code == "TransactionCanceledException" and _busy(error)):
            return "refused"
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return "unknown" if code in _SERVER_SIDE or status >= 500 else None  # noqa: PLR2004  # HTTP's server errors
    if isinstance(error, _NOT_CONNECTED):
        return "refused"
    if isinstance(error, (ReadTimeoutError, ConnectionClosedError, HTTPClientError)):
        return "unknown"
    return None


def patience(clock: Clock, deadline: float | None) -> float:
    """Give when to stop trying, in monotonic seconds: after the usual patience, and at `deadline` at the latest."""
    usual = clock.monotonic() + PATIENCE_SECONDS
    return usual if deadline is None else min(usual, deadline)


def repeat[T](
    call: Callable[[], T],
    *,
    what: str,
    clock: Clock,
    deadline: float | None = None,
    attempt_seconds: float = ATTEMPT_SECONDS,
) -> T:
    """Make a call that may safely be made again, until it answers or no further attempt fits before `deadline`.

    Raises `Unavailable` when AWS refused or did not answer to the end; other errors go through.
    """
    last = clock.monotonic() + PATIENCE_SECONDS if deadline is None else deadline
    message = f"{what} is not available at the moment; send the request again in a few seconds."
    pause = _FIRST_PAUSE
    if clock.monotonic() + attempt_seconds > last:
        raise Unavailable(message)
    while True:
        try:
            return call()
        except Exception as error:
            if doubt_of(error) is None:
                raise
            wait = random.uniform(pause / 2, pause)  # noqa: S311  # jitter
            if clock.monotonic() + wait + attempt_seconds > last:
                raise Unavailable(message) from error
            clock.sleep(wait)
            pause = min(pause * 2, 2.0)


def once[T](call: Callable[[], T], *, what: str, clock: Clock, throttle_attempts: int = 4) -> T:
    """Make a call that must not be repeated once it may have worked; only a definite refusal is tried again.

    Raises `Unavailable` after the last refusal and `UnknownOutcome` when the answer was lost.
    """
    pause = 0.1
    for attempt in range(1, throttle_attempts + 1):
        try:
            return call()
        except Exception as error:
            doubt = doubt_of(error)
            if doubt is None:
                raise
            if doubt == "unknown":
                message = f"{what} gave no answer; it may have run, and is not started again."
                raise UnknownOutcome(message) from error
            if attempt == throttle_attempts:
                message = f"{what} refused the call as too many; send the request again in a few seconds."
                raise Unavailable(message) from error
            clock.sleep(random.uniform(pause / 2, pause))  # noqa: S311  # jitter
            pause *= 2
    raise AssertionError  # the loop always returns or raises


_ARN = re.compile(
    r"arn:[a-z0-9-]+:states:[a-z0-9-]+:\d{12}:stateMachine:[A-Za-z0-9_.-]{1,80}"
    r"(?::(?:[1-9]\d{0,9}|(?=[^:]*[A-Za-z_.-])[A-Za-z0-9_.-]{1,80}))?"  # a version's number, or an alias's name
)


def is_state_machine_arn(text: str) -> bool:
    """Whether a text is the ARN of a state machine, or of a version or an alias of one."""
    return _ARN.fullmatch(text) is not None


AnyClient = Any
"""A botocore client: its methods are made at run time, so that its type says nothing."""
