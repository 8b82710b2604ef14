"""A finding's place names what an API names, and nothing that its client named."""

import pytest

from gateway.guards.findings import nameless


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("", ""),
        ("/messages/0/content", "/messages/0/content"),
        ("/messages/12/content/1/text", "/messages/12/content/1/text"),
        ("/metadata/bob@example.com", "/metadata/*"),
        (
            "/tools/0/function/parameters/properties/Alice/description",
            "/tools/0/function/parameters/properties/*/description",
        ),
        ("/Messages", "/*"),
    ],
)
def test_steps_that_a_client_named_are_not_told(place: str, told: str) -> None:
    assert nameless(place) == told
