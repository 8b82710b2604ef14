"""OpenAI's legacy Completions (`/v1/completions`), as published in its API reference.

Like chat without messages: a choice is `{"index","text","logprobs","finish_reason"}`, in a stream as well. Lane `0` is
the text of choice 0. There are `n` choices for each prompt; `best_of` more may be made, and are paid for.
"""

from typing import Any

from ..call import Event, Part, Request
from ..errors import InternalError, InvalidRequest, UpstreamError
from . import body
from .body import Collected
from .openai_chat import usage_of
from .openai_form import ChunkForm, ChunkReader
from .seam import Fresh

_CHOICES_MAX = 128
_OUTPUT_TOKENS_DEFAULT = 16  # the API's own
_KNOWN = frozenset(
    [
        *("model", "prompt", "max_tokens", "n", "best_of", "stream", "stream_options", "temperature", "top_p", "seed"),
        *("suffix", "user", "logprobs", "echo", "logit_bias", "frequency_penalty", "presence_penalty"),
    ]
)


class OpenAICompletions(ChunkForm):
    """The dialect; stateless."""

    name = "openai_completions"

    def parse(self, tree: Any) -> Request:
        """Return the neutral view of a decoded body."""
        tree = body.tree_of(tree)
        reader = Collected()
        prompts = _prompts(reader, tree)
        reader.rest((), tree, _KNOWN, "definition")
        options = tree.get("stream_options")
        best_of = body.count(tree, "best_of", 1, _CHOICES_MAX) or 1
        return Request(
            tree=tree,
            model=body.model_of(tree),
            stream=body.boolean(tree, "stream"),
            texts=tuple(reader.texts),
            messages=prompts,
            choices=prompts * max(best_of, body.count(tree, "n", 1, _CHOICES_MAX) or 1),
            output_limit=body.count(tree, "max_tokens", 0) if "max_tokens" in tree else _OUTPUT_TOKENS_DEFAULT,
            wants_usage=type(options) is dict and body.boolean(options, "include_usage"),
            frame_bytes=reader.frame_bytes,
        )

    def members(self, request: Request, *, model: str, limit_field: str, output_tokens: int) -> Request:  # noqa: ARG002
        """Return the request as an upstream gets it; the dialect has one field for the output limit."""
        changed: dict[str, Any] = {"model": model, "max_tokens": output_tokens}
        if request.stream:
            changed |= self.streamed(request.tree)
        return request.with_members(changed)

    def reader(self, request: Request, fresh: Fresh | None = None) -> "CompletionsReader":  # noqa: ARG002
        """Return a reader for one reply to this request."""
        choices = request.messages * (request.tree.get("n") or 1)
        return CompletionsReader(choices, wants_usage=request.wants_usage)

    def piece(self, like: Event, *, kind: str, choice: int, lane: str, text: str) -> Event:
        """Return a chunk of the same reply that carries a further piece of a lane."""
        only = {"text": text, "index": choice, "logprobs": None, "finish_reason": None}
        tree = {name: value for name, value in (like.tree or {}).items() if name not in ("choices", "usage")}
        return Event({**tree, "choices": [only]}, [Part(kind, choice, lane, only, "text")])

    def answer(self, request: Request, text: str, *, reply_id: str, created_s: int) -> list[Event]:
        """Return a whole reply of our own making."""
        head = {"id": f"cmpl-{reply_id}", "object": "text_completion", "created": created_s, "model": request.model}
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        count = request.messages * (request.tree.get("n") or 1)
        choices = [{"text": text, "index": i, "logprobs": None, "finish_reason": "stop"} for i in range(count)]
        reader = CompletionsReader(count, wants_usage=request.wants_usage or not request.stream)
        if not request.stream:
            return [reader.whole({**head, "choices": choices, "usage": usage})]
        events = [reader.chunk({**head, "choices": [{**choice, "finish_reason": None}]}) for choice in choices]
        events += [reader.chunk({**head, "choices": [{**choice, "text": ""}]}) for choice in choices]
        events.append(reader.chunk({**head, "choices": [], "usage": usage}))
        return [*events, Event(None, [], terminal=True)]

    def split_calls(self, event: Event) -> tuple[Event | None, dict[int, Event]]:
        """Return the event: there are no calls."""
        return event, {}

    def refuse_calls(self, event: Event, choice: int, text: str) -> list[Event]:  # noqa: ARG002
        """Return the event: there are no calls."""
        return [event]

    def renew(self, event: Event, reply_id: str) -> None:
        """Give a completion the reply id."""
        if event.tree is not None and "id" in event.tree:
            event.tree["id"] = f"cmpl-{reply_id}"

    def ask_again(self, request: Request, answer: str, message: str) -> Request:  # noqa: ARG002
        """Never asked for: there are no calls to be refused."""
        raise InternalError("a completion is not asked again")


class CompletionsReader(ChunkReader):
    """Reads one reply."""

    __slots__ = ()

    def whole(self, tree: Any) -> Event:
        """Return the one event of a plain reply's tree."""
        event = self._read(tree)
        event.whole = event.terminal = True
        event.ends = tuple(range(self.choices))
        return event

    def chunk(self, tree: Any) -> Event:
        """Return the event of a chunk."""
        event = self._read(tree)
        alone = event.usage is not None and not tree["choices"]
        event.terminal = bool(event.ends) or alone
        event.silent = alone and not self.wants_usage
        if not self.wants_usage:
            tree.pop("usage", None)
        return event

    def _read(self, tree: Any) -> Event:
        event = Event(tree, [])
        try:
            if "error" in tree:
                raise UpstreamError("the upstream reported an error in its stream")
            for choice in tree["choices"]:
                index = choice["index"]
                if type(index) is not int or type(choice["text"]) is not str:
                    raise TypeError("choices")  # noqa: TRY301
                if choice["text"]:
                    part = Part("text", index, str(index), choice, "text")
                    part.alone = choice.get("finish_reason") is None
                    if choice.get("logprobs"):
                        part.logprobs = choice
                    event.parts.append(part)
                if choice.get("finish_reason") is not None:
                    event.ends, event.finish = (*event.ends, index), str(choice["finish_reason"])
                    self._ended.add(index)
            event.usage = usage_of(tree.get("usage"))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise UpstreamError(f"the upstream's reply is no completion: {type(error).__name__} at {error}") from None
        return event


def _prompts(reader: Collected, tree: dict[str, Any]) -> int:
    """Read a prompt or a list of them; return how many."""
    for member in ("suffix", "user"):
        reader.optional((), tree, member, "user")
    if type(tree.get("prompt")) is str:
        reader.text((), tree, "prompt", "user")
        return 1
    prompts = body.listed(tree, "prompt", _CHOICES_MAX)
    for number, prompt in enumerate(prompts):
        if type(prompt) is not str:
            raise InvalidRequest(
                "prompt must be a text or a list of texts: token numbers cannot be read by the guards", param="prompt"
            )
        reader.strings(("prompt", number), prompt, "user")
    return len(prompts)
