"""`python -m agents`: run an agent with live progress, resume, approve, replay, work off a queue."""

import asyncio
import contextlib
import json
import signal
from pathlib import Path
from typing import Any

import click
from redis.exceptions import RedisError

from . import reference
from .agent import approve as decide
from .budget import Budget
from .endings import Refused
from .gateway import Gateway
from .place import open_log, open_queue
from .progress import Progress, account
from .replay import replay as compare
from .result import Result
from .run import Run
from .runner import LOG_NAME, Answers, Runner
from .worker import AT_ONCE, GRACE_S, Worker

EXPECTED = (ValueError, KeyError, OSError, RedisError, Refused)
_FILE = click.Path(path_type=Path, dir_okay=False)
_log = click.option(
    "--log",
    default=LOG_NAME,
    envvar="TOLLHOUSE_AGENTS_LOG",
    show_default=True,
    help="Where runs and their queue are kept: a file, or redis://HOST:PORT/N.",
)
_url = click.option("--url", envvar="OPENAI_BASE_URL", help="The gateway; else $OPENAI_BASE_URL.")
_key = click.option("--key", envvar="OPENAI_API_KEY", help="Its key; else $OPENAI_API_KEY.")
_tools = click.option("--tools", type=_FILE, help="A file whose functions are the tools.")
_model = click.option("--model", envvar="MODEL", default="gpt-4o-mini", show_default=True)
_usd = click.option("--usd", help="Most dollars, as in 0.10.")
_tokens = click.option("--tokens", type=int, help="Most tokens, in and out.")
_steps = click.option("--steps", type=int, help="Most model calls.")
_seconds = click.option("--seconds", type=int, help="Most seconds.")


class Sentences(click.Group):
    """A group that tells expected errors as sentences."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            told = error.args[0] if isinstance(error, KeyError) else error
            raise click.ClickException(str(told)) from error


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Run agents behind the gateway. Exit codes: 0 completed, 1 not completed, 2 wrong usage, 3 waits for a person."""


@main.command()
@click.argument("pattern")
@click.argument("task")
@_tools
@_model
@click.option("--instructions", default="", help="What the model is told first.")
@_usd
@_tokens
@_steps
@_seconds
@_log
@_url
@_key
def run(pattern: str, task: str, tools: Path | None, model: str, instructions: str, **options: Any) -> None:
    """Run TASK by PATTERN (react, plan-execute, reflect, single-pass, escalate) or by an agent, FILE.py:NAME."""
    ref = reference.named(pattern, tools=tools, model=model, instructions=instructions)
    agent = ref.agent()
    budget = Budget(**{name: options[name] for name in ("usd", "tokens", "steps", "seconds")})

    async def opened(runner: Runner) -> Run:
        return await runner.open(agent, task, budget, ref=ref.text())

    _end(asyncio.run(_followed(options, opened)))


@main.command()
@click.argument("run_id")
@click.option("--yes", multiple=True, help="Answer yes to what waits under this id.")
@click.option("--no", multiple=True, help="Answer no.")
@click.option("--choose", multiple=True, metavar="ID=OPTION", help="Answer a choice.")
@_log
@_url
@_key
def resume(run_id: str, yes: tuple[str, ...], no: tuple[str, ...], choose: tuple[str, ...], **options: Any) -> None:
    """Go on with a run that waits, or whose process ended; nothing done is done again."""
    answers: Answers = {
        **dict.fromkeys(yes, True),
        **dict.fromkeys(no, False),
        **dict(each.split("=", 1) for each in choose),
    }
    with open_log(options["log"]) as log:
        events = log.events(run_id)
    if not events:
        raise KeyError(f"no run {run_id} in {log.name}")
    if not events[0].body["ref"]:
        raise ValueError("this run was begun by a program; resume it there, with agent.resume(run_id)")
    agent = reference.read(events[0].body["ref"]).agent()

    async def resumed(runner: Runner) -> Run:
        return await runner.resume(agent, run_id, answers)

    _end(asyncio.run(_followed(options, resumed)))


