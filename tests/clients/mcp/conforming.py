# The SDK is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""A server made with the official SDK that has what the official conformance suite asks of a server.

python conforming.py PORT
"""

import asyncio
import base64
import enum
import sys
from typing import Any

import uvicorn
from mcp import types
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from pydantic import BaseModel, Field

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
SOUND = base64.b64encode(
    b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0@\x1f\0\0\x01\0\x08\0data\0\0\0\0"
).decode()
server = MCPServer("conforming")


def text(said: str) -> Any:
    return types.TextContent(type="text", text=said)


def embedded(uri: str, said: str, kind: str = "text/plain") -> Any:
    inner = types.TextResourceContents(uri=uri, mime_type=kind, text=said)
    return types.EmbeddedResource(type="resource", resource=inner)


def image() -> Any:
    return types.ImageContent(type="image", data=PIXEL, mime_type="image/png")


@server.tool(structured_output=False)
def test_simple_text() -> str:
    """Say a text."""
    return "This is a simple text response for testing."


@server.tool(structured_output=False)
def test_image_content() -> list[types.ImageContent]:
    """Show an image."""
    return [image()]


@server.tool(structured_output=False)
def test_audio_content() -> list[types.AudioContent]:
    """Play a sound."""
    return [types.AudioContent(type="audio", data=SOUND, mime_type="audio/wav")]


@server.tool(structured_output=False)
def test_embedded_resource() -> list[types.EmbeddedResource]:
    """Give a resource within a result."""
    return [embedded("test://embedded-resource", "This is an embedded resource content.")]


@server.tool(structured_output=False)
def test_multiple_content_types() -> list[Any]:
    """Give a text, an image and a resource."""
    mixed = embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json")
    return [text("Multiple content types test:"), image(), mixed]


@server.tool(structured_output=False)
async def test_tool_with_logging(ctx: Context) -> str:
    """Tell what is being done."""
    for said in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.info(said)
        await asyncio.sleep(0.05)
    return "Tool with logging executed successfully"


@server.tool(structured_output=False)
async def test_tool_with_progress(ctx: Context) -> str:
    """Tell how far it is."""
    for done in (0, 50, 100):
        await ctx.report_progress(done, 100, f"Completed step {done} of 100")
        await asyncio.sleep(0.05)
    return "done"


@server.tool()
def test_error_handling() -> str:
    """Fail."""
    raise ValueError("This tool intentionally returns an error for testing")


@server.tool(structured_output=False)
async def test_sampling(prompt: str, ctx: Context) -> str:
    """Ask the client's model."""
    asked = types.SamplingMessage(role="user", content=text(prompt))
    said = await ctx.session.create_message([asked], max_tokens=100)
    return f"LLM response: {getattr(said.content, 'text', '')}"


class Who(BaseModel):
    """What is asked of a person."""

    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


@server.tool(structured_output=False)
async def test_elicitation(message: str, ctx: Context) -> str:
    """Ask a person."""
    said = await ctx.elicit(message, Who)
    return f"User response: action={said.action}, content={getattr(said, 'data', None)}"


class Status(enum.StrEnum):
    """A status."""

    active = "active"
    inactive = "inactive"
    pending = "pending"


class Defaults(BaseModel):
    """What is asked with defaults."""

    name: str = Field(default="John Doe", description="User name")
    age: int = Field(default=30, description="User age")
    score: float = Field(default=95.5, description="User score")
    status: str = Field(default="active", json_schema_extra={"enum": [each.value for each in Status]})
    verified: bool = Field(default=True, description="Verification status")


@server.tool(structured_output=False)
async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
    """Ask a person, with defaults."""
    said = await ctx.elicit("Please review and update the form fields with defaults", Defaults)
    return f"Elicitation completed: action={said.action}, content={getattr(said, 'data', None)}"


@server.resource("test://static-text", mime_type="text/plain")
def static_text() -> str:
    """Return a text."""
    return "This is the content of the static text resource."


@server.resource("test://static-binary", mime_type="image/png")
def static_binary() -> bytes:
    """Return an image."""
    return base64.b64decode(PIXEL)


@server.resource("test://template/{id}/data", mime_type="application/json")
def template(id: str) -> str:  # noqa: A002 - the suite names it so
    """Return what a template names."""
    return f'{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}'


@server.resource("test://watched-resource", mime_type="text/plain")
def watched() -> str:
    """Return what may change."""
    return "Watched resource content"


@server.prompt()
def test_simple_prompt() -> str:
    """Say a prompt."""
    return "This is a simple prompt for testing."


@server.prompt()
def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    """Say a prompt with arguments."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


@server.prompt()
def test_prompt_with_embedded_resource(resourceUri: str) -> list[dict[str, Any]]:  # noqa: N803 - the suite names it so
    """Say a prompt with a resource."""
    content = embedded(resourceUri, "Embedded resource content for testing.")
    return [
        {"role": "user", "content": content},
        {"role": "user", "content": text("Please process the embedded resource above.")},
    ]


@server.prompt()
def test_prompt_with_image() -> list[dict[str, Any]]:
    """Say a prompt with an image."""
    return [{"role": "user", "content": image()}, {"role": "user", "content": text("Please analyze the image above.")}]


@server.completion()
async def complete(*_: Any) -> types.Completion:
    """Complete nothing."""
    return types.Completion(values=[], total=0, has_more=False)


uvicorn.run(server.streamable_http_app(), port=int(sys.argv[1]), log_level="warning")
