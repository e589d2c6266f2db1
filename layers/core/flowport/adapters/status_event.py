"""EventBridge's "Step Functions Execution Status Change" event.

Source: Step Functions developer guide, "Automating Step Functions event delivery with EventBridge". An output that is
too large for the event is left out, and `outputDetails.included` is then false; `error` and `cause` may be absent.
"""

from collections.abc import Mapping
from typing import Any

from flowport.adapters.step_functions import STATUS
from flowport.domain.job import Outcome, error_of_workflow
from flowport.usecases.record_completion import Completion


def completion_of(event: Mapping[str, Any]) -> Completion:
    """Read an event; without everything that a job records, `outcome` is None and DescribeExecution is asked."""
    detail = event["detail"]
    status = STATUS.get(detail["status"])
    redrives = detail.get("redriveCount")
    completion = Completion(detail["executionArn"], detail["name"], None, redrives)
    if status is None or detail.get("stopDate") is None:
        return completion
    if status == "SUCCEEDED":
        included = (detail.get("outputDetails") or {}).get("included", True)
        if not included or detail.get("output") is None:
            return completion
    elif status == "FAILED" and detail.get("error") is None and detail.get("cause") is None:
        return completion
    outcome = Outcome(
        status=status,
        finished_at=int(detail["stopDate"]),
        output=detail["output"] if status == "SUCCEEDED" else None,
        error=error_of_workflow(detail.get("error")),
        cause=detail.get("cause"),
        started_at=_begun(detail),
    )
    return Completion(detail["executionArn"], detail["name"], outcome, redrives)


def _begun(detail: Mapping[str, Any]) -> int | None:
    """Give when the last attempt began: the redrive, else the start."""
    at = detail.get("redriveDate") or detail.get("startDate")
    return None if at is None else int(at)
