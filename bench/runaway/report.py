"""The page that `bench.runaway` writes."""

from collections.abc import Mapping, Sequence

from bench.runaway.measure import Row

HOW_TO_READ = """\
Each framework is used as its first page says, every limit of its own as it comes, with one tool (`search`, about 500
tokens a result) and a model (`python -m agents.scripted`) that asks for the same call for ever; its context is 128,000
tokens. *without* asks the model directly. The others go through the gateway with its default limits, and nothing but
the environment tells the framework so: *a run in its address* is
`OPENAI_BASE_URL=http://gateway/runs/NAME/v1` with a name of its own for each run (the way to set it up that the docs
tell), *tollhouse exec* is `tollhouse exec -- python agent.py`, *no run named* is the gateway's plain address. Calls,
tokens and dollars (at $0.15 and $0.60 a million) are the provider's bill; executed calls are counted by the tool.

- The fifth identical call is refused. Its message becomes words and an ordinary end, so the frameworks end as if the
  model had answered. smolagents demands a tool call of the model in every step, so words would not end it: it gets an
  error.
- With a plain address the gateway knows a run by the ids of the tool calls that come back. smolagents sends none, but a
  transcript as text. Nothing then says which requests belong together, and the gateway does not guess it from likeness:
  budgets of strangers would be merged. So each request is a run of its own, and the framework's own limit of 20 steps
  is what ends it. Named in the address, its run is stopped like the others'.
- The Agent Framework lets the provider keep the history, and the scripted provider counts only what it is sent: a real
  one would bill several times these tokens.

![executed calls](runaway.svg)"""


def page(rows: Sequence[Row], machine: Mapping[str, str]) -> str:
    """Return the page: how to read it, the table, the machine."""
    lines = [
        f"# Runaway agents: `{machine['command']}`",
        "",
        HOW_TO_READ,
        "",
        "| framework | how | model calls | executed | tokens | dollars | how it ended |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    lines += [
        f"| {row.framework} | {row.how} | {row.calls} | {row.executed} | {row.tokens:,} | {row.usd:.5f}"
        f" | {_ended(row)} |"
        for row in rows
    ]
    lines += ["", "; ".join(f"{name}: {text}" for name, text in machine.items() if name != "command"), ""]
    return "\n".join(lines)


def _ended(row: Row) -> str:
    said = " ".join(row.said.split()).replace("|", "/")
    if row.ended == "answer":
        return "an answer: " + said[:70] + ("…" if len(said) > 70 else "")
    return f"`{row.ended}`"
