"""An ordinary call; with_raw_response shows the headers that the gateway adds."""

import os

import openai

client = openai.OpenAI()  # OPENAI_BASE_URL and OPENAI_API_KEY
raw = client.chat.completions.with_raw_response.create(
    model=os.environ.get("MODEL", "gpt-4o-mini"),
    messages=[{"role": "user", "content": "Write one line to jane.doe@example.com."}],
)

print(raw.parse().choices[0].message.content)
print("call    ", raw.headers["x-tollhouse-call-id"])
print("cost    ", raw.headers["x-tollhouse-cost-usd"], "dollars")
print("reserved", raw.headers["x-tollhouse-reserved-usd"], "dollars, given back but for the cost")
print("masked  ", raw.headers.get("x-tollhouse-redacted", "0"), "values on the way out")
