"""`tollhouse serve`: a real process, a real signal."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.gateway.cli.commands import Commands
from tests.gateway.shared import SHARED
from tests.servers.live import Redis
from tests.tree.source import ROOT


def test_the_gateway_serves_takes_commands_and_ends_with_0_at_a_signal(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    command = [sys.executable, "-m", "gateway", "serve", "--port", "0", "--config", str(commands.path)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environ, cwd=tmp_path) as process:
        assert process.stderr is not None
        said = ""
        while "serves at" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        address = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert address is not None
        assert "warning: master_key" in said
        token = re.search(r"sk-th-\S+", said)
        assert token is not None
        asked = httpx.get(f"{address.group()}/admin/tenants", headers={"authorization": f"Bearer {token.group()}"})
        assert asked.status_code == 200
        assert httpx.get(f"{address.group()}/readyz").json()["status"] == "ok"
        commands.run("tenants", "create", "globex")
        second = commands.run("serve", "--port", "0", code=1)
        assert f"pid {process.pid}" in second.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not (tmp_path / "tollhouse-data" / "admin.sock").exists()
    assert "globex" in commands.run("tenants", "list").stdout


def test_a_node_of_a_redis_cluster_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.path.write_text(f"{commands.path.read_text()}\n{SHARED}\n")
    commands.environ["TOLLHOUSE_POSTGRES"] = "postgresql://nobody@127.0.0.1:1/none"
    with Redis(cluster=True) as redis:
        commands.environ["TOLLHOUSE_REDIS"] = redis.url
        refused = commands.run("serve", "--port", "0", code=1)
    assert "node of a cluster, whose redirections are not followed" in refused.stderr
