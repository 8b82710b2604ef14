"""Settings of MCP servers that agents reach through `/mcp/{server}` (streamable HTTP)."""

import urllib.parse
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from .oauth import OAuthSettings
from .rule import Rule
from .tools import ConfiguredTool, Label, Network
from .upstreams import BreakerSettings
from .values import HeaderName, Name, Secret, Settings, Size, Usd


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
    url: Annotated[str, Field(max_length=2_048)] = Field(description="its endpoint (streamable HTTP)")
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
        default=64, description="connections at the same time"
    )
    private_networks: tuple[Network, ...] = Field(
        default=(), max_length=64, description="private networks it may be reached in"
    )
    tools: tuple[McpTool, ...] = Field(default=(), max_length=512, description="what is known of its tools")

    @model_validator(mode="after")
    def _address(self) -> Self:
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
