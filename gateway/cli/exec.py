"""`tollhouse exec -- CMD`: any program as one run, without a change to it.

    open a run ──> CMD with base URLs, the run's key and headers ──> end the run, tell its account

The program gets the run's key and no other key of ours; it ends with the program's exit status (128 + n for signal n).
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

import click

from .asking import ask, speaking

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_FROM_TERMINAL = frozenset({signal.SIGINT, signal.SIGQUIT})
# What would lead the program past the gateway, or give it more than its run's key.
_TAKEN_AWAY = frozenset(
    (
        *("TOLLHOUSE_ADMIN_KEY", "TOLLHOUSE_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
        *("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY"),
    )
)
_CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key"})


@click.command("exec", context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--url", envvar="TOLLHOUSE_URL", default="http://127.0.0.1:4000", show_default=True, help="The gateway.")
@click.option(
    "--key",
    default="env/TOLLHOUSE_KEY",
    show_default=True,
    help="Where the client key is (env/NAME or file/PATH); with a run's key the program is a child of that run.",
)
@click.option("--usd", help='At most so many dollars, as in "0.25".')
@click.option("--tokens", type=click.IntRange(1), help="At most so many tokens.")
@click.option("--steps", type=click.IntRange(1), help="At most so many model calls.")
@click.option("--seconds", type=click.IntRange(1), help="At most so long.")
@click.option("--quiet", is_flag=True, help="Tell no account at the end.")
def exec_(*, command: tuple[str, ...], url: str, key: str, quiet: bool, **limits: str | int | None) -> None:
    """Start a program as one run: base URLs, run key and headers are in its environment.

    Limits can be lowered here, never raised. OpenAI's and Anthropic's SDKs and what is built on them need no change.
    """
    lowered = {name: value for name, value in limits.items() if value is not None}
    with speaking(url, key) as gateway:
        run = ask(gateway, "POST", "/v1/runs", {"limits": lowered})
        began = time.monotonic()
        environ = environment(os.environ, url.rstrip("/"), run["id"], run["key"], source=key)
        status = _run(list(command), environ)
        # Its key ends with it: what the program left behind cannot go on spending.
        try:
            account = told(ask(gateway, "POST", f"/v1/runs/{run['id']}/cancel"))
        except click.ClickException as error:
            account = f"run {run['id']} could not be ended: {error.message}"
    if not quiet:
        click.echo(f"tollhouse: {account}, {time.monotonic() - began:.1f} s, exit status {status}", err=True)
    sys.exit(status)


def environment(environ: Mapping[str, str], url: str, run_id: str, run_key: str, *, source: str = "") -> dict[str, str]:
    """Return a program's environment: what SDKs read, pointed here; `source` is where our own key came from."""
    kept = {name: value for name, value in environ.items() if name not in _TAKEN_AWAY and f"env/{name}" != source}
    headers = [f"x-run-id: {run_id}"]
    if "TRACEPARENT" in environ:
        headers.append(f"traceparent: {environ['TRACEPARENT']}")
    for name in ("OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS"):
        kept[name] = "\n".join([*_harmless(environ.get(name, "")), *headers])
    return {
        **kept,
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_BASE": f"{url}/v1",  # LiteLLM's and older LangChain's name for it
        "OPENAI_API_KEY": run_key,
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": run_key,
        # The Agents SDK would send prompts and answers past the gateway, to OpenAI's own address.
        "OPENAI_AGENTS_DISABLE_TRACING": environ.get("OPENAI_AGENTS_DISABLE_TRACING", "true"),
        "TOLLHOUSE_URL": url,
        "TOLLHOUSE_KEY": run_key,
        "TOLLHOUSE_RUN_ID": run_id,
    }


def _harmless(headers: str) -> Iterator[str]:
    """Yield the user's own header lines but those that would overrule the run's key or id."""
    for line in headers.splitlines():
        name = line.partition(":")[0].strip().lower()
        if name and name not in _CREDENTIALS | {"x-run-id", "traceparent"}:
            yield line


def told(account: Mapping[str, Any]) -> str:
    """Return a run's account in words."""
    used, limits = account["used"], account["limits"]
    said = []
    for name, form in (("steps", "{:,} steps"), ("tokens", "{:,} tokens"), ("usd", "${}")):
        amount = used.get(name, 0)
        if name in limits:
            said.append(f"{form.format(amount).removesuffix(name).strip()} of {form.format(limits[name])}")
        else:
            said.append(form.format(amount))
    return f"run {account['id']}: {', '.join(said)}"


def _run(command: list[str], environ: dict[str, str]) -> int:
    """Run a program to its end, passing signals on; return its exit status."""
    early: list[int] = []
    started: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        if not started:
            early.append(number)
        elif number not in _FROM_TERMINAL or not _in_foreground():
            started[0].send_signal(number)  # a terminal has told the program already

    with _listening(pass_on):
        try:
            process = subprocess.Popen(command, env=environ)  # noqa: S603 - the user's own command
        except FileNotFoundError:
            click.echo(f"tollhouse: {command[0]}: not found", err=True)
            return _NOT_FOUND
        except OSError as error:
            click.echo(f"tollhouse: {command[0]}: {error.strerror}", err=True)
            return _NOT_EXECUTABLE
        started.append(process)
        for number in early:
            process.send_signal(number)
        status = process.wait()
    return status if status >= 0 else 128 - status


@contextlib.contextmanager
def _listening(pass_on: Any) -> Iterator[None]:
    """Take signals while entered; those that were ignored (nohup) stay so."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, was in before.items():
        if was is not signal.SIG_IGN:
            signal.signal(number, pass_on)
    try:
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False  # no terminal
