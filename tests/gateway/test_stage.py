"""What a stage does not override does nothing."""

import pytest

from gateway.stage import AskAgain, AttemptStage, CallStage
from tests.gateway.talk import Talk, said

pytestmark = pytest.mark.anyio


async def test_an_empty_stage_lets_everything_pass() -> None:
    call = Talk().call
    for stage in (CallStage(), AttemptStage()):
        event = said("a")
        assert stage.admit(call) is None  # type: ignore[arg-type]
        assert tuple(stage.inspect(call, event)) == (event,)  # type: ignore[arg-type]
        stage.settle(call)  # type: ignore[arg-type]


def test_asking_again_carries_the_answer_and_what_was_wrong_with_it() -> None:
    wish = AskAgain("the answer", "the wish")
    assert (wish.answer, wish.message, str(wish)) == ("the answer", "the wish", "the wish")
