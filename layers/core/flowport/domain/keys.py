"""Names under which a caller's job is found again: idempotency keys, and the caller's own names for jobs.

A key leads to one job. It is written in one transaction with the job's row, so that of many calls with one key at the
same instant one is accepted; the others are led to its job. Standards: the IETF draft "The Idempotency-Key HTTP
Header Field" for the first kind.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Final, Literal

from flowport.domain.payload import parse_json

KeyKind = Literal["idempotency", "client"]
OnConflict = Literal["return", "reject", "restart-if-failed"]
DAY_MS: Final = 86_400_000
# Keys end before their jobs do, so that a key never leads to a job that is gone.
IDEMPOTENCY_LIFETIME: Final = DAY_MS
LONGEST_RUN: Final = 366 * DAY_MS


@dataclass(frozen=True, slots=True)
class JobKey:
    """A key as a call asks for it.

    `fingerprint` tells inputs apart, None where any input will do. `replaces` is the job that the key led to so far
    and may be taken from (it was never started, was deleted, or failed and is to be restarted). A `client` key that
    has expired still holds while its job has not ended, so its item outlives it, until `removed_at`.
    """

    id: str
    kind: KeyKind
    fingerprint: str | None
    expires_at: int
    removed_at: int | None = None
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A key that leads to another job already; `expired` is for those that hold until that job has ended."""

    key: JobKey
    job_id: str
    fingerprint: str | None
    expired: bool = False


def fingerprint_of(input_text: str) -> str:
    """Tell JSON texts apart by what they mean, not by their spaces or the order of their keys."""
    canonical = json.dumps(parse_json(input_text), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _id(*parts: str) -> str:
    return "key#" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def idempotency_key(  # what makes a key another one
    *, workspace: str, endpoint: str, principal: str, key: str, input_text: str, now: int
) -> JobKey:
    """Make the key of an `Idempotency-Key`: the caller's own, per endpoint."""
    return JobKey(
        _id("idempotency", workspace, endpoint, principal, key),
        "idempotency",
        fingerprint_of(input_text),
        now + IDEMPOTENCY_LIFETIME,
    )


def redrive_key(*, workspace: str, endpoint: str, principal: str, key: str, origin: str, now: int) -> JobKey:
    """Make the key of a redrive's `Idempotency-Key`: another origin counts as another input."""
    return JobKey(
        _id("redrive", workspace, endpoint, principal, key), "idempotency", origin, now + IDEMPOTENCY_LIFETIME
    )


def client_key_id(workspace: str, endpoint: str, client_job_id: str) -> str:
    """Primary key of a caller's own name for a job, unique per endpoint."""
    return _id("client", workspace, endpoint, client_job_id)


def client_key(*, workspace: str, endpoint: str, client_job_id: str, now: int, keep_ms: int) -> JobKey:
    """Make the key of a `Client-Job-Id`: it expires a day before its job can, but not before its job has ended."""
    return JobKey(
        client_key_id(workspace, endpoint, client_job_id),
        "client",
        None,
        now + keep_ms - DAY_MS,
        removed_at=now + LONGEST_RUN + keep_ms,
    )


def document_key_id(workspace: str, client_job_id: str) -> str:
    """Primary key of a client's own id of a job with a document, unique in its workspace."""
    return _id("document", workspace, client_job_id)


def document_key(*, workspace: str, client_job_id: str, now: int, keep_ms: int) -> JobKey:
    """Make that key; it lasts as a `Client-Job-Id` does."""
    return JobKey(
        document_key_id(workspace, client_job_id),
        "client",
        None,
        now + keep_ms - DAY_MS,
        removed_at=now + LONGEST_RUN + keep_ms,
    )
