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


_ANY = ("GET", "POST", "DELETE", "PUT", "PATCH")
_FILES = "what a file holds is not scanned, and what later calls make of it has no bound"
_LATER = "what it costs is not known while the call lasts"
_UNPRICED = "its price is not by tokens, and nothing here bounds it"
_ACCOUNT = "it belongs to the account, not to a key"
ROUTES: tuple[VendorRoute, ...] = (
    VendorRoute(
        ("POST",), "/chat/completions", "metered", "guards, budget, firewall; `background` and the like refused"
    ),
    VendorRoute(
        ("POST",), "/responses", "metered", "also from `previous_response_id` and `conversation` of the same key"
    ),
    VendorRoute(("POST",), "/messages", "metered", "Anthropic"),
    VendorRoute(("POST",), "/messages/count_tokens", "metered", "free, but scanned: Anthropic"),
    VendorRoute(("POST",), "/completions", "metered", "plain and streamed"),
    VendorRoute(("POST",), "/embeddings", "metered", "input only"),
    VendorRoute(("POST",), "/moderations", "metered", "free, but scanned"),
    VendorRoute(("GET",), "/models", "own", "the models that the key may ask for"),
    VendorRoute(("GET",), "/models/{model}", "own", "one of them"),
    VendorRoute(("GET", "DELETE"), "/responses/{id}", "bound", "what was masked is restored; no stream again"),
    VendorRoute(
        ("POST",), "/responses/{id}/cancel", "bound", "the provider refuses it for all but background responses"
    ),
    VendorRoute(
        ("GET",), "/responses/{id}/input_items", "bound", "restored; tool calls that were never released left out"
    ),
    VendorRoute(
        ("POST",),
        "/conversations",
        "bound",
        "at the only provider that speaks Responses, else at that of the model named in `x-tollhouse-model`",
    ),
    VendorRoute(
        ("GET", "POST", "DELETE"), "/conversations/{id}", "bound", "one call at a time works on a conversation"
    ),
    VendorRoute(("GET", "POST"), "/conversations/{id}/items", "bound", "items weigh in every later call's hold"),
    VendorRoute(("GET", "DELETE"), "/conversations/{id}/items/{item}", "bound", "as above"),
    VendorRoute(_ANY, "/responses/**", "refused", "compacting and counting what lies at the provider has no bound"),
    VendorRoute(_ANY, "/conversations/**", "refused", "no such route"),
    VendorRoute(_ANY, "/chat/completions/**", "refused", "stored completions: send the messages themselves"),
    VendorRoute(_ANY, "/messages/batches/**", "refused", _LATER),
    VendorRoute(_ANY, "/messages/**", "refused", "no such route"),
    VendorRoute(_ANY, "/batches/**", "refused", _LATER),
    VendorRoute(_ANY, "/files/**", "refused", _FILES),
    VendorRoute(_ANY, "/uploads/**", "refused", _FILES),
    VendorRoute(_ANY, "/vector_stores/**", "refused", _FILES),
    VendorRoute(_ANY, "/containers/**", "refused", _FILES),
    VendorRoute(_ANY, "/skills/**", "refused", _FILES),
    VendorRoute(_ANY, "/images/**", "refused", _UNPRICED),
    VendorRoute(_ANY, "/audio/**", "refused", _UNPRICED),
    VendorRoute(_ANY, "/videos/**", "refused", _UNPRICED),
    VendorRoute(_ANY, "/realtime/**", "refused", "a socket whose calls cannot be told apart"),
    VendorRoute(_ANY, "/assistants/**", "refused", "superseded by Responses"),
    VendorRoute(_ANY, "/threads/**", "refused", "superseded by Responses"),
    VendorRoute(_ANY, "/chatkit/**", "refused", _LATER),
    VendorRoute(_ANY, "/complete", "refused", "superseded by Messages"),
    VendorRoute(_ANY, "/fine_tuning/**", "refused", _ACCOUNT),
    VendorRoute(_ANY, "/evals/**", "refused", _ACCOUNT),
    VendorRoute(_ANY, "/organization/**", "refused", _ACCOUNT),
    VendorRoute(_ANY, "/organizations/**", "refused", _ACCOUNT),
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