async def _followed(options: dict[str, Any], begin: Any) -> Result:
    """Drive a run and print its progress; SIGINT and SIGTERM end it as cancelled, with its account."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with open_log(options["log"]) as log:
        async with Runner(Gateway(options["url"], options["key"]), log) as runner:
            run: Run = await begin(runner)
            following = asyncio.ensure_future(_print(runner, run))
            stopping = asyncio.ensure_future(stop.wait())
            await asyncio.wait({following, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in (following, stopping):
                task.cancel()
            await asyncio.wait({following, stopping})
            if not following.cancelled():
                following.result()
            return run.state.result(run.id)


async def _print(runner: Runner, run: Run) -> None:
    """Drive a run by following it, a line an event; one that is gone on with tells its last event again."""
    progress = Progress()
    before = len(run.state.events) if run.state.status is None else 0
    async with contextlib.aclosing(runner.stream(run, after=before - 1 if before else 0)) as events:
        async for event in events:
            line = progress.line(event)
            if line is not None:
                click.echo(line, err=True)


def _end(result: Result) -> None:
    for line in account(result):
        click.echo(line, err=True)
    if result.status == "waiting":
        click.echo(f"then: python -m agents resume {result.run_id} --yes ID (or --no ID)", err=True)
    click.echo(result.output if result.status == "completed" else result.partial)
    raise SystemExit({"completed": 0, "waiting": 3}.get(result.status, 1))


@main.command()
@click.argument("approval_id")
@click.option("--deny", is_flag=True, help="Refuse it.")
@_url
@_key
def approve(approval_id: str, url: str | None, key: str | None, *, deny: bool) -> None:
    """Decide what the gateway asks for; the key must be an approver's, not the requester's."""
    click.echo(json.dumps(decide(approval_id, key=key or "", approved=not deny, url=url)))


@main.command()
@click.argument("run_id")
@click.option("--book", type=_FILE, required=True, help="What `tollhouse audit export --run RUN_ID` wrote.")
@_log
def replay(run_id: str, book: Path, log: str) -> None:
    """Find the first place where a run's log and the gateway's book differ; exit code 1 if there is one."""
    with open_log(log) as opened:
        found = compare(book, run_id, log=opened)
    if found is None:
        click.echo("log and book agree")
        return
    raise click.ClickException(f"event {found.seq}: {found.what}: the log says {found.log!r}, the book {found.book!r}")


@main.command()
@_log
def runs(log: str) -> None:
    """List the runs of a log, the latest first."""
    with open_log(log) as opened:
        for run_id, _, kind in opened.runs():
            click.echo(f"{run_id}  {kind}")


@main.command()
@click.argument("pattern")
@click.argument("task")
@_tools
@_model
@_usd
@_tokens
@_steps
@_seconds
@_log
def submit(pattern: str, task: str, tools: Path | None, model: str, log: str, **limits: Any) -> None:
    """Put a run into the queue for workers; prints its number."""
    ref = reference.named(pattern, tools=tools, model=model)
    ref.agent()
    with contextlib.closing(open_queue(log)) as jobs:
        click.echo(jobs.put(ref.text(), task, Budget(**limits).limits()))


@main.command()
@click.option("--at-once", default=AT_ONCE, show_default=True, help="Runs at the same time.")
@click.option("--grace", "grace_s", default=GRACE_S, show_default=True, help="Seconds for runs to end in.")
@click.option("--until-empty", is_flag=True, help="End when nothing is left to do.")
@_log
@_url
@_key
def worker(log: str, url: str | None, key: str | None, at_once: int, grace_s: float, *, until_empty: bool) -> None:
    """Work off the queue until SIGTERM; start as many as you like on one log."""
    asyncio.run(_work(log, Gateway(url, key), at_once=at_once, grace_s=grace_s, until_empty=until_empty))


async def _work(log: str, gateway: Gateway, *, at_once: int, grace_s: float, until_empty: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with contextlib.closing(open_queue(log)) as jobs, open_log(log) as kept:
        async with Runner(gateway, kept, leave=True) as runner:
            made = Worker(
                runner,
                jobs,
                at_once=at_once,
                grace_s=grace_s,
                told=lambda job, result: click.echo(f"job {job.id}  run {result.get('run', '')}  {result['status']}"),
            )
            click.echo(f"worker {made.name}: {kept.name}", err=True)
            await made.work(stop, until_empty=until_empty)


if __name__ == "__main__":
    main(prog_name="agents")
