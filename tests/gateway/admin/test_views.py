"""Views: what the ledger does not know is shown as nothing, not guessed."""

from pathlib import Path

import pytest

from gateway.admin.views import run_shown, run_used
from tests.gateway.operator import CI_KEY, opened, write_config

pytestmark = pytest.mark.anyio


async def test_a_run_that_the_ledger_does_not_know_has_used_nothing_that_is_told(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        key = operator.directory.key_of(CI_KEY)
        assert key is not None
        run = operator.directory.new_run(key)
        operator.directory.see_run(run)
        assert await run_used(operator.local, run) == {}
        assert (await run_shown(operator.parts(), run)).status == "open"
