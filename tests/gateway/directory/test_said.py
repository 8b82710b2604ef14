"""What the book says of papers holds no secret."""

from pathlib import Path

from gateway.directory.said import said, said_key, said_tenant
from tests.gateway.operator import CI_HASH, CI_KEY, opened, write_config


def test_a_tenant_and_a_key_are_told_whole_but_for_secrets(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        tenant, key = operator.directory.tenant("acme"), operator.directory.key("acme.ci")
        assert tenant is not None
        assert key is not None
        assert said(tenant) == said_tenant(tenant)
        assert said(tenant)["caps"] == ["nano_usd/month/hard/100000000000"]
        assert said(key) == said_key(key)
        assert (said(key)["tenant"], said(key)["profile"]) == ("acme", "tight")
        assert CI_KEY not in str(said(key))
        assert CI_HASH not in str(said(key))
