from limits.refusals import Ended, Exceeded, Held


def test_each_says_scope_limit_and_actual_figures() -> None:
    exceeded = Exceeded("run:r", "tokens", "total", 50_000, 49_900, 300)
    assert exceeded.param == "run.tokens"
    assert str(exceeded) == "run:r: tokens a total is limited to 50000; 49900 used, 300 more asked"
    held = Held("tenant:t", "nano_usd", "day", 100, 40, 50, 20)
    assert held.param == "tenant.nano_usd"
    assert "40 used, 50 held by calls under way, 20 more asked" in str(held)
    assert str(Ended("run:r", "killed")) == "run:r has ended: killed"
