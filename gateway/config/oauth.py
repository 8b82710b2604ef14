"""Settings of OAuth towards an MCP server: the gateway is the client, and nobody's browser is asked."""

from typing import Annotated

from pydantic import Field

from .values import Secret, Settings

Scope = Annotated[str, Field(pattern=r"^[!#-\[\]-~]{1,128}$")]


class OAuthSettings(Settings):
    """Client credentials, or a refresh token that an operator got, from the authorization server that it names."""

    client_id: Annotated[str, Field(min_length=1, max_length=512)] = Field(
        description="as the authorization server knows the gateway"
    )
    client_secret: Secret | None = Field(default=None, description="its secret; without one only a refresh token works")
    refresh_token: Secret | None = Field(
        default=None, description="asks for tokens with this; none: with the client's own credentials"
    )
    issuer: Annotated[str, Field(max_length=2_048)] | None = Field(
        default=None, description="the authorization server; none: the one that the MCP server's metadata name"
    )
    scopes: tuple[Scope, ...] = Field(default=(), max_length=32, description="asked for; none: what the server names")
