"""LiteLLM's proxy, in an environment of its own: as it comes, and with its content filter masking the letter's data."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from bench.overhead.targets.target import Launch, Masks
from bench.overhead.workloads import MODELS
from tests.clients.environments import environment

_PEERS = Path(__file__).parents[1] / "peers"
_KEY = "sk-bench-0123456789abcdefghijklmnopqrstuvwxyz"  # for this benchmark's own proxy on loopback only
_PATTERNS = ("email", "us_phone", "visa")
_IBAN = r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"  # its own pattern knows none written in groups


class LiteLLM:
    """One worker, no database. With ``filtered`` personal data is masked on its way out, and not restored."""

    def __init__(self, *, filtered: bool) -> None:
        self.name = "LiteLLM, content filter" if filtered else "LiteLLM"
        self._filtered = filtered

    def missing(self) -> str | None:
        """Nothing: it is installed from the registry when it is first asked for."""
        return None

    @contextmanager
    def prepared(self, folder: Path, port: int, upstream_port: int) -> Iterator[Launch]:
        """Write its configuration."""
        base = f"http://127.0.0.1:{upstream_port}/v1"
        tree: dict[str, object] = {
            "model_list": [
                {
                    "model_name": model,
                    "litellm_params": {"model": f"openai/{model}", "api_base": base, "api_key": "none"},
                }
                for model in MODELS
            ],
            "general_settings": {"master_key": _KEY},
            "litellm_settings": {"telemetry": False},
        }
        if self._filtered:
            patterns = [{"pattern_type": "prebuilt", "pattern_name": name, "action": "MASK"} for name in _PATTERNS]
            patterns.append({"pattern_type": "regex", "name": "iban", "pattern": _IBAN, "action": "MASK"})
            hook = {"guardrail": "litellm_content_filter", "mode": "pre_call", "default_on": True, "patterns": patterns}
            tree["guardrails"] = [{"guardrail_name": "filter", "litellm_params": hook}]
        path = folder / "config.yaml"
        path.write_text(yaml.safe_dump(tree))
        program = environment("litellm", _PEERS).with_name("litellm")
        options = [
            "--config",
            str(path),
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--num_workers",
            "1",
            "--keepalive_timeout",
            "120",
        ]
        env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "DISABLE_ADMIN_UI": "True"}
        masks: Masks = "out" if self._filtered else "no"
        yield Launch([str(program), *options], cwd=folder, ready="/health/liveliness", env=env, key=_KEY, masks=masks)
