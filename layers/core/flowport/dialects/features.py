"""What an API family can be asked for. Each dialect declares the features that it has; docs/dialects.md shows them.

`yes`: as the native contract has it; `own`: in the family's own way, as the tests' cases say; a feature that is not
declared cannot be asked for in that family.
"""

from typing import Final, Literal

Support = Literal["yes", "own"]

FEATURES: Final = {
    "sync": "run, and get the output in the same answer",
    "async": "run, and get a job at once",
    "hand-over": "get a job when the run takes longer than the caller waits",
    "abort-on-timeout": "stop the run when the caller's time is over",
    "get-input": "run by GET, with the query as the input",
    "batch": "several inputs in one call, a job each",
    "repeats": "a call that is repeated makes one job",
    "read-job": "read a job's status and output later",
    "wait-for-job": "wait for a job's end",
    "list-jobs": "list jobs",
    "steps": "read which states a run went through",
    "history": "read the earlier documents of a job",
    "cancel": "stop a job",
    "redrive": "go on from where a run failed, or start anew",
    "delete": "delete a job",
    "resume": "resume a parked run",
    "call-back": "be called back when a job ends",
    "http-output": "the workflow's output decides status, headers and body",
    "own-messages": "the endpoint's own words for success and failure",
    "parameters": "parameters that the endpoint declares",
    "alias": "endpoints by another identifier",
    "numbers": "jobs by number",
    "auth-none": "call without a credential, where the endpoint allows it",
    "auth-token": "a token",
    "auth-password": "a user and a password",
    "auth-client": "a client's secret, exchanged for a short-lived token",
    "auth-signed": "a signed token (JWT)",
    "auth-query": "a token in the query string",
    "auth-cookie": "a token in a cookie",
    "preflight": "CORS, preflights included",
}
