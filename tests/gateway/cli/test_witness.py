"""`tollhouse witness`: a separate process that makes its own key, cosigns, and stops on a signal."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from audit.book import Book
from audit.keys import create_signing_key
from audit.reader import Reader
from audit.witness import addition


def test_a_witness_process_cosigns_and_keeps_its_key_over_a_restart(tmp_path: Path) -> None:
    signer = create_signing_key(tmp_path / "signing.key", "example.com/log")
    with Book.open(tmp_path / "book.sqlite", signer=signer) as book:
        book.append_now({"kind": "intent"}, tenant="a")
    with Reader.open(tmp_path / "book.sqlite") as reader:
        request = addition(reader, 0).encode()
    keys = []
    for status in (200, 409):
        command = [sys.executable, "-m", "gateway", "witness", "--folder", str(tmp_path / "w"), "--port", "0"]
        command += ["--log", str(tmp_path / "signing.key.pub"), "--name", "witness/w1"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
            assert process.stdout is not None
            said = [process.stdout.readline(), process.stdout.readline()]
            keys.append(said[0])
            found = re.search(r"http://\S+", said[1])
            assert found, json.dumps(said)
            assert httpx.post(f"{found[0]}/add-checkpoint", content=request).status_code == status
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) in (0, -signal.SIGTERM)
    assert keys[0] == keys[1]
    assert keys[0].startswith("witness_key: witness/w1+")
