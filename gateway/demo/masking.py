"""Personal data leaves as placeholders and comes back as itself."""

import re

from .screen import Screen
from .site import Site
from .written import MODEL, PAYMENT_QUESTION

EMAIL = "jane.doe@example.com"
CARD = "4111 1111 1111 1111"


def masking(site: Site, screen: Screen) -> None:
    """Send an e-mail address and a card number, and look at both ends."""
    screen.act("Personal data is masked on its way out and restored on its way back")
    client = site.client(site.tenant("masking"))
    question = PAYMENT_QUESTION.format(email=EMAIL, card=CARD)
    raw = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=[{"role": "user", "content": question}]
    )
    said = raw.parse().choices[0].message.content or ""
    upstream = str(site.seen()[-1]["messages"][0]["content"])
    screen.say("client sent", question)
    screen.say("provider got", upstream)
    screen.say("client got", said)
    hidden = EMAIL not in upstream and re.sub(r"\D", "", CARD) not in re.sub(r"\D", "", upstream)
    found = raw.headers.get("x-tollhouse-redacted", "0")
    screen.claim("neither value reached the provider", holds=hidden, figure=f"{found} values replaced")
    screen.claim("both are in the answer again", holds=EMAIL in said and CARD in said)

    stream = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": question}], stream=True)
    pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    restored = "".join(pieces) == said
    upstream = str(site.seen()[-1]["messages"][0]["content"])
    hidden = EMAIL not in upstream
    screen.claim("also in a stream that cuts the placeholders into pieces of four letters", holds=restored and hidden)
