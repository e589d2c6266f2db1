#!/usr/bin/env bash
# An API of iolinker as its users call it: by GET and by POST, with a token or with user and password.
#
#   IOLINKER_URL       http://<your server> there; here the base URL of the API
#   IOLINKER_API       owner/module/function; here workspace/module/name
#   IOLINKER_TOKEN     the token
#   IOLINKER_USER      the user
#   IOLINKER_PASSWORD  and its password
#
# Argument: the input as JSON; {} without one.
set -euo pipefail

: "${IOLINKER_URL:?}" "${IOLINKER_API:?}" "${IOLINKER_TOKEN:?}" "${IOLINKER_USER:?}" "${IOLINKER_PASSWORD:?}"
empty='{}'
input=${1:-$empty}
api="$IOLINKER_URL/v1/api/$IOLINKER_API"

# The parameters in the query.
curl -sS -G -H"token:$IOLINKER_TOKEN" --data-urlencode 'name=Ada' "$api"
echo

# The parameters in the body; the content type that curl sends by itself is fine.
curl -sS -H"token:$IOLINKER_TOKEN" -d "$input" "$api"
echo

# User and password.
curl -sS -H"user:$IOLINKER_USER" -H"password:$IOLINKER_PASSWORD" -d "$input" "$api"
echo
