"""What a breaker is made of comes without a Redis client, and Redis can be used all the same."""

import subprocess
import sys

import pytest
from pybreaker import CircuitBreaker

from limits import circuit

_ALONE = "import limits.breaker, sys; assert 'redis' not in sys.modules, 'it came along'; import redis; redis.Redis"
_AFTER = "import redis, limits.breaker, pybreaker, sys; assert pybreaker.Redis is sys.modules['redis'].Redis"


@pytest.mark.parametrize("program", [_ALONE, _AFTER], ids=["redis is imported later", "redis was imported before"])
def test_the_redis_client_is_there_for_whoever_wants_it(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_it_is_pybreakers_own() -> None:
    assert circuit.CircuitBreaker is CircuitBreaker
