#!/usr/bin/env bash
# PhixFlow's API endpoints as their users call them: wait for a result, or poll for it.
#
#   PHIXFLOW_URL      https://app.phixflow.com there; here the base URL of the API
#   PHIXFLOW_API_KEY  the API key; not needed where the action allows anonymous connections
#
# Arguments: an action that waits for its result and one that is polled, as application/actionflow with %20 for a space.
set -euo pipefail

: "${PHIXFLOW_URL:?}"
actions="$PHIXFLOW_URL/phixflow/api/1/action"
key=(--header "Authorization: Bearer ${PHIXFLOW_API_KEY:-none}")
[[ -n "${PHIXFLOW_API_KEY:-}" ]] || key=()

# Wait for the result: data.output is what the action puts out.
curl -sS -X POST "$actions/$1/trigger?field=abc" "${key[@]}" \
     --header 'Content-Type: application/json' \
     --data '{"name":"Ann"}'
echo

# Poll for the result: the answer has the process id, and the status is asked for until it has one.
process=$(curl -sS -X POST "$actions/$2/trigger?field=abc&seconds=2" "${key[@]}" --data '' |
          sed -n 's/.*"processId":"\([^"]*\)".*/\1/p')
until curl -sS "$actions/status/$process" "${key[@]}" | grep -v '"status":"Running"'; do
    sleep 1
done
