"""Every route of OpenAI's and Anthropic's APIs, and what becomes of a request to it: none passes unmetered.

metered   lives a call's life: held, sent, settled
bound     what the provider keeps for its owner; free, and 404 for everybody else
own       the gateway answers itself
refused   `unsupported_route`
"""

from dataclasses import dataclass
from typing import Literal

How = Literal["metered", "bound", "own", "refused"]


@dataclass(frozen=True, slots=True)
class VendorRoute:
    """A pattern of paths below `/v1`: `{…}` is one step, a last `**` any further ones. `why` is for people."""

    methods: tuple[str, ...]
    path: str
    how: How
    why: str

    def match(self, method: str, steps: list[str]) -> tuple[str, ...] | None:
        """Return what stands in the pattern's places, None if the request is not for this route."""
        pattern = self.path.split("/")[1:]
        if method not in self.methods:
            return None
        if pattern[-1] == "**":
            pattern.pop()
            steps = steps[: len(pattern)]
        if len(pattern) != len(steps):
            return None
        places = []
        for said, step in zip(pattern, steps, strict=True):
            if said.startswith("{") and step:
                places.append(step)
            elif said != step:
                return None
        return tuple(places)


_ACCOUNT = "it belongs to the account, not to a key"
_ANY = ("GET", "POST", "DELETE", "PUT", "PATCH")
_SERVED: tuple[tuple[How, str, str, str], ...] = (
    ("metered", "POST", "/chat/completions", "guards, budget, firewall; `background` and the like refused"),
    ("metered", "POST", "/responses", "also from `previous_response_id` and `conversation` of the same key"),
    ("metered", "POST", "/messages", "Anthropic"),
    ("metered", "POST", "/messages/count_tokens", "free, but scanned: Anthropic"),
    ("metered", "POST", "/completions", "plain and streamed"),
    ("metered", "POST", "/embeddings", "input only"),
    ("metered", "POST", "/moderations", "free, but scanned"),
    ("own", "GET", "/models", "the models that the key may ask for"),
    ("own", "GET", "/models/{model}", "one of them"),
    ("bound", "GET DELETE", "/responses/{id}", "what was masked is restored; no stream again"),
    ("bound", "POST", "/responses/{id}/cancel", "the provider refuses it for all but background responses"),
    ("bound", "GET", "/responses/{id}/input_items", "restored; tool calls that were never released left out"),
    (
        *("bound", "POST", "/conversations"),
        "at the only provider that speaks Responses, else at that of the model named in `x-tollhouse-model`",
    ),
    ("bound", "GET POST DELETE", "/conversations/{id}", "one call at a time works on a conversation"),
    ("bound", "GET POST", "/conversations/{id}/items", "items weigh in every later call's hold"),
    ("bound", "GET DELETE", "/conversations/{id}/items/{item}", "as above"),
)
_REFUSED = (  # of paths that match two of these the first is meant
    ("compacting and counting what lies at the provider has no bound", ("/responses/**",)),
    ("stored completions: send the messages themselves", ("/chat/completions/**",)),
    ("what it costs is not known while the call lasts", ("/messages/batches/**", "/batches/**", "/chatkit/**")),
    ("no such route", ("/conversations/**", "/messages/**")),
    (
        "what a file holds is not scanned, and what later calls make of it has no bound",
        ("/files/**", "/uploads/**", "/vector_stores/**", "/containers/**", "/skills/**"),
    ),
    ("its price is not by tokens, and nothing here bounds it", ("/images/**", "/audio/**", "/videos/**")),
    ("a socket whose calls cannot be told apart", ("/realtime/**",)),
    ("superseded by Responses", ("/assistants/**", "/threads/**")),
    ("superseded by Messages", ("/complete",)),
    (_ACCOUNT, ("/fine_tuning/**", "/evals/**", "/organization/**", "/organizations/**")),
)
ROUTES: tuple[VendorRoute, ...] = (
    *(VendorRoute(tuple(methods.split()), path, how, why) for how, methods, path, why in _SERVED),
    *(VendorRoute(_ANY, path, "refused", why) for why, paths in _REFUSED for path in paths),
    VendorRoute(("DELETE",), "/models/**", "refused", _ACCOUNT),
)


def route_of(method: str, path: str) -> tuple[VendorRoute, tuple[str, ...]] | None:
    """Return the route that a path is, with what stands in its places; the first that matches."""
    steps = path.removeprefix("/v1").split("/")[1:]
    for route in ROUTES:
        places = route.match(method, steps)
        if places is not None:
            return route, places
    return None
