"""A LiteLLM proxy's configuration as ours, and for each part that could not be carried over: its place and why.

Nothing is lost silently: what is not read is told. No secret is copied; values of the file are never quoted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .litellm_models import Models

_KINDS = {
    "CREDIT_CARD": "card",
    "CRYPTO": "wallet",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "MAC_ADDRESS": "mac",
    "PHONE_NUMBER": "phone",
    "US_DRIVER_LICENSE": "licence",
    "US_ITIN": "tax_id",
    "US_PASSPORT": "passport",
    "US_SSN": "ssn",
}
_SIDES = {"pre_call": "request", "during_call": "request", "post_call": "reply", "logging_only": "request"}
_REASONS = {
    "general_settings.master_key": "the first start makes an admin key; clients' keys: tollhouse keys create",
    "general_settings.database_url": "keys, teams and budgets of its database: tollhouse tenants and keys create",
    "general_settings.alerting": "watch /metrics",
    "general_settings.max_parallel_requests": "calls at once are a profile's here: profiles[].rates.concurrency",
    "general_settings.global_max_parallel_requests": "calls at once in all: bounds.calls_max",
    "litellm_settings.max_budget": "a tenant's cap: tollhouse tenants create NAME --cap usd=100/month",
    "litellm_settings.budget_duration": "a tenant's cap: tollhouse tenants create NAME --cap usd=100/month",
    "litellm_settings.callbacks": "spans go to traces.endpoint, numbers to /metrics, records to the book",
    "litellm_settings.success_callback": "spans go to traces.endpoint, numbers to /metrics, records to the book",
    "litellm_settings.failure_callback": "spans go to traces.endpoint, numbers to /metrics, records to the book",
    "litellm_settings.drop_params": "no member of a request is dropped",
    "litellm_settings.context_window_fallbacks": "a fallback answers failures only; too long a request is refused",
    "litellm_settings.content_policy_fallbacks": "a fallback answers failures only; a refusal is an answer",
    "router_settings.context_window_fallbacks": "a fallback answers failures only; too long a request is refused",
    "router_settings.content_policy_fallbacks": "a fallback answers failures only; a refusal is an answer",
    "router_settings.routing_strategy": "targets are tried in their order",
    "router_settings.redis_host": "one process needs none; several share theirs: shared.redis and shared.postgres",
    "environment_variables": "set them in the gateway's own environment",
    "include": "files that it includes were not read: import them too",
}
_READ = {
    "general_settings": frozenset[str](),
    "litellm_settings": frozenset({"fallbacks", "default_fallbacks", "num_retries", "request_timeout", "cache_params"}),
    "router_settings": frozenset(
        {"fallbacks", "default_fallbacks", "num_retries", "timeout", "allowed_fails", "cooldown_time"}
    )
    | {"model_group_alias"},
}


@dataclass(slots=True)
class Imported:
    """Our configuration as a tree, and what could not be carried over: place in their file → why."""

    tree: dict[str, Any]
    lost: dict[str, str] = field(default_factory=dict)

    def lose(self, place: str, why: str) -> None:
        """Note what has no place here."""
        self.lost.setdefault(place, why)


def imported(tree: Mapping[str, Any], environ: Mapping[str, str]) -> Imported:
    """Translate a decoded `config.yaml`; `environ` is asked for addresses only, never for a secret."""
    result = Imported({})
    models = Models(environ, result.lose)
    for at, entry in enumerate(_list(tree.get("model_list"))):
        models.add(f"model_list[{at}]", entry)
    router, library = _mapping(tree.get("router_settings")), _mapping(tree.get("litellm_settings"))
    _aliases(models, router, result)
    for place, part in (("litellm_settings", library), ("router_settings", router)):
        _fallbacks(models, place, part, result)
        _patience(models, part)
    profile: dict[str, Any] = {}
    _cache(profile, library, result)
    _guardrails(profile, _list(tree.get("guardrails")), result)
    result.tree = {"upstreams": list(models.upstreams.values()), "models": list(models.models.values())}
    if profile:
        result.tree["profiles"] = [{"name": "default", **profile}]
    for name, read in _READ.items():
        for member in _mapping(tree.get(name)).keys() - read:
            result.lose(f"{name}.{member}", _REASONS.get(f"{name}.{member}", "has no place here"))
    for name in tree.keys() - {"model_list", "guardrails", *_READ}:
        result.lose(str(name), _REASONS.get(str(name), "has no place here"))
    return result


def _aliases(models: Models, router: Mapping[str, Any], result: Imported) -> None:
    for alias, meant in _mapping(router.get("model_group_alias")).items():
        name = meant.get("model") if isinstance(meant, dict) else meant
        if isinstance(name, str) and name in models.models and alias not in models.models:
            models.models[alias] = {**models.models[name], "name": alias}
        else:
            result.lose(f"router_settings.model_group_alias.{alias}", "its model was not carried over")


def _fallbacks(models: Models, place: str, part: Mapping[str, Any], result: Imported) -> None:
    wanted: dict[str, list[Any]] = {}
    for entry in _list(part.get("fallbacks")):
        wanted |= {name: _list(others) for name, others in _mapping(entry).items()}
    default = _list(part.get("default_fallbacks"))
    if default:
        wanted = {**{name: [each for each in default if each != name] for name in models.models}, **wanted}
    for name, others in wanted.items():
        known = [other for other in others if isinstance(other, str) and other in models.models and other != name]
        if name not in models.models or len(known) < len(others):
            result.lose(f"{place}.fallbacks.{name}", "it or one of its fallbacks was not carried over")
        if name in models.models and known:
            models.models[name]["fallbacks"] = known


def _patience(models: Models, part: Mapping[str, Any]) -> None:
    """Carry retries, timeouts and cooldowns over to every model and upstream that has none of its own."""
    retries = part.get("num_retries")
    if type(retries) is int and 0 <= retries <= 9:  # noqa: PLR2004 - as far as attempts_max goes
        for model in models.models.values():
            model.setdefault("retries", {"attempts_max": retries + 1})
    timeout = part.get("timeout", part.get("request_timeout"))
    breaker: dict[str, Any] = {}
    if type(part.get("allowed_fails")) is int:
        breaker["failures_max"] = max(1, min(10_000, part["allowed_fails"] + 1))
    if isinstance(part.get("cooldown_time"), int | float) and 0 < part["cooldown_time"] <= 300:  # noqa: PLR2004 - open_s_max
        breaker["open_s"] = part["cooldown_time"]
    for upstream in models.upstreams.values():
        if isinstance(timeout, int | float) and 0 < timeout <= 86_400:  # noqa: PLR2004 - a day
            times = {"total_s": timeout, "first_byte_s": min(timeout, 3_600), "connect_s": min(timeout, 5)}
            upstream.setdefault("timeouts", times)
        if breaker:
            upstream["breaker"] = breaker


def _cache(profile: dict[str, Any], library: Mapping[str, Any], result: Imported) -> None:
    ttl_s = _mapping(library.get("cache_params")).get("ttl")
    if isinstance(ttl_s, int | float) and 0 < ttl_s <= 2_592_000:  # noqa: PLR2004 - thirty days
        profile["cache"] = {"ttl_s": ttl_s}
    rest = _mapping(library.get("cache_params")).keys() - {"ttl"}
    if rest:
        result.lose("litellm_settings.cache_params", "equal calls are answered from memory: only ttl has a place")


def _guardrails(profile: dict[str, Any], guardrails: list[Any], result: Imported) -> None:
    guards: dict[str, dict[str, str]] = {}
    for at, entry in enumerate(guardrails):
        place = f"guardrails[{at}]"
        params = _mapping(_mapping(entry).get("litellm_params"))
        modes = params.get("mode", "pre_call")
        sides = [mode for mode in (modes if isinstance(modes, list) else [modes]) if isinstance(mode, str)]
        for mode in sides:
            if mode not in _SIDES:
                result.lose(f"{place}.litellm_params.mode", "this moment of a call has no guard here")
            elif mode == "during_call":
                result.lose(f"{place}.litellm_params.mode", "checked before the call is sent, not beside it")
        kinds = _kinds(place, params, result)
        if kinds and not params.get("default_on"):
            result.lose(f"{place}.litellm_params.default_on", "it was on by request; here it is on in profile default")
        for mode in sides:
            side = _SIDES.get(mode)
            if side is not None and kinds:
                guards.setdefault(side, {}).update({kind: _action(does, side, mode) for kind, does in kinds.items()})
    if guards:
        profile["guards"] = guards


def _kinds(place: str, params: Mapping[str, Any], result: Imported) -> dict[str, str]:
    """Return what a guardrail does with which kinds."""
    name = params.get("guardrail")
    if name == "hide-secrets":
        return {"secret": "mask"}
    if name != "presidio":
        result.lose(place, "this guardrail is another program's; guards.plugins may hold one")
        return {}
    masked = "tokenize" if params.get("output_parse_pii") else "mask"
    found = {}
    for entity, does in _mapping(params.get("pii_entities_config")).items():
        if entity in _KINDS and does in ("MASK", "BLOCK"):
            found[_KINDS[entity]] = "block" if does == "BLOCK" else masked
        else:
            result.lose(f"{place}.litellm_params.pii_entities_config.{entity}", "this kind is not found here")
    if not found:
        result.lose(place, "names no kinds that are found here; the built-in guards stand as they are")
    return found


def _action(does: str, side: str, mode: str) -> str:
    if mode == "logging_only":
        return "observe"
    return "mask" if side == "reply" and does == "tokenize" else does


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
