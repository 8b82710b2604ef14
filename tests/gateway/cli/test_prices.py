"""`tollhouse prices`."""

import json
from pathlib import Path

from tests.gateway.admin.test_prices import models
from tests.gateway.cli.commands import Commands
from tests.gateway.operator import write_config


def test_prices_are_listed_shown_and_compared_with_the_package(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    named = (("a/b", "gpt-4o-mini", True), ("plain", "gpt-4o-mini", False), ("gone", "nobody-lists-this", False))
    write_config(tmp_path, models(*named, ("own", "nobody-lists-this", True)))
    listed = commands.run("prices", "list").stdout.splitlines()
    assert listed[1].split()[:6] == ["a/b", "up/gpt-4o-mini", "1.00", "2.00", "1.00", "1.00"]
    assert "over 9" in listed[1]
    assert "genai-prices" in listed[2]
    assert "calls are refused" in listed[3]
    shown = commands.run("prices", "show", "a/b").stdout
    assert "a/b at up/gpt-4o-mini: configuration 1" in shown
    assert "inputs over 9 tokens" in shown
    assert "input: 1.00, where genai-prices" in shown
    assert "as genai-prices" not in commands.run("prices", "show", "plain").stdout
    compared = commands.run("prices", "diff").stdout
    assert "the price package does not list it" in compared
    assert "plain at" not in compared
    for arguments in (("list",), ("show", "plain"), ("diff",)):
        assert json.loads(commands.run("prices", *arguments, "--json").stdout)
    assert "no such model" in commands.run("prices", "show", "nobody", code=1).stderr


def test_an_override_that_changes_nothing_is_told_so_and_so_is_none(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    price = {"input_usd_per_million": "0.15", "output_usd_per_million": "0.6", "cached_input_usd_per_million": "0.075"}
    tiers = {"flex": {"input_usd_per_million": "0.1", "output_usd_per_million": "0.2"}}
    told = json.loads(models(("m", "gpt-4o-mini", False)))
    told["models"][0]["usd_per_thousand_uses"] = {"web_search": "10"}
    write_config(tmp_path, json.dumps(told))
    assert commands.run("prices", "diff").stdout == "no price is overridden\n"
    assert "  a thousand uses of web_search: $10.00" in commands.run("prices", "show", "m").stdout
    told["models"][0]["price"] = price | {"service_tiers": tiers}
    write_config(tmp_path, json.dumps(told))
    assert "  as genai-prices" in commands.run("prices", "diff").stdout
    assert "served at flex: input 0.10, output 0.20" in commands.run("prices", "show", "m").stdout
