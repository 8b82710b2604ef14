"""A stream. Clients skip the comment with the final figures; a program that wants them reads the lines itself."""

import os

import httpx
import openai

MODEL = os.environ.get("MODEL", "gpt-4o-mini")
MESSAGES = [{"role": "user", "content": "Write one line to jane.doe@example.com."}]

client = openai.OpenAI()  # OPENAI_BASE_URL and OPENAI_API_KEY
for chunk in client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True):
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)
print()

request = {"model": MODEL, "messages": MESSAGES, "stream": True}
headers = {"authorization": f"Bearer {client.api_key}"}
with httpx.stream("POST", f"{client.base_url}chat/completions", json=request, headers=headers, timeout=60) as reply:
    for line in reply.iter_lines():
        if line.startswith(": tollhouse"):
            print(line)
