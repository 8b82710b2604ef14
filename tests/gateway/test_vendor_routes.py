"""Every route of the vendors' is in one table, and what the table says is what the gateway serves."""

import pytest

from gateway.served import model_routes
from gateway.vendor_routes import ROUTES, route_of


def test_what_is_metered_has_a_dialect_and_nothing_else_has() -> None:
    metered = {f"/v1{route.path}" for route in ROUTES if route.how == "metered"}
    assert metered == set(model_routes())


@pytest.mark.parametrize(
    ("method", "path", "how", "places"),
    [
        ("GET", "/v1/responses/resp_1", "bound", ("resp_1",)),
        ("GET", "/v1/conversations/c/items/i", "bound", ("c", "i")),
        ("POST", "/v1/responses/resp_1", "refused", ()),
        ("GET", "/v1/responses/", "refused", ()),
        ("GET", "/v1/files", "refused", ()),
        ("PUT", "/v1/files/a/content", "refused", ()),
        ("GET", "/v1/models", "own", ()),
        ("POST", "/v1/complete", "refused", ()),
    ],
)
def test_a_request_is_for_the_first_route_that_matches(
    method: str, path: str, how: str, places: tuple[str, ...]
) -> None:
    found = route_of(method, path)
    assert found is not None
    assert (found[0].how, found[1]) == (how, places)


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/runs"), ("HEAD", "/v1/files"), ("POST", "/v1/completed")])
def test_all_else_is_no_route_of_theirs(method: str, path: str) -> None:
    assert route_of(method, path) is None
