"""The API's page: every route and shape, escaped, and nothing from elsewhere."""

from pathlib import Path

from gateway.admin.app import build
from gateway.admin.page import page
from tests.gateway.operator import asking, opened, write_config


async def test_the_page_has_every_route_and_loads_nothing(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        app = build(operator.parts())
        async with asking(app, None) as client:
            answer = await client.get("/docs")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        for path in app.openapi()["paths"]:
            assert f"<code>{path}</code>" in answer.text
        for name in app.openapi()["components"]["schemas"]:
            assert f"id=shape-{name}" in answer.text
        assert "<script" not in answer.text
        assert "//" not in answer.text.replace("<!doctype", "")


def test_what_a_description_says_is_escaped() -> None:
    said = {"info": {"title": "<b>", "version": "1"}, "paths": {"/<x>": {"get": {"summary": "<i>", "responses": {}}}}}
    assert "<b>" not in page(said)
    assert "<i>" not in page(said)
    assert "/<x>" not in page(said)
