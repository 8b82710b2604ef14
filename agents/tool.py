"""A tool is a plain typed function: its schema is its signature, its description its docstring's first paragraph.

`tool(refund, approve=..., timeout_s=2, fallback=keyword_search)` says more about one. Parameters are described with
`Annotated[str, Field(description="...")]`; arguments are checked before anything is called.
"""

import inspect
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pydantic
import pydantic_core

TIMEOUT_S = 30.0
RESULT_CHARS_MAX = 20_000
_ERRORS_SHOWN_MAX = 8

Approve = Callable[[dict[str, Any]], bool]
_EMPTY = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. Make it with `tool()`."""

    name: str
    description: str
    function: Callable[..., Any]
    arguments: type[pydantic.BaseModel]
    approve: Approve | None = None
    timeout_s: float = TIMEOUT_S
    repeatable: bool = False
    retries: int = 0
    fallback: "Tool | None" = None
    stored: str | None = None
    cache_s: float = 0.0
    schema: dict[str, Any] = field(default_factory=dict)

    def definition(self) -> dict[str, Any]:
        """Return it as a chat request offers it."""
        parameters = {"type": "object", "properties": {}, **self.schema}
        return {
            "type": "function",
            "function": {"name": self.name, "description": self.description, "parameters": parameters},
        }

    def read(self, arguments: str) -> dict[str, Any]:
        """Return the arguments as the function takes them; ValueError says what does not fit, quoting no value."""
        try:
            model = self.arguments.model_validate_json(arguments or "{}")
        except pydantic.ValidationError as error:
            raise ValueError(f"the arguments of {self.name} do not fit: {misfits(error)}") from None
        return {name: getattr(model, name) for name in type(model).model_fields}


def tool(
    function: Callable[..., Any],
    *,
    name: str | None = None,
    approve: Approve | bool | None = None,
    timeout_s: float = TIMEOUT_S,
    repeatable: bool = False,
    retries: int = 0,
    fallback: "Callable[..., Any] | Tool | None" = None,
    stored: str | None = None,
    cache_s: float = 0.0,
) -> Tool:
    """Make a tool of a function, synchronous or not.

    approve     True, or a test of the arguments that says whether a person must agree first
    timeout_s   then it counts as failed; a synchronous function goes on in its thread, so give it limits of its own
    repeatable  it may run twice with the same arguments: after a kill in its midst it is called again
    retries     further attempts after a failure, with growing pauses (only for what is repeatable)
    fallback    called with the same arguments when it failed; the result is marked degraded
    stored      the answer when all else failed, marked degraded
    cache_s     how long an equal call of the same process is answered from its last good result
    """
    if retries and not repeatable:
        raise ValueError("only a repeatable tool can be tried again")
    called = str(name or getattr(function, "__name__", ""))
    if not called.isidentifier():
        raise ValueError(f"a tool needs a name: tool(..., name=...), not {called!r}")
    arguments = _model(called, function)
    return Tool(
        name=called,
        description=inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0],
        function=function,
        arguments=arguments,
        approve=(lambda _: True) if approve is True else approve or None,
        timeout_s=timeout_s,
        repeatable=repeatable,
        retries=retries,
        fallback=as_tool(fallback) if fallback is not None else None,
        stored=stored,
        cache_s=cache_s,
        schema=_schema(arguments),
    )


def as_tool(given: "Callable[..., Any] | Tool") -> Tool:
    """Return a tool as it is, a function as a tool."""
    return given if isinstance(given, Tool) else tool(given)


def spelt(result: Any) -> str:
    """Write what a tool returned as a model reads it: text as it is, all else as JSON, bounded."""
    text = result if isinstance(result, str) else pydantic_core.to_json(result, fallback=str).decode()
    if len(text) > RESULT_CHARS_MAX:
        return f"{text[:RESULT_CHARS_MAX]} [cut: {len(text) - RESULT_CHARS_MAX} more characters]"
    return text


def misfits(error: pydantic.ValidationError) -> str:
    """Say what does not fit and where, without the values."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc']) or 'it'}: {each['msg']}" for each in found[:_ERRORS_SHOWN_MAX]
    )


def _model(name: str, function: Callable[..., Any]) -> type[pydantic.BaseModel]:
    signature = inspect.signature(function)
    hints = typing.get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"{name}: a tool takes named parameters, not {parameter}")
        if parameter.name not in hints:
            raise TypeError(f"{name}: the parameter {parameter.name} needs a type, which becomes its schema")
        default = ... if parameter.default is _EMPTY else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    return pydantic.create_model(name, __config__=pydantic.ConfigDict(extra="forbid"), **fields)


def _schema(arguments: type[pydantic.BaseModel]) -> dict[str, Any]:
    schema = arguments.model_json_schema()
    schema.pop("title", None)
    for member in schema.get("properties", {}).values():
        member.pop("title", None)
    return schema


async def awaited(value: Any | Awaitable[Any]) -> Any:
    """Return the value, or what the awaitable gives."""
    return await value if inspect.isawaitable(value) else value
