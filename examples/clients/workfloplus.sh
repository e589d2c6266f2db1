#!/usr/bin/env bash
# WorkfloPlus's job API as its users call it: a token, then a job that is synced step by step until it is completed.
#
#   WORKFLOPLUS_URL             https://gateway.workfloplus.com there; here the base URL of the API
#   WORKFLOPLUS_WORKFLOW        the workflow's id; here an alias (workfloplus:<id>)
#   WORKFLOPLUS_CLIENT_ID       the client, whose token needs the scopes workflow.execute and job.read
#   WORKFLOPLUS_CLIENT_SECRET   its secret
#
# Argument: the job's id, of the client's own making; a new one without it.
set -euo pipefail

: "${WORKFLOPLUS_URL:?}" "${WORKFLOPLUS_WORKFLOW:?}" "${WORKFLOPLUS_CLIENT_ID:?}" "${WORKFLOPLUS_CLIENT_SECRET:?}"
job=${1:-$(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen)}

# The secret goes by standard input, so that no other process can see it.
token=$(printf 'grant_type=client_credentials&client_id=%s&client_secret=%s' \
               "$WORKFLOPLUS_CLIENT_ID" "$WORKFLOPLUS_CLIENT_SECRET" |
        curl -sS --fail-with-body -X POST "$WORKFLOPLUS_URL/connect/token" --data @- |
        sed -E 's/.*"access_token":"([^"]+)".*/\1/')

sync() { # status, time of the last change, steps
    curl -sS --fail-with-body -X POST "$WORKFLOPLUS_URL/jobs/v1/basicSync" \
         --header "Authorization: Bearer $token" \
         --header 'Content-Type: application/json' \
         --data "{\"metadata\":{\"clientJobId\":\"$job\",\"workflowId\":\"$WORKFLOPLUS_WORKFLOW\",\"jobTitle\":\"Inspection\",\"metadata\":{},\"updated\":\"$2\",\"status\":\"$1\"},\"completedSteps\":[$3]}"
    echo
}

step() { printf '{"singleStep":{"stepNumber":%s,"stepType":"ConfirmStep","values":[]},"reportStep":null}' "$1"; }

sync InProgress 2021-10-01T12:48:12.215Z "$(step 1)"
sync Completed 2021-10-01T12:48:13.824Z "$(step 1),$(step 2)"

# What the server has now.
curl -sS --fail-with-body "$WORKFLOPLUS_URL/jobs/v1/$job" --header "Authorization: Bearer $token"
echo
