"""What callers of the admin API send about limits, and how those are shown."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from flowport.admin.document import Document
from flowport.domain.limits import (
    CONCURRENT_AT_MOST,
    PER_SECOND_AT_MOST,
    REQUESTS_AT_MOST,
    SECONDS_AT_MOST,
    Limits,
    Rate,
    stored_limits,
)


class RateDocument(Document):
    """So many requests in so many seconds."""

    requests: Annotated[int, Field(ge=1, le=REQUESTS_AT_MOST)]
    seconds: Annotated[int, Field(ge=1, le=SECONDS_AT_MOST)]

    @model_validator(mode="after")
    def _countable(self) -> Self:
        if self.requests > self.seconds * PER_SECOND_AT_MOST:
            message = f"is more than {PER_SECOND_AT_MOST} requests a second, which is as many as can be counted"
            raise ValueError(message)
        return self


class LimitsDocument(Document):
    """The limits of an endpoint or a credential."""

    rate: RateDocument | None = None
    concurrent: Annotated[int, Field(ge=1, le=CONCURRENT_AT_MOST)] | None = None


def limits_from(document: LimitsDocument | None) -> Limits:
    """Read limits; none where none are given."""
    if document is None:
        return Limits()
    rate = None if document.rate is None else Rate(document.rate.requests, document.rate.seconds)
    return Limits(rate, document.concurrent)


def limits_document(limits: Limits) -> dict[str, Any] | None:
    """Write limits; null where there are none."""
    return stored_limits(limits)
