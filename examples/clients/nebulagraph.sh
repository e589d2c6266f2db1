#!/usr/bin/env bash
# NebulaGraph Explorer's workflow API as its users call it: connect, add a job, poll it, read what a task gave.
#
#   EXPLORER_URL       http://<explorer_address>:<explorer_port> there; here the base URL of the API
#   EXPLORER_ACCOUNT   base64 of user:password
#   EXPLORER_WORKFLOW  the workflow's number; here an alias (nebulagraph:<number>)
#
# Arguments: the task that is given parameters and whose result is read, and the parameters as JSON.
set -euo pipefail

: "${EXPLORER_URL:?}" "${EXPLORER_ACCOUNT:?}" "${EXPLORER_WORKFLOW:?}"
task=${1:-query_1}
parameters=${2:-'{"name":"Tim Duncan"}'}
api="$EXPLORER_URL/api-open/v1"
cookies=$(mktemp)
trap 'rm -f "$cookies"' EXIT

# The token comes as a cookie and is good for three days.
curl -sS -c "$cookies" -X POST -H "Content-Type: application/json" -H "Authorization: Bearer $EXPLORER_ACCOUNT" \
     -d '{"address":"192.168.8.111","port":9669}' "$api/connect"
echo

added=$(curl -sS -b "$cookies" -X POST -H "Content-Type: application/json" \
             -d "{\"input\":{\"$task\":$parameters}}" "$api/workflows/$EXPLORER_WORKFLOW/jobs")
echo "$added"
job=$(sed 's/.*"id":\([0-9]*\).*/\1/' <<<"$added")

# 0 Preparing, 1 Running, 2 Success, 3 Failed, 4 Interrupted, 5 Stopping
status=0
while ((status < 2)); do
    sleep 0.5
    detail=$(curl -sS -b "$cookies" "$api/jobs/$job")
    status=$(sed 's/.*"workflowName":"[^"]*","status":\([0-9]\).*/\1/' <<<"$detail")
done
echo "$status"

curl -sS -b "$cookies" "$api/jobs/$job/tasks/$task/sample_result?limit=10"
echo
