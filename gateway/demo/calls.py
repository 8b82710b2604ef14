"""An ordinary call and a stream by the official client, each with its price to the nano-dollar."""

import json
import re

from .acts import usd
from .screen import Screen
from .site import Site
from .written import MODEL, TOLL_ANSWER

QUESTION = "In one sentence: what does a tollhouse do?"
_COMMENT = re.compile(rb"^: tollhouse (\{.*\})$", re.MULTILINE)


def calls(site: Site, screen: Screen) -> None:
    """Ask plainly, then as a stream."""
    screen.act("An ordinary call and a stream, by the official openai client")
    key = site.tenant("calls")
    client = site.client(key)
    before = site.bill()
    raw = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=[{"role": "user", "content": QUESTION}]
    )
    said = raw.parse().choices[0].message.content or ""
    told = raw.headers["x-tollhouse-cost-usd"]
    billed = site.bill().since(before)
    screen.say("asked", QUESTION)
    screen.say("answered", said)
    screen.claim("the answer is the model's", holds=said == TOLL_ANSWER)
    cost = f"${told}" == usd(billed.nano_dollars)
    screen.claim("the price in the reply's header is what the provider bills", holds=cost, figure=f"${told}")

    before = site.bill()
    stream = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": QUESTION}], stream=True)
    pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    whole = "".join(pieces) == TOLL_ANSWER
    screen.claim("the stream brings the same answer piece by piece", holds=whole, figure=f"{len(pieces)} pieces")
    body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    with site.http.stream(
        "POST", f"{site.gateway.url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"}
    ) as reply:
        comment = _COMMENT.search(reply.read())
    figures = json.loads(comment[1]) if comment else {}
    two = site.bill().since(before)
    told = figures.get("cost_usd", "nothing")
    cost = f"${told}" == usd(two.nano_dollars // 2)
    screen.claim("a stream's price stands in a comment before its end", holds=cost, figure=f"${told}")
