#!/usr/bin/env bash
# TheEye's Sync API as its users call it: run a task and wait for its output.
#
#   THEEYE_URL       https://sync.theeye.io there; here the base URL of the API
#   THEEYE_CUSTOMER  the customer's name; here the workspace
#   THEEYE_TASK      the task's id; here an alias (theeye:<id>) or module.name
#   THEEYE_TOKEN     the access token
#
# Arguments: the task's, as one JSON array; [100] without one.
set -euo pipefail

: "${THEEYE_URL:?}" "${THEEYE_CUSTOMER:?}" "${THEEYE_TASK:?}" "${THEEYE_TOKEN:?}"
arguments=${1:-[100]}
job="$THEEYE_URL/$THEEYE_CUSTOMER/task/$THEEYE_TASK/job"

# The raw output: an array of strings.
curl -sS -X POST "$job?access_token=$THEEYE_TOKEN" \
     --header 'content-type: application/json' \
     --data "{\"task_arguments\":$arguments}"
echo

# The first string, parsed; the status is the task's own.
curl -sS -X POST "$job?parse&access_token=$THEEYE_TOKEN" -w '\n%{http_code}\n' \
     --header 'content-type: application/json' \
     --data "{\"task_arguments\":$arguments}"

# A task that takes longer: the client is sent on, from one result to the next, until it is there. No -X here: after
# the redirect curl is to send a GET.
curl -sS -L "$job?wait_result=true&access_token=$THEEYE_TOKEN" -w '\n%{http_code}\n' \
     --header 'content-type: application/json' \
     --data "{\"task_arguments\":$arguments}"
