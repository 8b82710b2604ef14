"""`python -m bench.patterns.throughput`: runs a minute, of two steps and a tool call each, by workers on one queue."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from agents.jobs import Jobs
from agents.reference import Reference
from bench.patterns.site import site

_TOOLS = 'def note(text: str) -> str:\n    "Note."\n    return text\n'
_SCRIPT = {
    "rules": [
        {"replies": [{"text": "look", "tool_calls": [{"name": "note", "arguments": {"text": "a"}}]}, {"text": "done"}]}
    ]
}


@click.command()
@click.option("--runs", default=300, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Processes.")
def main(runs: int, workers: int) -> None:
    """Queue the runs, start the workers, wait until all is done."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tools.py").write_text(_TOOLS)
        with site(folder, _SCRIPT, ["m"]) as (url, key, *_), Jobs(folder / "queue.sqlite") as jobs:
            ref = Reference(tools=str(folder / "tools.py"), model="m").text()
            for number in range(runs):
                jobs.put(ref, f"task {number}", {})
            env = {**os.environ, "OPENAI_BASE_URL": url, "OPENAI_API_KEY": key}
            command = [sys.executable, "-m", "agents", "worker", "--until-empty", "--log", str(folder / "queue.sqlite")]
            began = time.monotonic()
            started = [subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) for _ in range(workers)]
            for process in started:
                process.wait()
            seconds = time.monotonic() - began
            completed = sum((jobs.result(number + 1) or {}).get("status") == "completed" for number in range(runs))
    print(f"{completed} of {runs} runs completed in {seconds:.1f} s by {workers} workers")
    print(f"{completed / seconds * 60:.0f} runs a minute")


if __name__ == "__main__":
    main()
