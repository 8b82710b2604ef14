import functools

import pytest

from tests.gateway.upstream.provider import KINDS, LOCAL, MakeClient


@pytest.fixture(params=list(KINDS))
def client(request: pytest.FixtureRequest) -> MakeClient:
    """Both implementations keep the same promises."""
    return functools.partial(KINDS[request.param], egress=LOCAL)
