#!/bin/sh
# The gateway without a client library: an answer, an error, a run.
set -eu
MODEL=${MODEL:-gpt-4o-mini}
auth="Authorization: Bearer $OPENAI_API_KEY"

echo "An answer, with the headers that say what it cost:"
curl -sS -i "$OPENAI_BASE_URL/chat/completions" -H "$auth" \
    -d "{\"model\": \"$MODEL\", \"messages\": [{\"role\": \"user\", \"content\": \"Say hello.\"}]}"

echo; echo; echo "An error, in OpenAI's form:"
curl -sS "$OPENAI_BASE_URL/chat/completions" -H "$auth" \
    -d '{"model": "no-such-model", "messages": [{"role": "user", "content": "Say hello."}]}'

echo; echo; echo "A run, and a call in it by its path:"
curl -sS "$OPENAI_BASE_URL/runs" -H "$auth" -d '{"limits": {"tokens": 2000}}'
echo
curl -sS "${OPENAI_BASE_URL%/v1}/runs/task-1/v1/chat/completions" -H "$auth" -H "x-tollhouse-phase: plan" \
    -d "{\"model\": \"$MODEL\", \"max_tokens\": 200, \"messages\": [{\"role\": \"user\", \"content\": \"Plan it.\"}]}"
echo
