"""What Guard does with a tool call that passes by itself: its arguments on the way down, its result on the way up."""

from collections.abc import Mapping

from ..call import Call, Request, ToolCall
from ..dialects.strict import decode
from ..guards import Finding, Policy, Redactor, Vault
from ..guards.arguments import restore_arguments
from ..guards.json_text import redact_json, redacted
from ..guards.policy import KINDS, Direction


def released_request(
    call: Call, clear: Request, executes: ToolCall, *, redactor: Redactor, policy: Policy, vault: Vault
) -> tuple[Request, list[Finding]]:
    """Return a tool call as the tool gets it: values only in the arguments that the configuration names."""
    names = frozenset(call.model.settings.restore)
    hosts = call.profile.allow_restore_hosts
    forms = restore_arguments(executes.arguments, vault, mode="named", names=names, hosts=hosts)
    released, findings = redact_json(redactor, forms.released, policy, vault, "tool_arguments")
    if released == executes.arguments:
        return clear, findings
    return clear.with_members({"arguments": decode(released.encode())}), findings


def released_result(
    call: Call, text: str, *, redactor: Redactor, policy: Policy, vault: Vault
) -> tuple[str, list[Finding]]:
    """Return a tool's result, which is untrusted, as its caller gets it.

    Outside a declared run no placeholder could ever be restored: then `tokenize` only observes, and the value is
    tokenized when the result goes to a model.
    """
    policy = policy if call.run is not None else observing(policy)
    return redacted(redactor, text, policy, vault, "tool_result")


def observing(policy: Policy) -> Policy:
    """Return a policy that only observes in tools' results what this one tokenizes there."""
    rules: Mapping[str, Mapping[Direction, str]] = {
        kind: {**policy.rules.get(kind, {}), "tool_result": "observe"}
        for kind, action in policy.actions["tool_result"].items()
        if action == "tokenize"
    }
    return Policy({**policy.rules, **rules}) if rules else policy  # type: ignore[dict-item]


def masked(arguments: str) -> str:
    """Return arguments with all that guards find masked: for people who decide, and for webhooks."""
    return redacted(Redactor(), arguments, _MASKING, Vault(), "tool_arguments")[0]


_MASKING = Policy({kind: {"tool_arguments": "mask"} for kind in KINDS})
