"""Identifiers: job ids, execution names, and the ways back from one to the other.

A job id is a UUID of version 8 (RFC 9562: custom). Where API Gateway gave the request an `extendedRequestId`, the job
id is computed from it, so that the caller whose connection the gateway gave up on can find the job by that id with
one read. Every other UUID version is therefore never a job id and can only be a request id.
"""

import hashlib
import re
import secrets
import uuid
from typing import Final

EXECUTION_PREFIX: Final = "fp-"
_MACHINE_ARN_PARTS: Final = 7  # arn, partition, states, region, account, stateMachine, name
_REQUEST_ID = re.compile(r"[A-Za-z0-9_=-]{1,128}")
_EXECUTION_ARN = re.compile(
    r"arn:[a-z0-9-]+:states:[a-z0-9-]+:\d{12}:(?:execution|express):[^:]+:fp-([0-9a-f-]{36})(?::[^:]+)?"
)


def _uuid8(raw: bytes) -> str:
    value = int.from_bytes(raw[:16], "big")
    value = (value & ~(0xF << 76)) | (0x8 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def new_job_id() -> str:
    """Give a random job id (122 random bits)."""
    return _uuid8(secrets.token_bytes(16))


def job_id_of_request(extended_request_id: str) -> str:
    """Compute the job id of the request that API Gateway named `extended_request_id`."""
    return _uuid8(hashlib.sha256(b"flowport-job:" + extended_request_id.encode()).digest())


def new_attempt_id() -> str:
    """Give an id for one attempt to write or start something, by which a retried write recognises itself."""
    return secrets.token_hex(8)


def execution_name(job_id: str) -> str:
    """Name the execution of a job; EventBridge's rule filters by this prefix. At most 80 characters."""
    return EXECUTION_PREFIX + job_id


def job_id_of_execution(name: str) -> str | None:
    """Give the job id that an execution name carries, or None when it is not one of ours."""
    candidate = name.removeprefix(EXECUTION_PREFIX)
    return candidate if candidate != name and _is_job_id(candidate) else None


def unqualified_machine_arn(state_machine_arn: str) -> str:
    """Give the state machine's own ARN, without the version or the alias that may follow it."""
    return ":".join(state_machine_arn.split(":")[:_MACHINE_ARN_PARTS])


def named_execution_arn(state_machine_arn: str, name: str) -> str:
    """Compute the ARN of a Standard execution: it names the machine, whichever version it runs."""
    return unqualified_machine_arn(state_machine_arn).replace(":stateMachine:", ":execution:", 1) + ":" + name


def standard_execution_arn(state_machine_arn: str, job_id: str) -> str:
    """Compute the ARN that StartExecution will give the job's execution (Standard machines only)."""
    return named_execution_arn(state_machine_arn, execution_name(job_id))


def _is_job_id(text: str) -> bool:
    try:
        parsed = uuid.UUID(text)
    except ValueError:
        return False
    return parsed.version == 8 and str(parsed) == text  # noqa: PLR2004  # RFC 9562's number for custom UUIDs


def decimal_of_job_id(job_id: str) -> str:
    """Write a job id's 128 bits in decimal, as families do whose jobs have decimal ids."""
    return str(uuid.UUID(job_id).int)


def job_id_of_decimal(text: str) -> str | None:
    """Read `decimal_of_job_id` back; None when it is no job id."""
    if not re.fullmatch(r"[1-9][0-9]{15,38}", text) or int(text) >> 128:
        return None
    job_id = str(uuid.UUID(int=int(text)))
    return job_id if _is_job_id(job_id) else None


def resolve_job_reference(reference: str) -> str | None:
    """Find the job id behind what a caller may call a job: its id, its execution's ARN, or its request id.

    The id may be in decimal.
    """
    if _is_job_id(reference.lower()):
        return reference.lower()
    if (job_id := job_id_of_decimal(reference)) is not None:
        return job_id
    if match := _EXECUTION_ARN.fullmatch(reference):
        return match[1] if _is_job_id(match[1]) else None
    if _REQUEST_ID.fullmatch(reference):
        return job_id_of_request(reference)
    return None
