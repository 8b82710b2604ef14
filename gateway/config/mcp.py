"""Settings of MCP servers that agents reach through `/mcp/{server}`: elsewhere by HTTP, or programs of this machine."""

import urllib.parse
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from .oauth import OAuthSettings
from .rule import Rule
from .tools import ConfiguredTool, Label, Network
from .upstreams import BreakerSettings
from .values import HeaderName, Name, Secret, Settings, Size, Usd

EnvironName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]


class McpTool(Settings):
    """What the house knows of one tool of a server; one that is not named here is taken to write."""

    name: Annotated[str, Field(min_length=1, max_length=128)] = Field(description="how the server names it")
    price_usd: Usd = Field(default=Decimal(0), description="what one call costs")
    writes: bool = Field(default=False, description="it changes something")
    sends: bool = Field(default=False, description="it carries something to somebody")
    sensitive: bool = Field(default=False, description="needs approval once the run has read untrusted content")
    trusted: bool = Field(default=False, description="its results are not untrusted content")
    approval: Literal["always", "when", "never"] = Field(default="when", description="as of `tools[].approval`")
    approval_when: tuple[Rule, ...] = Field(default=(), max_length=32, description="rules that ask for approval")
    approvers: Literal[1, 2] = Field(default=1, description="how many approvers must say yes")
    rules: tuple[Rule, ...] = Field(default=(), max_length=32, description="what its arguments must keep to")
    restore: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = Field(
        default=(), max_length=64, description="arguments in which placeholders become values again"
    )
    touches: tuple[Label, ...] = Field(default=(), max_length=16, description="the data that it touches, for the book")


class McpServer(Settings):
    """One MCP server. Profiles allow its tools as `SERVER.TOOL`."""

    name: Name = Field(description="its place: `/mcp/NAME`")
    url: Annotated[str, Field(max_length=2_048)] = Field(default="", description="its endpoint (streamable HTTP)")
    command: tuple[Annotated[str, Field(min_length=1, max_length=4_096)], ...] = Field(
        default=(),
        max_length=64,
        description="instead of `url`: the program (absolute path) and its arguments; no shell",
    )
    environment: dict[EnvironName, Annotated[str, Field(max_length=4_096)]] | None = Field(
        default=None, max_length=64, description="of `command`: its whole environment; nothing is inherited"
    )
    environment_secrets: dict[EnvironName, Secret] | None = Field(
        default=None, max_length=32, description="of `command`: variables that are secrets"
    )
    headers: dict[HeaderName, Annotated[str, Field(max_length=1_024)]] | None = Field(
        default=None, max_length=32, description="sent with every message"
    )
    credential: Secret | None = Field(default=None, description="what the server asks for; a client's is never sent on")
    credential_header: HeaderName = Field(default="authorization", description="`authorization` sends it as Bearer")
    oauth: OAuthSettings | None = Field(default=None, description="asks an authorization server for tokens instead")
    deadline_s: Annotated[float, Field(gt=0, le=3_600)] = Field(default=60, description="for one message's answer")
    breaker: BreakerSettings = BreakerSettings()
    requests_per_minute: Annotated[int, Field(strict=True, ge=1, le=10**9)] | None = Field(
        default=None, description="messages a minute, for each tenant and tool"
    )
    reply_bytes_max: Size = Field(default=4 << 20, description="an answer, unpacked")
    connections_max: Annotated[int, Field(strict=True, ge=1, le=4_096)] = Field(
        default=64, description="connections, or calls of a command, at the same time"
    )
    private_networks: tuple[Network, ...] = Field(
        default=(), max_length=64, description="private networks it may be reached in"
    )
    tools: tuple[McpTool, ...] = Field(default=(), max_length=512, description="what is known of its tools")

    @model_validator(mode="after")
    def _address(self) -> Self:
        if self.command:
            return self._fits_a_program()
        if self.environment or self.environment_secrets:
            raise ValueError("an environment belongs to a command")
        url = urllib.parse.urlsplit(self.url)
        if url.scheme not in {"http", "https"} or not url.hostname or url.username or url.password or url.fragment:
            raise ValueError("url must start with http:// or https://, name a host, and carry no user or fragment")
        if url.scheme == "http" and not self.private_networks:
            raise ValueError("url is plain http: use https, or name the private_networks that the server is in")
        if self.oauth is not None and self.credential is not None:
            raise ValueError("a server has a credential or oauth, not both")
        if self.oauth is not None and self.oauth.client_secret is None and self.oauth.refresh_token is None:
            raise ValueError("oauth needs a client_secret or a refresh_token")
        return self

    def _fits_a_program(self) -> Self:
        if not self.command[0].startswith("/"):
            raise ValueError("command names its program by an absolute path")
        if any("\0" in word for word in self.command):
            raise ValueError("a command holds no NUL")
        if self.url or self.headers or self.credential or self.oauth or self.private_networks:
            raise ValueError("a server has a url (with headers, credential, oauth, private_networks) or a command")
        return self

    def environ(self) -> dict[str, str]:
        """Return the environment of its command."""
        return {**(self.environment or {}), **{name: secret.reveal() for name, secret in self._secrets()}}

    def hidden(self) -> list[str]:
        """Return what its command's log must not show."""
        return [secret.reveal() for _, secret in self._secrets()]

    def _secrets(self) -> Iterable[tuple[str, Secret]]:
        return (self.environment_secrets or {}).items()

    def tool(self, name: str) -> ConfiguredTool:
        """Return one of its tools as tools of the configuration are; an unknown one is taken to write."""
        known = next((tool for tool in self.tools if tool.name == name), None)
        said: dict[str, Any] = {"writes": True} if known is None else known.model_dump(exclude={"name"})
        return ConfiguredTool.model_construct(
            **{
                **{
                    field: part.get_default(call_default_factory=True)
                    for field, part in ConfiguredTool.model_fields.items()
                },
                **said,
                "approval_when": () if known is None else known.approval_when,
                "rules": () if known is None else known.rules,
                "name": f"{self.name}.{name}",
                "kind": "http",
                "url": self.url,
                "deadline_s": self.deadline_s,
                "requests_per_minute": self.requests_per_minute,
            }
        )
