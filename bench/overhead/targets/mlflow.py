"""MLflow's gateway, in an environment of its own, as its documentation starts it: one worker, no tracking server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from bench.overhead.targets.target import Launch
from bench.overhead.workloads import MODELS
from tests.clients.environments import environment

_PEERS = Path(__file__).parents[1] / "peers"


class MLflow:
    """It passes on and checks the shape of requests; it masks nothing."""

    name = "MLflow gateway"

    def missing(self) -> str | None:
        """Nothing: it is installed from the registry when it is first asked for."""
        return None

    @contextmanager
    def prepared(self, folder: Path, port: int, upstream_port: int) -> Iterator[Launch]:
        """Write its configuration: an endpoint for each model."""
        known = {"openai_api_key": "none", "openai_api_base": f"http://127.0.0.1:{upstream_port}/v1"}
        endpoints = [
            {
                "name": model,
                "endpoint_type": "llm/v1/chat",
                "model": {"provider": "openai", "name": model, "config": dict(known)},
            }
            for model in MODELS
        ]
        path = folder / "gateway.yaml"
        path.write_text(yaml.safe_dump({"endpoints": endpoints}))
        program = environment("mlflow", _PEERS).with_name("mlflow")
        command = [str(program), "gateway", "start", "--config-path", str(path), "--port", str(port), "--workers", "1"]
        env = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        yield Launch(
            command, cwd=folder, ready="/health", env=env, done=False, lacks="its streams end without `[DONE]`"
        )
