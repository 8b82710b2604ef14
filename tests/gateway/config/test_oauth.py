"""Settings of OAuth towards MCP servers: one way to be authorised, and something to be authorised with."""

import pytest
from pydantic import ValidationError

from tests.gateway.config.test_mcp import server


def test_a_server_has_one_way_to_be_authorised() -> None:
    both = {"oauth": {"client_id": "a", "client_secret": "file/x"}, "credential": "file/x"}
    for settings, words in ((both, "cannot read"), ({"oauth": {"client_id": "a"}}, "needs a client_secret")):
        with pytest.raises(ValidationError, match=words):
            server(**settings)
    with pytest.raises(ValidationError, match="scopes"):
        server(oauth={"client_id": "a", "scopes": ["a b"]})
