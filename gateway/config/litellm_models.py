"""LiteLLM's `model_list` as upstreams and models; what has no place here is noted with its reason."""

import ipaddress
import re
import urllib.parse
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

Lose = Callable[[str, str], None]
_ENV = re.compile(r"os\.environ/([A-Za-z_][A-Za-z0-9_]{0,127})")


class Provider(NamedTuple):
    """How LiteLLM's provider is reached from here; an empty address must be given by `api_base`."""

    kind: str
    base_url: str
    secret: str
    suffix: str = ""


_COMPATIBLE = "openai_compatible"
PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider("openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    "text-completion-openai": Provider("openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    "anthropic": Provider("anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", "/v1"),
    "azure": Provider("azure", "", "AZURE_API_KEY", "/openai/v1"),
    "hosted_vllm": Provider(_COMPATIBLE, "", ""),
    "vllm": Provider(_COMPATIBLE, "", ""),
    "openai_like": Provider(_COMPATIBLE, "", ""),
    "lm_studio": Provider(_COMPATIBLE, "", ""),
    "llamafile": Provider(_COMPATIBLE, "", ""),
    "ollama": Provider(_COMPATIBLE, "http://127.0.0.1:11434/v1", "", "/v1"),
    "ollama_chat": Provider(_COMPATIBLE, "http://127.0.0.1:11434/v1", "", "/v1"),
    "gemini": Provider(_COMPATIBLE, "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"),
    "groq": Provider(_COMPATIBLE, "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "mistral": Provider(_COMPATIBLE, "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "deepseek": Provider(_COMPATIBLE, "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "openrouter": Provider(_COMPATIBLE, "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "together_ai": Provider(_COMPATIBLE, "https://api.together.xyz/v1", "TOGETHERAI_API_KEY"),
    "fireworks_ai": Provider(_COMPATIBLE, "https://api.fireworks.ai/inference/v1", "FIREWORKS_AI_API_KEY"),
    "xai": Provider(_COMPATIBLE, "https://api.x.ai/v1", "XAI_API_KEY"),
    "cerebras": Provider(_COMPATIBLE, "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
}
_PRICES = {
    "input_cost_per_token": "input_usd_per_million",
    "output_cost_per_token": "output_usd_per_million",
    "cache_read_input_token_cost": "cached_input_usd_per_million",
    "cache_creation_input_token_cost": "cache_write_usd_per_million",
}
_REASONS = {
    "rpm": "rates are a key's here, not a deployment's: profiles[].rates.requests_per_minute",
    "tpm": "rates are a key's here, not a deployment's: profiles[].rates.tokens_per_minute",
    "weight": "targets are tried in their order",
    "order": "targets are tried in the order of the file",
    "max_tokens": "a client's own maximum counts; a ceiling is profiles[].call.output_tokens_max",
    "api_version": "Azure's /openai/v1 needs none",
    "base_model": "set models[].price if the deployment's name is not the model's",
    "stream_timeout": "streams end by upstreams[].timeouts.idle_s and bounds.stream_s_max",
    "mode": "a model is served at every route that its upstream speaks",
    "id": "targets have no ids of their own",
}
_REQUEST = "requests go on as clients write them; nothing is added"


class Models:
    """Collects upstreams and models from deployments, one by one."""

    def __init__(self, environ: Mapping[str, str], lose: Lose) -> None:
        self._environ = environ
        self._lose = lose
        self.upstreams: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.models: dict[str, dict[str, Any]] = {}

    def add(self, place: str, entry: Any) -> None:
        """Take one entry of `model_list`."""
        params = entry.get("litellm_params") if isinstance(entry, dict) else None
        name = entry.get("model_name") if isinstance(entry, dict) else None
        if not isinstance(params, dict) or not isinstance(params.get("model"), str) or not isinstance(name, str):
            self._lose(place, "has no model_name or no litellm_params.model")
            return
        if "*" in name or not re.fullmatch(r"[!-~]{1,256}", name):
            self._lose(f"{place}.model_name", "each model is named here: no wildcard, no space")
            return
        upstream, model = self._upstream(f"{place}.litellm_params", params)
        if upstream is None:
            return
        info = entry.get("model_info") if isinstance(entry.get("model_info"), dict) else {}
        target: dict[str, Any] = {"upstream": upstream["name"], "model": model}
        if capability := self._capability(info):
            target["capability"] = capability
        known = self.models.setdefault(name, {"name": name, "targets": []})
        if known["targets"]:
            self._lose(place, f"another deployment of {name}: they are tried in order here, not balanced")
        known["targets"].append(target)
        self._price(place, known, {**info, **params})
        retries = params.get("max_retries", params.get("num_retries"))
        if isinstance(retries, int) and 0 <= retries <= 9:  # noqa: PLR2004 - as far as attempts_max goes
            known["retries"] = {"attempts_max": retries + 1}
        self._rest(place, params, info)

    def _upstream(self, place: str, params: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
        prefix, slash, model = params["model"].partition("/")
        if not slash or prefix not in PROVIDERS:
            guessed = _guess(params["model"])
            if guessed is None and slash and "custom_llm_provider" not in params:
                self._lose(f"{place}.model", f"provider {prefix[:64]!r} does not speak OpenAI's or Anthropic's dialect")
                return None, ""
            prefix, model = str(params.get("custom_llm_provider") or guessed or "openai_like"), params["model"]
        provider = PROVIDERS.get(prefix)
        if provider is None:
            self._lose(f"{place}.custom_llm_provider", "this provider is not known here")
            return None, ""
        base_url = self._base_url(place, provider, params.get("api_base") or params.get("base_url"))
        if base_url is None:
            return None, ""
        kind = provider.kind
        if kind == "openai" and base_url != provider.base_url:
            kind = _COMPATIBLE
        secret = self._secret(place, provider, params.get("api_key"))
        timeout = params.get("timeout")
        total_s = timeout if isinstance(timeout, int | float) and 0 < timeout <= 86_400 else None  # noqa: PLR2004 - a day
        key = (kind, base_url, secret, total_s)
        if key not in self.upstreams:
            self.upstreams[key] = self._made(prefix.replace("text-completion-", ""), kind, base_url, secret, total_s)
        return self.upstreams[key], model

    def _made(self, prefix: str, kind: str, base_url: str, secret: str, total_s: float | None) -> dict[str, Any]:
        taken = {upstream["name"] for upstream in self.upstreams.values()}
        name, number = prefix, 1
        while name in taken:
            number += 1
            name = f"{prefix}-{number}"
        made: dict[str, Any] = {"name": name, "kind": kind, "base_url": base_url}
        if secret:
            made["api_key"] = secret
        if _is_private(base_url):
            made["private_addresses"] = True
        if total_s is not None:
            made["timeouts"] = {"total_s": total_s, "first_byte_s": min(total_s, 3_600), "connect_s": min(total_s, 5)}
        return made

    def _base_url(self, place: str, provider: Provider, given: Any) -> str | None:
        if isinstance(given, str) and (match := _ENV.fullmatch(given)):
            named = self._environ.get(match[1])
            if named is None:
                self._lose(f"{place}.api_base", f"addresses stand in the file here, and {match[1]} is not set now")
                return None
            given = named
        if not given:
            if not provider.base_url:
                self._lose(place, "has no api_base, and this provider has no address of its own")
            return provider.base_url or None
        url = str(given).rstrip("/")
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
            self._lose(f"{place}.api_base", "is no plain address")
            return None
        return url if not provider.suffix or url.endswith(provider.suffix) else url + provider.suffix

    def _secret(self, place: str, provider: Provider, given: Any) -> str:
        if isinstance(given, str) and (match := _ENV.fullmatch(given)):
            return f"env/{match[1]}"
        if given and provider.secret:
            self._lose(f"{place}.api_key", f"a key does not stand in the file: put it into {provider.secret}")
        elif given:
            self._lose(f"{place}.api_key", "a key does not stand in the file: set upstreams[].api_key to env/NAME")
        return f"env/{provider.secret}" if provider.secret else ""

    @staticmethod
    def _capability(info: Mapping[str, Any]) -> dict[str, int]:
        said = {
            "output_tokens_max": info.get("max_output_tokens", info.get("max_tokens")),
            "input_tokens_max": info.get("max_input_tokens"),
        }
        return {name: value for name, value in said.items() if type(value) is int and value > 0}

    def _price(self, place: str, model: dict[str, Any], given: Mapping[str, Any]) -> None:
        price = {ours: _per_million(given[theirs]) for theirs, ours in _PRICES.items() if given.get(theirs) is not None}
        if not price:
            return
        if None in price.values() or not {"input_usd_per_million", "output_usd_per_million"} <= price.keys():
            self._lose(place, "its price is not whole: input and output, at most six places per million tokens")
        elif model.setdefault("price", price) != price:
            self._lose(place, f"a second price for {model['name']}; the first is kept")

    def _rest(self, place: str, params: Mapping[str, Any], info: Mapping[str, Any]) -> None:
        carried = {"model", "api_key", "api_base", "base_url", "timeout", "max_retries", "num_retries", *_PRICES}
        for name in params.keys() - carried - {"custom_llm_provider"}:
            self._lose(f"{place}.litellm_params.{name}", _REASONS.get(name, _REQUEST))
        for name in info.keys() - {*_PRICES, "max_output_tokens", "max_tokens", "max_input_tokens"}:
            self._lose(f"{place}.model_info.{name}", _REASONS.get(name, "has no place here"))


def _guess(model: str) -> str | None:
    if re.match(r"(gpt-|o[134](-|$)|chatgpt|text-embedding-|ft:gpt)", model):
        return "openai"
    return "anthropic" if model.startswith("claude") else None


def _is_private(base_url: str) -> bool:
    parts = urllib.parse.urlsplit(base_url)
    try:
        return parts.scheme == "http" or ipaddress.ip_address(parts.hostname or "").is_private
    except ValueError:
        return False


def _per_million(cost: Any) -> str | None:
    try:
        price = Decimal(str(cost)) * 1_000_000
    except InvalidOperation:
        return None
    if not price.is_finite() or price < 0 or price != round(price, 6):
        return None
    return format(price.normalize(), "f")
