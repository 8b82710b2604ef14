import signal
import subprocess
import sys
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[3]


def test_the_command_prints_its_url_plays_its_script_and_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    play = tmp_path / "play.yaml"
    play.write_text("steps: [{text: from the file}]", encoding="utf-8")
    command = [sys.executable, "-m", "agents.scripted", "--port", "0", "--script", str(play)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        got = httpx.post(f"{url}/v1/chat/completions", json=body).json()
        assert got["choices"][0]["message"]["content"] == "from the file"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=10) == ("", "")
        assert process.returncode == 0


def test_a_bad_script_is_one_sentence(tmp_path: Path) -> None:
    play = tmp_path / "play.yaml"
    play.write_text("stepz: []", encoding="utf-8")
    command = [sys.executable, "-m", "agents.scripted", "--script", str(play)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "stepz" in done.stderr
    assert "Traceback" not in done.stderr
